"""The house writer: a small model with an adapter that was trained for one task, headlines for one reader."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from feedsmith.errors import ConfigurationError
from feedsmith.writing.base import Draft, Prompt
from feedsmith.writing.house import END, house_prompt
from feedsmith.writing.writers import chat
from feedsmith.writing.writers.gguf import GgufWriter

SAMPLES = 7
TEMPERATURE = 0.5
TOP_P = 0.95
_HEADLINE_TOKENS = 32


class HouseWriter(GgufWriter):
    """Writes English headlines with the adapter, everything else with the model as it comes.

    The most likely headline comes first, then samples, those first that agree most with the others (minimum Bayes risk;
    Kumar and Byrne, "Minimum Bayes-risk decoding for statistical machine translation", NAACL 2004): what one sample
    alone says is more often invented.

    Parameters
    ----------
    path
        The base model, GGUF.
    adapter
        The LoRA adapter, GGUF, trained for this base.
    """

    def __init__(
        self, path: Path, adapter: Path, *, timeout_s: float = 8.0, samples: int = SAMPLES, threads: int | None = None
    ) -> None:
        super().__init__(path, adapter=adapter, timeout_s=timeout_s, parallel=samples, threads=threads)
        self._trained = adapter

    @cached_property
    def name(self) -> str:
        """``house:<first twelve digits of the adapter's SHA-256>``."""
        try:
            return f"house:{hashlib.sha256(self._trained.read_bytes()).hexdigest()[:12]}"
        except OSError as error:
            raise ConfigurationError(f"no adapter {self._trained}: install feedsmith again, or train one") from error

    def write(self, prompt: Prompt, n: int) -> list[Draft]:
        if prompt.kind != "headline" or prompt.language != "en":
            return super().write(prompt, n)
        title, _, body = prompt.source.partition("\n")
        asked = house_prompt(body or title, prompt.reads)
        likeliest = self._headlines(asked, n=1, temperature=0.0)
        sampled = self._headlines(asked, n=self._parallel, temperature=TEMPERATURE) if n > 1 else _NONE
        drafts = chat.drafts_of(
            [*likeliest.texts, *by_consensus(sampled.texts)],
            prompt,
            self.name,
            input_tokens=likeliest.input_tokens,  # read once: llama.cpp keeps what it read for the next call
            output_tokens=likeliest.output_tokens + sampled.output_tokens,
            lost=[f"{self.name} {chat.CUT}"],
        )
        return drafts[:n]

    def _headlines(self, asked: str, *, n: int, temperature: float) -> _Answer:
        answer = self._answer(
            {
                "prompt": asked,
                "n": n,
                "max_tokens": _HEADLINE_TOKENS,
                "temperature": temperature,
                "top_p": TOP_P,
                "stop": [END, "\n"],
                "lora": [{"id": 0, "scale": 1.0}],
            },
            chat=False,
        )
        texts = [choice["text"].strip() for choice in answer["choices"] if choice["finish_reason"] != "length"]
        return _Answer(texts, answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"])

    def _bounds(self) -> dict[str, Any]:
        return {"lora": [{"id": 0, "scale": 0.0}]} | super()._bounds()


@dataclass(frozen=True, slots=True)
class _Answer:
    texts: list[str]
    input_tokens: int
    output_tokens: int


_NONE = _Answer([], 0, 0)


def by_consensus(texts: Sequence[str]) -> list[str]:
    """Texts by their mean unigram F1 with all of them, the highest first; ties as they came."""
    bags = [Counter(text.casefold().split()) for text in texts]
    agreement = [sum(_f1(bag, other) for other in bags) for bag in bags]
    return [texts[i] for i in sorted(range(len(texts)), key=lambda i: -agreement[i])]


def _f1(one: Counter[str], other: Counter[str]) -> float:
    shared = (one & other).total()
    return 2 * shared / max(one.total() + other.total(), 1)
