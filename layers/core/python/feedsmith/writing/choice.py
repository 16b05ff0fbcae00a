"""Chooses among texts that all passed the gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from feedsmith.content.base import Embedder
from feedsmith.models import Verdict
from feedsmith.stores.vectors import Vector

Origin: TypeAlias = Literal["model", "extractive", "original"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text, where its words come from, and what the gate said."""

    text: str
    source: Origin
    verdict: Verdict


def choose(
    candidates: Sequence[Candidate], direction: Vector | None, embedder: Callable[[], Embedder]
) -> Candidate | None:
    """The candidate that passed and lies closest to its readers.

    Parameters
    ----------
    candidates
        Best first.
    direction
        Unit vector, shape (d,), of what the readers like; None: the first that passed.
    embedder
        Asked only where there is a choice to make.

    Returns
    -------
    Candidate or None
        Ties go to the earlier one; None when none passed.
    """
    passed = [candidate for candidate in candidates if candidate.verdict.passed]
    if direction is None or len(passed) < 2:
        return passed[0] if passed else None
    fits = embedder().passages([candidate.text for candidate in passed]) @ direction
    return passed[int(fits.argmax())]
