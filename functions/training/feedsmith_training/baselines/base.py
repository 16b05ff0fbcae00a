"""The port of what the trained ranker is compared with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from feedsmith_training.log import Array, ImpressionLog
from feedsmith_training.metrics import Floats
from feedsmith_training.replay import FeatureTable


@dataclass(frozen=True, slots=True)
class Part:
    """Some impressions in a row, and the features of their N candidates, each as of before its impression."""

    log: ImpressionLog
    table: FeatureTable

    def rows(self, start: int, stop: int) -> Part:
        """The impressions ``start:stop``."""
        return Part(replace(self.log, impressions=self.log.impressions[start:stop]), self.table.rows(start, stop))


class Baseline(ABC):
    """A ranker of an evaluation; all have this interface."""

    name: ClassVar[str]
    """Its row's name in reports."""

    @abstractmethod
    def fit(self, train: Part) -> None:
        """Learn from these impressions; deterministic."""

    @abstractmethod
    def scores(self, test: Part) -> Floats:
        """Scores of the candidates, shape (N,), finite, comparable within an impression; fitted before."""


def standardised(values: Array, table: FeatureTable) -> Array:
    """Columns (N, k) less their mean, over their standard deviation, within each impression; 0 where all are equal."""
    sizes = np.diff(table.offsets)
    starts = table.offsets[:-1]

    def mean(of: Array) -> Array:
        return np.asarray(np.repeat(np.add.reduceat(of, starts) / sizes[:, None], sizes, axis=0), dtype=np.float32)

    centred = values - mean(values)
    return np.asarray(centred / np.maximum(np.sqrt(mean(centred**2)), 1e-6), dtype=np.float32)
