from __future__ import annotations

import numpy as np
import pytest

from feedsmith.domains import load_domains
from feedsmith.errors import ConfigurationError
from feedsmith.ranking.base import Features
from feedsmith.ranking.features import GROUPS
from feedsmith.ranking.linear import LinearRanker

WEIGHTS = load_domains()["news"].weights


def test_a_term_is_value_times_weight() -> None:
    values = np.zeros((2, len(GROUPS)), dtype=np.float32)
    names = tuple(GROUPS)
    values[0, names.index("interest")] = 0.5  # news: 3.0
    values[0, names.index("disliked")] = 0.25  # news: -2.0
    values[1, names.index("freshness")] = 1.0  # news: 0.3
    terms = LinearRanker(WEIGHTS).terms(Features(names, tuple(GROUPS.values()), values))
    assert terms.dtype == np.float32
    assert terms[0, names.index("interest")] == pytest.approx(1.5)
    assert terms[0, names.index("disliked")] == pytest.approx(-0.5)
    assert terms.sum(axis=1) == pytest.approx([1.0, 0.3])


def test_columns_are_matched_by_name_not_by_place() -> None:
    names = tuple(reversed(GROUPS))
    values = np.ones((1, len(names)), dtype=np.float32)
    terms = LinearRanker(WEIGHTS).terms(Features(names, tuple(GROUPS[name] for name in names), values))
    assert terms[0].tolist() == pytest.approx([getattr(WEIGHTS, name) for name in names])


def test_other_features_than_its_own_are_refused_by_name() -> None:
    names = (*tuple(GROUPS)[1:], "mood")
    features = Features(names, tuple(GROUPS.values()), np.zeros((1, len(names)), dtype=np.float32))
    with pytest.raises(ConfigurationError, match="mood, taste"):
        LinearRanker(WEIGHTS).terms(features)


def test_the_version_names_the_weights() -> None:
    same, other = LinearRanker(WEIGHTS), LinearRanker(WEIGHTS.model_copy(update={"taste": 2.1}))
    assert same.version == LinearRanker(WEIGHTS).version
    assert same.version.startswith("linear-")
    assert other.version != same.version
