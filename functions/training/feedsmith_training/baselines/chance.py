"""Chance."""

from __future__ import annotations

import numpy as np

from feedsmith_training.baselines.base import Baseline, Part
from feedsmith_training.metrics import Floats


class Random(Baseline):
    """Any order."""

    name = "random"

    def fit(self, train: Part) -> None:
        """Nothing to learn."""

    def scores(self, test: Part) -> Floats:
        """Uniform in [0, 1), the same each time."""
        return np.random.default_rng(0).random(len(test.table.clicked))
