from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from feedsmith.domains import load_domains
from feedsmith.errors import ConfigurationError
from feedsmith.ranking.base import Features, FeatureSpace
from feedsmith.ranking.features import FEATURES, GROUPS
from feedsmith.ranking.linear import LinearRanker

WEIGHTS = load_domains()["news"].weights
NAMES = tuple(FEATURES)


def features(values: np.ndarray, names: Sequence[str] = NAMES) -> Features:
    return Features(tuple(names), tuple(FEATURES.get(name, "mood") for name in names), values, history=0)


def test_a_term_is_value_times_weight() -> None:
    values = np.zeros((2, len(NAMES)), dtype=np.float32)
    values[0, NAMES.index("interest")] = 0.5  # news: 3.0
    values[0, NAMES.index("disliked")] = 0.25  # news: -2.0
    values[0, NAMES.index("history_mean")] = 9.0  # for trained rankers only
    values[1, NAMES.index("freshness")] = 1.0  # news: 0.3
    terms = LinearRanker(WEIGHTS).terms(features(values))
    assert terms.names == tuple(WEIGHTS.model_dump())
    assert terms.groups == tuple(GROUPS[name] for name in terms.names)
    assert terms.contributions.dtype == np.float32
    interest, disliked = terms.names.index("interest"), terms.names.index("disliked")
    assert terms.values[0, [interest, disliked]].tolist() == [0.5, 0.25]
    assert terms.contributions[0, [interest, disliked]].tolist() == pytest.approx([1.5, -0.5])
    assert terms.contributions.sum(axis=1) == pytest.approx([1.0, 0.3])


def test_columns_are_matched_by_name_not_by_place() -> None:
    names = tuple(reversed(NAMES))
    terms = LinearRanker(WEIGHTS).terms(features(np.ones((1, len(names)), dtype=np.float32), names))
    assert terms.contributions[0].tolist() == pytest.approx([getattr(WEIGHTS, name) for name in terms.names])


def test_other_features_than_its_own_are_refused_by_name() -> None:
    names = ("mood", *(name for name in NAMES if name not in ("taste", "query")))
    with pytest.raises(ConfigurationError, match="query, taste"):
        LinearRanker(WEIGHTS).terms(features(np.zeros((1, len(names)), dtype=np.float32), names))


def test_it_has_learned_nothing() -> None:
    assert LinearRanker(WEIGHTS).space == FeatureSpace()
    assert FeatureSpace().prior(4).tolist() == [0.25] * 4


def test_the_version_names_the_weights() -> None:
    same, other = LinearRanker(WEIGHTS), LinearRanker(WEIGHTS.model_copy(update={"taste": 2.1}))
    assert same.version == LinearRanker(WEIGHTS).version
    assert same.version.startswith("linear-")
    assert other.version != same.version
