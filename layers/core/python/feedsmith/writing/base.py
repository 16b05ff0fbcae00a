"""The writer port."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from feedsmith.models import TextKind


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked.

    ``system`` holds the rules, ``user`` the fenced source and the task; ``source`` is the cleaned source alone, for
    writers that work on it without a model. ``limit`` is the longest text wanted, in words (characters for Chinese).
    ``version`` is a hash over the templates that made it. ``reads`` are titles of the reader's history, nearest to the
    source first: for writers that learned what to make of them; no word of them may pass the gate by them alone.
    """

    kind: TextKind
    language: str
    system: str
    user: str
    source: str
    title: str
    limit: int
    version: str
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """One candidate text, as the model gave it, with the tokens it cost.

    ``input_tokens`` were read at the full price; those that a provider's prompt cache gave or took are apart, as they
    are priced apart.
    """

    text: str
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


class Writer(ABC):
    """Writes candidate texts for a prompt."""

    @property
    @abstractmethod
    def name(self) -> str:
        """``kind:model``; part of every cache key."""

    @property
    @abstractmethod
    def is_model(self) -> bool:
        """Whether a language model writes, so that consent and the gate apply to it."""

    @abstractmethod
    def write(self, prompt: Prompt, n: int) -> list[Draft]:
        """Up to ``n`` candidates, best first, none of them empty.

        Raises
        ------
        WriterError
            The model failed, refused, was late, or said nothing; :class:`~feedsmith.errors.WriterUnavailable` where
            another prompt would fare no better.
        ConfigurationError
            Something that the model needs is not there.
        """


class StructuredWriter(ABC):
    """What a writer can do besides, if its model can: answer in JSON, by a schema."""

    @abstractmethod
    def structured(self, system: str, user: str, schema: Mapping[str, Any], *, max_tokens: int = 512) -> dict[str, Any]:
        """The answer as an object, sampled at temperature 0.

        Parameters
        ----------
        schema
            JSON schema of an object. Models keep to it as well as they can: check the values.
        max_tokens
            Longest answer.

        Raises
        ------
        WriterError
            As for :meth:`Writer.write`; also for an answer that is no JSON object, or was cut off.
        ConfigurationError
            Something that the model needs is not there, or it cannot answer by a schema.
        """
