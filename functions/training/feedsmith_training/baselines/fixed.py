"""The fixed linear ranker, which serves before there is data to train on."""

from __future__ import annotations

import numpy as np

from feedsmith.domains.loader import Weights
from feedsmith.ranking.base import Features
from feedsmith.ranking.features import FEATURES
from feedsmith.ranking.linear import LinearRanker
from feedsmith_training.baselines.base import Baseline, Part
from feedsmith_training.metrics import Floats


class FixedLinear(Baseline):
    """A weight per term, from the domain's file."""

    name = "linear"

    def __init__(self, weights: Weights) -> None:
        self._ranker = LinearRanker(weights)

    def fit(self, train: Part) -> None:
        """Nothing to learn."""

    def scores(self, test: Part) -> Floats:
        """The served scores."""
        table = test.table
        terms = self._ranker.terms(Features(table.names, tuple(FEATURES.values()), table.values, history=0))
        return np.asarray(terms.contributions.sum(axis=1, dtype=np.float64))
