"""Every feature on vectors small enough to work out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from feedsmith.ranking.features import GROUPS, Signals, feature_matrix, freshness, popularity

HOUR = 3600.0


def array(*rows: Any, dtype: Any = np.float32) -> Any:
    return np.array(rows, dtype=dtype)


def signals(**known: Any) -> Signals:
    """Two candidates, (1, 0) and (0.6, 0.8), and a reader of whom nothing is known, but for what is given."""
    nothing: dict[str, Any] = {
        "vectors": array([1, 0], [0.6, 0.8]),
        "topics": np.zeros((2, 0), np.float32),
        "trend": array(-np.inf, -np.inf, dtype=np.float64),
        "fresh": array(0.0, 0.0, dtype=np.float64),
        "taste": np.zeros((0, 2), np.float32),
        "query": np.zeros((0, 2), np.float32),
        "interests": np.zeros((0, 2), np.float32),
        "disliked": np.zeros((0, 2), np.float32),
        "shares": np.zeros(0, np.float32),
        "similarity": np.zeros(0, np.float32),
        "liked": np.zeros((2, 0), np.float32),
        "segment": np.zeros(2, np.float32),
        "now": 1e9 * HOUR,  # so long after publication that nothing is fresh
        "trend_half_life_hours": 24.0,
        "freshness_half_life_hours": 48.0,
    }
    return Signals(**nothing | known)


def column(name: str, **known: Any) -> list[float]:
    features = feature_matrix(signals(**known))
    return [float(value) for value in features.values[:, features.names.index(name)]]


def test_the_matrix_has_one_row_per_candidate_and_one_named_column_per_feature() -> None:
    features = feature_matrix(signals())
    assert features.values.shape == (2, 9)
    assert features.values.dtype == np.float32
    assert features.names == tuple(GROUPS)
    assert features.groups == tuple(GROUPS.values())


def test_nothing_known_counts_nothing() -> None:
    assert not feature_matrix(signals()).values.any()


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        # (1, 0).(0.8, 0.6) = 0.8; (0.6, 0.8).(0.8, 0.6) = 0.48 + 0.48
        ("taste", {"taste": array([0.8, 0.6])}, [0.8, 0.96]),
        ("query", {"query": array([0, -1])}, [0.0, -0.8]),
        # the nearer of (0, 1) and (-1, 0): max(0, -1), max(0.8, -0.6)
        ("interest", {"interests": array([0, 1], [-1, 0])}, [0.0, 0.8]),
        # the nearest of (0, 1) and (-1, 0), but never below 0
        ("disliked", {"disliked": array([-1, 0])}, [0.0, 0.0]),
        ("disliked", {"disliked": array([-1, 0], [0, 1])}, [0.0, 0.8]),
        # shares 0.75 and 0.25: 0.75 * 0.4 + 0.25 * 0.4; 0.25 * 1
        ("topics", {"topics": array([0.4, 0.4], [0, 1]), "shares": array(0.75, 0.25)}, [0.4, 0.25]),
        # s = 0.9 * 1 + 0.5 * 0.2 = 1, 1 / (1 + 2); s = 0.5 * 1, 0.5 / 2.5
        ("similar_users", {"liked": array([1, 0.2], [0, 1]), "similarity": array(0.9, 0.5)}, [1 / 3, 0.2]),
        ("segment", {"segment": array(0.3, 0.0)}, [0.3, 0.0]),
    ],
)
def test_feature_by_hand(name: str, known: dict[str, Any], expected: list[float]) -> None:
    assert column(name, **known) == pytest.approx(expected, abs=1e-6)


def test_popularity_decays_with_the_half_life_and_saturates() -> None:
    now, half_life = 1_000_000 * HOUR, 10.0
    ages = np.array([0.0, 10.0, 20.0])  # hours ago, 15 * 2^(0, -1, -2)
    trend = np.log2(15.0) + (now / HOUR - ages) / half_life
    # log2(1 + 15) = 4 -> 4 / 8; log2(1 + 7.5) = 3.08746 -> 0.43562; log2(1 + 3.75) = 2.24793 -> 0.35979
    assert popularity(trend, now, half_life) == pytest.approx([0.5, 0.43562, 0.35979], abs=1e-5)


def test_popularity_bears_any_mass() -> None:
    assert popularity(np.array([-np.inf, 5_000.0]), 0.0, 1.0) == pytest.approx([0.0, 5_000 / 5_004])


def test_freshness_halves_per_half_life_and_never_exceeds_one() -> None:
    now = 1_000 * HOUR
    published = now - np.array([0.0, 48.0, 96.0, -12.0]) * HOUR  # the last is dated twelve hours ahead
    assert freshness(published, now, 48.0) == pytest.approx([1.0, 0.5, 0.25, 1.0])
