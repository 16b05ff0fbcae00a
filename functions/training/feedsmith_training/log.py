"""A log of impressions over a catalogue: what every format is read into, and training and evaluation start from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.intp]
Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """N items.

    ``vectors`` (N, d), float32, unit rows, made by the embedder named ``embedder``; ``topics`` (N, t), float32, scores
    in [0, 1] of the topics ``topic_names``; ``published`` (N,), float64, unix seconds, NaN where not known;
    ``providers`` length N, None where there is none; ``texts`` length N, what was embedded.
    """

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    vectors: Array
    embedder: str
    topics: Array
    topic_names: tuple[str, ...]
    published: npt.NDArray[np.float64]
    providers: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Impression:
    """One slate before one user.

    ``user`` tells users apart and says nothing of who they are. ``at``: unix seconds. ``history`` holds catalogue rows
    that the user liked before, newest first, with ``history_weights`` > 0 (1 for a plain click now). ``candidates``
    (n,) are the different rows that were shown, ``clicked`` (n,) bool; ``exposure`` (n,) float64, the expected
    examinations of each place, at least 0; ``propensity`` (n,) in (0, 1].
    """

    user: int
    at: float
    history: Rows
    history_weights: npt.NDArray[np.float64]
    candidates: Rows
    clicked: npt.NDArray[np.bool_]
    exposure: npt.NDArray[np.float64]
    propensity: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ImpressionLog:
    """Impressions in order of time, and how many rows were left out, by reason."""

    catalogue: Catalogue
    impressions: tuple[Impression, ...]
    left_out: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.impressions)

    @property
    def clicks(self) -> int:
        """All clicks of the log."""
        return sum(int(impression.clicked.sum()) for impression in self.impressions)
