"""Rankers whose files are text, so that tests can make good and bad ones."""

from __future__ import annotations

import numpy as np

from feedsmith.domains.loader import Domain
from feedsmith.errors import ConfigurationError
from feedsmith.ranking.base import Features, Ranker, Terms
from feedsmith.ranking.features import FEATURES, GROUPS

EMBEDDER = "test@1"


class FeatureRanker(Ranker):
    """Scores by one feature, times a sign."""

    def __init__(self, version: str, feature: str, sign: float = 1.0) -> None:
        self._version, self._feature, self._sign = version, feature, sign

    @property
    def version(self) -> str:
        return self._version

    def terms(self, features: Features) -> Terms:
        values = features.values[:, [features.names.index(self._feature)]]
        term = FEATURES[self._feature]
        return Terms((term,), (GROUPS[term],), values, values * np.float32(self._sign))


def ranker_file(version: str, feature: str = "taste", sign: float = 1.0, embedder: str = EMBEDDER) -> bytes:
    """The file of a :class:`FeatureRanker`."""
    return f"ranker {version} {feature} {sign} {embedder}".encode()


def load_ranker(data: bytes, domain: Domain, embedder: str) -> Ranker:
    """Reads it as `AdditiveRanker.load` reads its own: another embedder's is refused by name."""
    kind, version, feature, sign, made_for = data.decode().split()
    if kind != "ranker":
        raise ValueError("a parser's own error")
    if made_for != embedder:
        raise ConfigurationError(f"ranker {version} was trained on vectors of {made_for!r}, not {embedder!r}")
    return FeatureRanker(version, feature, float(sign))
