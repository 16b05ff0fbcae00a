"""The fixed linear ranker: what serves before a tenant has data to train on."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import numpy.typing as npt

from feedsmith.domains.loader import Weights
from feedsmith.errors import ConfigurationError
from feedsmith.ranking.base import Features, Ranker


class LinearRanker(Ranker):
    """Each feature's term is its value times the domain's weight for it.

    Parameters
    ----------
    weights
        Score per unit of each feature, from the domain's file.
    """

    def __init__(self, weights: Weights) -> None:
        self._weights: dict[str, float] = weights.model_dump()
        parameters = json.dumps(self._weights, sort_keys=True).encode()
        self._version = f"linear-{hashlib.sha256(parameters).hexdigest()[:8]}"

    @property
    def version(self) -> str:
        """``linear-`` and a hash of the names and weights."""
        return self._version

    def terms(self, features: Features) -> npt.NDArray[np.float32]:
        """Values times weights; see :class:`~feedsmith.ranking.base.Ranker`."""
        if set(features.names) != set(self._weights):
            unlike = ", ".join(sorted(set(features.names) ^ set(self._weights)))
            raise ConfigurationError(
                f"ranker {self._version} and the feature matrix differ in: {unlike}; give each feature of "
                "ranking/features.py a weight in [weights] of the domain file, and no other"
            )
        return features.values * np.array([self._weights[name] for name in features.names], dtype=np.float32)
