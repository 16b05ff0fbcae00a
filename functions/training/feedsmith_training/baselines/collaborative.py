"""Collaborative filtering: matrix factorisation (ALS, BPR) and item-item neighbours.

All see who liked what in the training impressions: each reader's history and clicks. A reader of the test is folded in
by the history of that moment. An item that nobody had liked in training has no score, that is 0.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from feedsmith_training.baselines.base import Baseline, Part
from feedsmith_training.log import Impression
from feedsmith_training.metrics import Floats

FACTORS = 64


def likes(train: Part) -> Any:
    """Who liked what, a sparse matrix (readers, items) of float32 in (0, 1]."""
    from scipy.sparse import csr_matrix

    liked: dict[int, dict[int, float]] = {}
    for impression in train.log.impressions:
        of_user = liked.setdefault(impression.user, {})
        of_user.update(zip(impression.history.tolist(), impression.history_weights.tolist(), strict=True))
        of_user.update(dict.fromkeys(impression.candidates[impression.clicked].tolist(), 1.0))
    cells = [(row, item, weight) for row, items in enumerate(liked.values()) for item, weight in items.items()]
    rows, columns, weights = zip(*cells, strict=True)
    shape = (len(liked), len(train.log.catalogue))
    return csr_matrix((np.array(weights, dtype=np.float32), (rows, columns)), shape=shape)


class _Collaborative(Baseline):
    _known: Any

    def fit(self, train: Part) -> None:
        """Learn from who liked what."""
        matrix = likes(train)
        self._known = np.asarray(matrix.getnnz(axis=0) > 0)
        self._learn(matrix)

    def scores(self, test: Part) -> Floats:
        """The model's scores; 0 for items that nobody had liked, and without a known history."""
        return np.concatenate([self._of(impression) for impression in test.log.impressions])

    def _of(self, impression: Impression) -> Floats:
        known = self._known[impression.history]
        history, weights = impression.history[known], impression.history_weights[known]
        scores = np.zeros(len(impression.candidates))
        there = self._known[impression.candidates]
        if len(history) and there.any():
            scores[there] = self._score(history, weights, impression.candidates[there])
        return scores

    @abstractmethod
    def _learn(self, matrix: Any) -> None: ...

    @abstractmethod
    def _score(self, history: Any, weights: Floats, candidates: Any) -> Floats: ...


class ImplicitAls(_Collaborative):
    """Weighted matrix factorisation (Hu, Koren & Volinsky, ICDM 2008)."""

    name = "implicit-als"
    _model: Any

    def _learn(self, matrix: Any) -> None:
        from implicit.als import AlternatingLeastSquares

        self._model = AlternatingLeastSquares(
            factors=FACTORS, regularization=0.05, alpha=10.0, iterations=20, num_threads=1, random_state=0
        )
        self._model.fit(matrix, show_progress=False)

    def _score(self, history: Any, weights: Floats, candidates: Any) -> Floats:
        from scipy.sparse import csr_matrix

        shape = (1, len(self._model.item_factors))
        liked = csr_matrix((weights.astype(np.float32), (np.zeros(len(history), dtype=int), history)), shape=shape)
        reader = self._model.recalculate_user(np.zeros(1, dtype=int), liked)
        return np.asarray(self._model.item_factors[candidates] @ np.ravel(reader), dtype=np.float64)


class ImplicitBpr(_Collaborative):
    """Bayesian personalised ranking (Rendle et al., UAI 2009); a reader is the mean of what they liked."""

    name = "implicit-bpr"
    _model: Any

    def _learn(self, matrix: Any) -> None:
        from implicit.bpr import BayesianPersonalizedRanking

        self._model = BayesianPersonalizedRanking(
            factors=FACTORS, learning_rate=0.05, iterations=100, num_threads=1, random_state=0
        )
        self._model.fit(matrix, show_progress=False)

    def _score(self, history: Any, weights: Floats, candidates: Any) -> Floats:
        factors = self._model.item_factors  # the last column is the item's bias
        reader = np.append(weights @ factors[history, :-1] / weights.sum(), 1.0)
        return np.asarray(factors[candidates] @ reader, dtype=np.float64)


class ItemItem(_Collaborative):
    """Sum of the cosines of the item and the history's items, by who liked them (Sarwar et al., WWW 2001)."""

    name = "item-item"
    _items: Any

    def _learn(self, matrix: Any) -> None:
        from sklearn.preprocessing import normalize

        self._items = normalize(matrix.T.tocsr())

    def _score(self, history: Any, weights: Floats, candidates: Any) -> Floats:
        reader = self._items[history].T @ weights
        return np.asarray(self._items[candidates] @ reader, dtype=np.float64)
