"""What the chat models have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import tenacity

from feedsmith.errors import WriterError
from feedsmith.writing.base import Draft, Prompt
from feedsmith.writing.form import refuses, tidy

TEMPERATURE = 0.3
TOP_P = 0.9
TRIES = 3

T = TypeVar("T")


def messages(prompt: Prompt) -> list[dict[str, str]]:
    """A prompt as chat messages."""
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]


def max_tokens(prompt: Prompt) -> int:
    """Tokens that a text of the prompt's limit needs: 1.5 a word, 1 a Chinese character, and a few to end on."""
    return int(prompt.limit * (1.0 if prompt.language == "zh" else 1.5)) + 6


def drafts_of(texts: list[str], prompt: Prompt, writer: str, *, input_tokens: int, output_tokens: int) -> list[Draft]:
    """Tidied drafts, the empty, refusing and repeated ones left out; tokens are those of the whole call, on the first.

    Raises
    ------
    WriterError
        None is left.
    """
    tidied = [tidy(text, one_line=prompt.kind in ("headline", "digest")) for text in texts]
    if prompt.kind == "headline":
        tidied = [text.rstrip("。") if "." in text[:-1] else text.rstrip(".。") for text in tidied]
    kept = list(dict.fromkeys(text for text in tidied if text and not refuses(text)))
    if not kept:
        raise WriterError(f"{writer} {'refused' if any(tidied) else 'answered nothing'}")
    first, *others = kept
    return [Draft(first, input_tokens, output_tokens), *map(Draft, others)]


def retrying(call: Callable[[], T], again: Callable[[BaseException], bool], sleep: Callable[[float], None]) -> T:
    """Call up to three times while ``again`` says that the error passes, with jittered, growing pauses."""
    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception(again),
        wait=tenacity.wait_random_exponential(multiplier=0.2, max=2),
        stop=tenacity.stop_after_attempt(TRIES),
        sleep=sleep,
        reraise=True,
    )
    return attempts(call)
