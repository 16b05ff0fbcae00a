"""The fixed linear ranker: what serves before a tenant has data to train on."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from feedsmith.domains.loader import Weights
from feedsmith.errors import ConfigurationError
from feedsmith.ranking.base import Features, Ranker, Terms
from feedsmith.ranking.features import FEATURES, GROUPS


class LinearRanker(Ranker):
    """The feature that stands for each term, times the domain's weight for it.

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

    def terms(self, features: Features) -> Terms:
        """Values times weights; see :class:`~feedsmith.ranking.base.Ranker`."""
        missing = sorted(set(self._weights) - set(features.names))
        if missing:
            raise ConfigurationError(
                f"ranker {self._version} weighs what is no feature: {', '.join(missing)}; [weights] of the domain "
                "file must name features of ranking/features.py"
            )
        columns = [features.names.index(name) for name in self._weights]
        values = features.values[:, columns]
        names = tuple(FEATURES[name] for name in self._weights)
        return Terms(
            names,
            tuple(GROUPS[name] for name in names),
            values,
            values * np.array(list(self._weights.values()), dtype=np.float32),
        )
