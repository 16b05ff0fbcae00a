"""Any model of the transformers library as a writer; torch loads here, and only here."""

from __future__ import annotations

import threading
from typing import Any

import jinja2
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from feedsmith.errors import ConfigurationError, WriterUnavailable
from feedsmith.writing.base import Draft, Prompt, Writer
from feedsmith.writing.sentences import length
from feedsmith.writing.writers import chat, hf_label
from feedsmith.writing.writers.retrying import Deadline

_SEED = 20
_MOST_CONTEXT = 4096  # tokens; a longer prompt takes longer than anybody waits
_LEAST_PROMPT = 16


class TransformersWriter(Writer):
    """A causal model (GPT-2 and the like), with or without a chat template, or a seq2seq model (T5 and the like).

    A prompt longer than the model's context loses its beginning: the task stands at its end. The same prompt gives the
    same drafts, except where the time ran out. One text is written at a time; a caller's wait for its turn counts.

    Parameters
    ----------
    name
        Name on the model hub, or a folder.
    timeout_s
        Seconds for one text, after which drafts end where they are.
    local_files_only
        Look for the model on this machine only.

    Raises
    ------
    ConfigurationError
        The model cannot be loaded.
    """

    def __init__(self, name: str, *, timeout_s: float = 8.0, local_files_only: bool = False) -> None:
        self._label = hf_label(name)
        self._timeout_s = timeout_s
        try:
            config = AutoConfig.from_pretrained(name, local_files_only=local_files_only)
            self._is_seq2seq = bool(config.is_encoder_decoder)
            kind = AutoModelForSeq2SeqLM if self._is_seq2seq else AutoModelForCausalLM
            model = kind.from_pretrained(name, local_files_only=local_files_only)
            self._tokenizer = AutoTokenizer.from_pretrained(
                name, local_files_only=local_files_only, truncation_side="left"
            )
        except (OSError, ValueError, KeyError, ImportError) as error:
            raise ConfigurationError(
                f"the model hf:{self._label} cannot be loaded ({type(error).__name__}): give a folder, or a name of "
                "the model hub that this machine reaches or has cached, of a causal or seq2seq model"
            ) from error
        self._model = model.eval().to("cuda" if torch.cuda.is_available() else "cpu")
        self._context = _context(config, self._tokenizer)
        self._ends = _ids(self._model.generation_config.eos_token_id) or _ids(self._tokenizer.eos_token_id)
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return f"hf:{self._label}"

    @property
    def is_model(self) -> bool:
        return True

    def write(self, prompt: Prompt, n: int) -> list[Draft]:
        deadline = Deadline(self._timeout_s)
        if not self._lock.acquire(timeout=deadline.left):
            raise self._late()
        try:
            read, rows = self._generated(prompt, n, deadline)
        except (RuntimeError, ValueError, IndexError) as error:  # torch's, such as too little memory
            raise WriterUnavailable(f"{self.name} broke with {type(error).__name__}") from error
        finally:
            self._lock.release()
        texts, lost, written = [], [], 0
        for row in rows:
            end = next((i for i, token in enumerate(row) if token in self._ends), None)
            written += len(row) if end is None else end + 1
            text = str(self._tokenizer.decode(row[:end], skip_special_tokens=True))
            if end is not None or chat.whole(text, prompt):
                texts.append(text)
            else:
                lost.append(chat.CUT)
        if not texts and not deadline.left:
            raise self._late()
        return chat.drafts_of(texts, prompt, self.name, input_tokens=read, output_tokens=written, lost=lost)

    def _generated(self, prompt: Prompt, n: int, deadline: Deadline) -> tuple[int, list[list[int]]]:
        """Tokens read, and the new tokens of each candidate, padded."""
        most = min(self._most_tokens(prompt), self._context // 2)
        room = self._context if self._is_seq2seq else self._context - most
        text, special = self._text(prompt)
        encoded = self._tokenizer(
            text, add_special_tokens=special, truncation=True, max_length=max(room, _LEAST_PROMPT), return_tensors="pt"
        ).to(self._model.device)
        ids = encoded["input_ids"]
        on_gpu = [self._model.device] if self._model.device.type == "cuda" else []
        with torch.inference_mode(), torch.random.fork_rng(devices=on_gpu):
            torch.manual_seed(_SEED)
            rows = self._model.generate(
                input_ids=ids,
                attention_mask=encoded["attention_mask"],
                do_sample=True,
                temperature=chat.TEMPERATURE,
                top_p=chat.TOP_P,
                num_return_sequences=n,
                max_new_tokens=most,
                max_time=deadline.left,
                eos_token_id=sorted(self._ends) or None,
                pad_token_id=self._pad(),
            )
        new = rows[:, 1 if self._is_seq2seq else ids.shape[1] :]  # a decoder's start token stands before its text
        return int(ids.shape[1]), new.tolist()

    def _text(self, prompt: Prompt) -> tuple[str, bool]:
        """The whole prompt, and whether the tokenizer has yet to add its special tokens."""
        if not self._tokenizer.chat_template:
            return f"{prompt.system}\n\n{prompt.user}", True
        try:
            return self._template(chat.messages(prompt)), False
        except jinja2.TemplateError:  # it knows no system role
            return self._template([{"role": "user", "content": f"{prompt.system}\n\n{prompt.user}"}]), False

    def _template(self, messages: list[dict[str, str]]) -> str:
        return str(self._tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False))

    def _most_tokens(self, prompt: Prompt) -> int:
        """As many as the prompt's limit takes, going by the source: bytes of a Chinese character are three tokens."""
        tokens = len(self._tokenizer(prompt.source, add_special_tokens=False)["input_ids"])
        per_unit = tokens / max(length(prompt.source, prompt.language), 1)
        return max(chat.max_tokens(prompt), int(prompt.limit * per_unit) + 6)

    def _pad(self) -> int:
        pad = self._tokenizer.pad_token_id
        return int(pad) if pad is not None else min(self._ends, default=0)

    def _late(self) -> WriterUnavailable:
        return WriterUnavailable(f"{self.name} took longer than {self._timeout_s:.1f} s")


def _context(config: Any, tokenizer: Any) -> int:
    """Most tokens of a prompt and its text; tokenizers without a limit give a huge one."""
    sizes = [getattr(config.get_text_config(), "max_position_embeddings", None), tokenizer.model_max_length]
    return min(int(size) for size in [*sizes, _MOST_CONTEXT] if size and size > 0)


def _ids(value: int | list[int] | None) -> frozenset[int]:
    if value is None:
        return frozenset()
    return frozenset(value if isinstance(value, list) else [value])
