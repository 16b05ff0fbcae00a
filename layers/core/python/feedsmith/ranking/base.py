"""The ranker port."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feedsmith.models import TermGroup

Array = npt.NDArray[np.float32]


PROJECTIONS = 3
"""Learned projections that a trained ranker brings."""


@dataclass(frozen=True, slots=True)
class FeatureSpace:
    """What features need that is learned, and that comes with the ranker.

    ``projections``: ``PROJECTIONS`` arrays (d + t, k), float32, or none; an item's vector and topic scores, side by
    side, times each of them are a learned embedding.
    ``topic_prior`` (t,): everybody's share of each topic in the domain's order; empty: all alike.
    ``base_rate``: clicks per unit of exposure, over all items, > 0.
    """

    projections: tuple[Array, ...] = ()
    topic_prior: tuple[float, ...] = ()
    base_rate: float = 1.0

    def prior(self, topics: int) -> npt.NDArray[np.float64]:
        """Shares of so many topics, summing to 1."""
        if self.topic_prior:
            return np.array(self.topic_prior)
        return np.full(topics, 1.0 / max(topics, 1))


@dataclass(frozen=True, slots=True)
class Features:
    """The feature matrix of one request.

    ``names`` and ``terms`` (the term of each feature) have length f; ``values`` is (n, f), float32, one row per
    candidate, each in the unit that ``ranking/features.py`` documents. ``history`` counts the reader's liked items.
    """

    names: tuple[str, ...]
    terms: tuple[str, ...]
    values: Array
    history: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What scores are sums of: ``contributions`` (n, g), float32, one column per term of ``names``.

    ``values`` (n, g): the feature that stands for each term in reasons.
    """

    names: tuple[str, ...]
    groups: tuple[TermGroup, ...]
    values: Array
    contributions: Array


class Ranker(ABC):
    """Scores candidates by a sum of terms."""

    @property
    @abstractmethod
    def version(self) -> str:
        """Names the model and its parameters; logged with every slate."""

    @property
    def space(self) -> FeatureSpace:
        """What its features are computed with."""
        return FeatureSpace()

    @abstractmethod
    def terms(self, features: Features) -> Terms:
        """The terms of each candidate; its score is the sum of its row of contributions.

        Raises
        ------
        ConfigurationError
            The features are not those that the ranker was made for.
        """
