"""Popularity so far: the same for everybody, or for everybody of a segment."""

from __future__ import annotations

import numpy as np

from feedsmith_training.baselines.base import Baseline, Part
from feedsmith_training.metrics import Floats


class Popularity(Baseline):
    """Clicks over expected clicks until now, shrunk where little is known (feature ``lift_total``)."""

    name = "popularity"

    def fit(self, train: Part) -> None:
        """Nothing to learn: the feature is causal."""

    def scores(self, test: Part) -> Floats:
        """The feature."""
        return test.table.columns(["lift_total"])[:, 0].astype(np.float64)


class SegmentPopularity(Baseline):
    """Share of the reader's segment (K-means over tastes) that likes the item, ties by popularity among all."""

    name = "segment-popularity"

    def fit(self, train: Part) -> None:
        """Nothing to learn: segments are clustered anew every day of the replay."""

    def scores(self, test: Part) -> Floats:
        """The feature ``segment``, in steps that popularity cannot bridge."""
        segment, popularity = test.table.columns(["segment", "lift_total"]).astype(np.float64).T
        return np.asarray(segment + 1e-4 * popularity)
