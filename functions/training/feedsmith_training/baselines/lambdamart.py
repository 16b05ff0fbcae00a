"""Boosted trees on the same features: LambdaMART, which is what Metarank does."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedsmith_training.baselines.base import Baseline, Part, standardised
from feedsmith_training.log import Array
from feedsmith_training.metrics import Floats
from feedsmith_training.replay import FeatureTable

SEEDS = (0, 1, 2)
ROUNDS = 300
PARAMETERS = {
    "objective": "lambdarank",
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "num_threads": 1,  # two wait for each other far longer than they work where other processes run
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


class LambdaMart(Baseline):
    """LightGBM's LambdaMART (Burges 2010), the sum of three seeds' models.

    Sees each feature as it is, and standardised within the impression: trees split on single values, and a candidate's
    standing among the others would be hidden from them.
    """

    name = "lightgbm-lambdamart"
    _models: list[Any]

    def __init__(self, rounds: int = ROUNDS) -> None:
        self._rounds = rounds

    def fit(self, train: Part) -> None:
        """Grow the trees of each seed."""
        import lightgbm

        data = lightgbm.Dataset(
            _features(train.table),
            train.table.clicked.astype(np.int32),
            group=np.diff(train.table.offsets),
            params=PARAMETERS,
            free_raw_data=False,
        )
        self._models = [lightgbm.train({**PARAMETERS, "seed": seed}, data, self._rounds) for seed in SEEDS]

    def scores(self, test: Part) -> Floats:
        """Sum of the models' scores."""
        values = _features(test.table)
        return np.asarray(sum(model.predict(values, num_threads=1) for model in self._models), dtype=np.float64)


def _features(table: FeatureTable) -> Array:
    return np.concatenate([table.values, standardised(table.values, table)], axis=1)
