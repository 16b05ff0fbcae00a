"""Every feature on vectors small enough to work out by hand."""

from __future__ import annotations

from math import exp, log, log1p, sqrt
from typing import Any

import numpy as np
import pytest

from feedsmith.ranking.base import PROJECTIONS, FeatureSpace
from feedsmith.ranking.features import FEATURES, GROUPS, Activity, Signals, feature_matrix, freshness, popularity

HOUR = 3600.0
NOW = 1e9 * HOUR  # so long after publication that nothing is fresh
AGED = exp(-0.1)  # weight of the second newest item of a history


def array(*rows: Any, dtype: Any = np.float32) -> Any:
    return np.array(rows, dtype=dtype)


def activity(n: int, **known: Any) -> Activity:
    """Pairs of recent and total for each of n items; nothing where none are given."""
    amounts = {name: np.array(known.get(name, np.zeros((n, 2))), float) for name in ("clicks", "exposure", "shown")}
    return Activity(**amounts, first=np.array(known.get("first", [np.nan] * n), float))


def signals(**known: Any) -> Signals:
    """Two candidates, (1, 0) and (0.6, 0.8), and a reader of whom nothing is known, but for what is given."""
    nothing: dict[str, Any] = {
        "vectors": array([1, 0], [0.6, 0.8]),
        "topics": np.zeros((2, 2), np.float32),
        "trend": array(-np.inf, -np.inf, dtype=np.float64),
        "fresh": array(0.0, 0.0, dtype=np.float64),
        "activity": activity(2),
        "trending_vectors": np.zeros((0, 2), np.float32),
        "trending_topics": np.zeros((0, 2), np.float32),
        "trending_activity": activity(0),
        "trending_liked": np.zeros((0, 0), np.float32),
        "same": np.zeros((2, 0), np.bool_),
        "taste": np.zeros((0, 2), np.float32),
        "query": np.zeros((0, 2), np.float32),
        "interests": np.zeros((0, 2), np.float32),
        "history": np.zeros((0, 2), np.float32),
        "history_topics": np.zeros((0, 2), np.float32),
        "disliked": np.zeros((0, 2), np.float32),
        "shares": np.zeros(2, np.float32),
        "similarity": np.zeros(0, np.float32),
        "liked": np.zeros((2, 0), np.float32),
        "segment": np.zeros(2, np.float32),
        "now": NOW,
        "trend_half_life_hours": 24.0,
        "freshness_half_life_hours": 48.0,
    }
    return Signals(**nothing | known)


def column(name: str, space: FeatureSpace | None = None, **known: Any) -> list[float]:
    features = feature_matrix(signals(**known), space or FeatureSpace())
    return [float(value) for value in features.values[:, features.names.index(name)]]


def test_the_matrix_has_one_row_per_candidate_and_one_named_column_per_feature() -> None:
    features = feature_matrix(signals(history=array([0, 1]), history_topics=array([0, 0])), FeatureSpace())
    assert features.values.shape == (2, len(FEATURES))
    assert features.values.dtype == np.float32
    assert features.names == tuple(FEATURES)
    assert features.terms == tuple(FEATURES.values())
    assert features.history == 1


def test_each_feature_has_a_term_and_each_term_a_group() -> None:
    assert set(FEATURES.values()) == set(GROUPS)
    assert {term for term in GROUPS if term not in FEATURES} == {"crowd"}  # else, a feature of its name stands for it


def test_nothing_known_counts_nothing() -> None:
    found = feature_matrix(signals(), FeatureSpace())
    crowd = {name for name, term in FEATURES.items() if term == "crowd"}
    # never shown: 1, and log((0 + 0.5) / (0 + 1)); the candidates themselves are the crowd
    expected = {"unseen": 1.0, "rise": log(0.5)}
    for name, values in zip(found.names, found.values.T, strict=True):
        if name not in crowd:
            assert values.tolist() == pytest.approx([expected.get(name, 0.0)] * 2, abs=1e-6), name


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
        ("similar_users", {"liked": array([1, 0.2], [0, 1]), "similarity": array(0.9, 0.5),
                           "trending_liked": np.zeros((0, 2))}, [1 / 3, 0.2]),
        ("segment", {"segment": array(0.3, 0.0)}, [0.3, 0.0]),
    ],
)  # fmt: skip
def test_feature_by_hand(name: str, known: dict[str, Any], expected: list[float]) -> None:
    assert column(name, **known) == pytest.approx(expected, abs=1e-6)


# -- the history: (0, 1) is newer than (1, 0), cosines (0, 1) with the first candidate, (0.8, 0.6) with the second -----


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # mean (1, 1) / sqrt(2): 1 / sqrt(2); (0.6 + 0.8) / sqrt(2)
        ("history_mean", [1 / sqrt(2), 1.4 / sqrt(2)]),
        # (0, 1) + AGED (1, 0), of length sqrt(1 + AGED^2)
        ("history_recent", [AGED / sqrt(1 + AGED**2), (0.6 * AGED + 0.8) / sqrt(1 + AGED**2)]),
        ("history_top_1", [1.0, 0.8]),
        ("history_top_3", [0.5, 0.7]),  # of two
        # weights exp(5 * 0), exp(5 * 1); exp(5 * 0.8), exp(5 * 0.6), that is, e to 1
        ("history_attention_5", [exp(5) / (1 + exp(5)), (0.8 * exp(1) + 0.6) / (exp(1) + 1)]),
        ("history_attention_10", [exp(10) / (1 + exp(10)), (0.8 * exp(2) + 0.6) / (exp(2) + 1)]),
        ("history_attention_20", [exp(20) / (1 + exp(20)), (0.8 * exp(4) + 0.6) / (exp(4) + 1)]),
        # kernels exp(-1 / 0.2), exp(0); exp(-0.2 / 0.2), exp(-0.4 / 0.2)
        ("history_density", [log(exp(-5) + AGED + 0.01), log(exp(-1) + AGED * exp(-2) + 0.01)]),
    ],
)
def test_history_by_hand(name: str, expected: list[float]) -> None:
    known = {"history": array([0, 1], [1, 0]), "history_topics": np.zeros((2, 2), np.float32)}
    assert column(name, **known) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # cosines 1, 0, -1, 0.6 and 0.6, 0.8, -0.6, 1
        ("history_top_1", [1.0, 1.0]),
        ("history_top_3", [1.6 / 3, 2.4 / 3]),
        ("history_top_5", [0.15, 0.45]),
        ("history_top_10", [0.15, 0.45]),
        ("history_top_20", [0.15, 0.45]),
    ],
)
def test_the_best_of_a_history(name: str, expected: list[float]) -> None:
    known = {
        "history": array([1, 0], [0, 1], [-1, 0], [0.6, 0.8]),
        "history_topics": np.zeros((4, 2), np.float32),
    }
    assert column(name, **known) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mean", [1 / sqrt(2), 2.0 / sqrt(2.08) / sqrt(2)]),
        ("recent", [AGED / sqrt(1 + AGED**2), (1.2 * AGED + 0.8) / sqrt(2.08) / sqrt(1 + AGED**2)]),
        ("top_1", [1.0, 1.2 / sqrt(2.08)]),
        ("top_5", [0.5, 1.0 / sqrt(2.08)]),
        ("average", [0.5, 1.0 / sqrt(2.08)]),
        # (1.2 w + 0.8) / (w + 1) / sqrt(2.08), w = exp(4 * 0.4 / sqrt(2.08)) = 3.03254
        ("attention", [exp(4) / (1 + exp(4)), (1.2 * 3.03254 + 0.8) / 4.03254 / sqrt(2.08)]),
    ],
)
def test_projections_by_hand(name: str, expected: list[float]) -> None:
    # GIVEN a projection of (x, y, t, t') to (x + t, y): the candidates become (2, 0) and (1.2, 0.8), of length
    # sqrt(2.08); the history (0, 1) and (2, 0), cosines (0, 1) and (0.8, 1.2) / sqrt(2.08). Others project on nothing.
    first = array([1, 0], [0, 1], [1, 0], [0, 0])
    space = FeatureSpace((first, *([np.zeros((4, 2), np.float32)] * (PROJECTIONS - 1))))
    known = {
        "topics": array([1, 0], [0.6, 0.4]),
        "history": array([0, 1], [1, 0]),
        "history_topics": array([0, 0.7], [1, 0]),
    }
    assert column(f"projected_1_{name}", space, **known) == pytest.approx(expected, abs=1e-5)
    assert column(f"projected_2_{name}", space, **known) == [0.0, 0.0]
    assert column(f"projected_1_{name}", **known) == [0.0, 0.0]  # no projections


def test_topics_of_the_history() -> None:
    known = {
        "topics": array([0.4, 0.4], [0, 1]),
        "history": array([0, 1], [1, 0]),
        "history_topics": array([1, 0], [0, 0.5]),
    }
    # (1, 0) + AGED (0, 0.5), over 1 + AGED
    recent = [0.4 * (1 + 0.5 * AGED) / (1 + AGED), 0.5 * AGED / (1 + AGED)]
    assert column("topic_recent", **known) == pytest.approx(recent, abs=1e-6)
    # sums 1 and 0.5: 0.4 * 1.5 against 0.4 * (0.25 + 0.75); 0.5 against 0.75; of two items, shrunk by 5
    lift = [log((0.6 / 0.401 + 5) / 7), log((0.5 / 0.751 + 5) / 7)]
    assert column("topic_lift", FeatureSpace(topic_prior=(0.25, 0.75)), **known) == pytest.approx(lift, abs=1e-6)
    # everybody alike in both topics: 0.4 * (0.5 + 0.5); 0.5
    alike = [log((0.6 / 0.401 + 5) / 7), log((0.5 / 0.501 + 5) / 7)]
    assert column("topic_lift", **known) == pytest.approx(alike, abs=1e-6)


def test_similar_users_against_what_clicks_let_expect() -> None:
    # The two like the one trending item, of 7 clicks, with 0.9 + 0.5 = 1.4: 0.2 a click. So of 5 clicks, 1 is expected.
    found = column(
        "similar_users_lift",
        liked=array([1, 0.2], [0, 1]),  # 0.9 + 0.5 * 0.2 = 1; 0.5
        similarity=array(0.9, 0.5),
        activity=activity(2, clicks=[[0, 5], [0, 0]]),
        trending_vectors=array([0, 1]),
        trending_topics=array([0, 0]),
        trending_activity=activity(1, clicks=[[0, 7]]),
        trending_liked=array([1, 1]),
        same=np.zeros((2, 1), np.bool_),
    )
    assert found == pytest.approx([log(1.2 / 1.2), log(0.7 / 0.2)], abs=1e-6)


# -- popularity: the first candidate trends itself, and so does (0, 1), cosines 0 and 0.8 with the candidates ----------

BUSY: dict[str, Any] = {
    "topics": array([0.4, 0.4], [0, 1]),
    "activity": activity(2, clicks=[[3, 8], [0, 0]], exposure=[[10, 20], [4, 10]], shown=[[20, 50], [9, 30]]),
    "trending_vectors": array([1, 0], [0, 1]),
    "trending_topics": array([0.4, 0.4], [0.5, 0]),
    "trending_activity": activity(2, clicks=[[3, 8], [4, 6]], exposure=[[10, 20], [5, 30]], shown=[[20, 50], [7, 40]]),
    "trending_liked": np.zeros((2, 0), np.float32),
    "same": np.array([[True, False], [False, False]]),
}
N1, N2, N3 = exp(-10), exp(-4), exp(-2)  # near: (cosine 0 - 1) / 0.1, (0.6 - 1) / 0.1, (0.8 - 1) / 0.1
W1, W2, W3 = exp(-4), exp(-1.6), exp(-0.8)  # wide: the same over 0.25


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # base rate 0.2: 3 of 2 expected, 0 of 0.8; 8 of 4, 0 of 2
        ("lift_recent", [log(5 / 4), log(2 / 2.8)]),
        ("lift_total", [log(10 / 6), log(2 / 4)]),
        ("clicks_recent", [log(4), 0]),
        ("clicks_total", [log(9), 0]),
        ("shown_recent", [log(21), log(10)]),
        ("shown_total", [log(51), log(31)]),
        # What is the candidate itself counts once: the first sees (0, 1) from afar, the second sees both.
        ("near_lift_recent", [log((3 + 4 * N1 + 2) / (0.2 * (10 + 5 * N1) + 2)),
                              log((3 * N2 + 4 * N3 + 2) / (0.2 * (4 + 10 * N2 + 5 * N3) + 2))]),
        ("near_lift_total", [log((8 + 6 * N1 + 2) / (0.2 * (20 + 30 * N1) + 2)),
                             log((8 * N2 + 6 * N3 + 2) / (0.2 * (10 + 20 * N2 + 30 * N3) + 2))]),
        ("wide_lift_recent", [log((3 + 4 * W1 + 2) / (0.2 * (10 + 5 * W1) + 2)),
                              log((3 * W2 + 4 * W3 + 2) / (0.2 * (4 + 10 * W2 + 5 * W3) + 2))]),
        ("wide_lift_total", [log((8 + 6 * W1 + 2) / (0.2 * (20 + 30 * W1) + 2)),
                             log((8 * W2 + 6 * W3 + 2) / (0.2 * (10 + 20 * W2 + 30 * W3) + 2))]),
        # common topics 0.4 * 0.5 = 0.2 of the first with (0, 1); 1 * 0.4 of the second with the first
        ("topic_lift_recent", [log((3 + 4 * 0.2 + 5) / (0.2 * (10 + 5 * 0.2) + 5)),
                               log((3 * 0.4 + 5) / (0.2 * (4 + 10 * 0.4) + 5))]),
        ("topic_lift_total", [log((8 + 6 * 0.2 + 5) / (0.2 * (20 + 30 * 0.2) + 5)),
                              log((8 * 0.4 + 5) / (0.2 * (10 + 20 * 0.4) + 5))]),
        ("near_shown", [log1p(20 + 7 * N1), log1p(9 + 20 * N2 + 7 * N3)]),
        ("wide_shown", [log1p(20 + 7 * W1), log1p(9 + 20 * W2 + 7 * W3)]),
        ("topic_shown", [log1p(20 + 7 * 0.2), log1p(9 + 20 * 0.4)]),
    ],
)  # fmt: skip
def test_popularity_by_hand(name: str, expected: list[float]) -> None:
    assert column(name, FeatureSpace(base_rate=0.2), **BUSY) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("age", [log(4), 0]),  # three hours ago; never
        ("unseen", [0, 1]),
        ("pace", [log(3), 0]),  # 8 in 3 hours and one: 2 an hour
        ("rise", [log(4.5 / 9), log(0.5)]),
    ],
)
def test_age_by_hand(name: str, expected: list[float]) -> None:
    known = activity(2, shown=[[4, 8], [0, 0]], first=[NOW - 3 * HOUR, np.nan])
    assert column(name, activity=known) == pytest.approx(expected, abs=1e-6)


def test_what_was_shown_by_a_clock_ahead_is_as_old_as_now() -> None:
    assert column("age", activity=activity(2, first=[NOW + HOUR, NOW])) == [0.0, 0.0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # the two are 0.6 from each other: (1 + exp(-0.4 / 0.1)) / 2; (1 + exp(-0.4 / 0.25)) / 2
        ("crowd_near", [log((1 + exp(-4)) / 2)] * 2),
        ("crowd_wide", [log((1 + exp(-1.6)) / 2)] * 2),
        # mean topics (0.2, 0.7): 0.4 * 0.9; 0.7
        ("crowd_topic", [log(0.361), log(0.701)]),
    ],
)
def test_the_crowd_by_hand(name: str, expected: list[float]) -> None:
    assert column(name, topics=array([0.4, 0.4], [0, 1])) == pytest.approx(expected, abs=1e-6)


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
