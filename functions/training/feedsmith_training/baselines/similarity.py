"""Similarity to what the reader liked, by the embedder's vectors."""

from __future__ import annotations

import numpy as np

from feedsmith_training.baselines.base import Baseline, Part, standardised
from feedsmith_training.metrics import Floats


class SentenceEmbedding(Baseline):
    """Cosine of the item and the mean of the history."""

    name = "sentence-embedding"

    def fit(self, train: Part) -> None:
        """Nothing to learn."""

    def scores(self, test: Part) -> Floats:
        """The feature ``history_mean``."""
        return test.table.columns(["history_mean"])[:, 0].astype(np.float64)


class LateFusion(Baseline):
    """The best five cosines with the history, and the cosine with its recent part, each standardised, then added."""

    name = "late-fusion"

    def fit(self, train: Part) -> None:
        """Nothing to learn."""

    def scores(self, test: Part) -> Floats:
        """Sum of the standardised features ``history_top_5`` and ``history_recent``."""
        columns = test.table.columns(["history_top_5", "history_recent"])
        return np.asarray(standardised(columns, test.table).sum(axis=1), dtype=np.float64)
