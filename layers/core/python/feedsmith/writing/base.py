"""The writer port."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from feedsmith.models import TextKind


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked.

    ``system`` holds the rules, ``user`` the fenced source and the task; ``source`` is the cleaned source alone, for
    writers that work on it without a model. ``limit`` is the longest text wanted, in words (characters for Chinese).
    ``version`` is a hash over the templates that made it.
    """

    kind: TextKind
    language: str
    system: str
    user: str
    source: str
    title: str
    limit: int
    version: str


@dataclass(frozen=True, slots=True)
class Draft:
    """One candidate text, as the model gave it, with the tokens it cost."""

    text: str
    input_tokens: int = 0
    output_tokens: int = 0


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
            The model failed, refused, was late, or said nothing.
        """
