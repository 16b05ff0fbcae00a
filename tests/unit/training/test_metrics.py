"""Ranking metrics, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith_training.log import Catalogue, Impression, ImpressionLog
from feedsmith_training.metrics import (
    PairedBootstrap,
    beyond_accuracy,
    clicks_before_all,
    compare,
    interval,
    quality,
    top,
)


def of_one(scores: list[float], clicked: list[int]) -> list[float]:
    offsets = np.array([0, len(scores)])
    return [float(value) for value in quality(np.array(scores), np.array(clicked, dtype=bool), offsets)[0]]


def test_metrics_of_a_ranking_with_clicks_in_second_and_fourth_place() -> None:
    auc, mrr, ndcg_5, ndcg_10 = of_one([3, 2, 1, 0], [0, 1, 0, 1])

    assert auc == pytest.approx(0.25)  # of 2 x 2 pairs, only the second place before the third is right
    assert mrr == pytest.approx((1 / 2 + 1 / 4) / 2)
    # (1 / log2(3) + 1 / log2(5)) / (1 / log2(2) + 1 / log2(3)) = (0.63093 + 0.43068) / 1.63093
    assert ndcg_5 == pytest.approx(0.65093, abs=1e-5)
    assert ndcg_10 == pytest.approx(ndcg_5)


def test_ndcg_looks_only_at_the_places_it_is_named_for() -> None:
    # the click is in place 7: none of the first five, and 1 / log2(8) in ten
    assert of_one(list(range(12, 0, -1)), [0] * 6 + [1] + [0] * 5)[2:] == pytest.approx([0.0, 1 / 3])
    # six clicks on top: only five fit into the ideal, too
    assert of_one(list(range(12, 0, -1)), [1] * 6 + [0] * 6)[2:] == pytest.approx([1.0, 1.0])


def test_a_scorer_that_says_nothing_gains_nothing() -> None:
    auc, mrr, ndcg_5, _ = of_one([0, 0, 0, 0], [0, 0, 0, 1])

    assert auc == 0.5
    assert mrr == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)  # each of four places alike
    assert ndcg_5 == pytest.approx((1 + 0.63093 + 0.5 + 0.43068) / 4, abs=1e-5)


def test_ties_share_only_their_own_places() -> None:
    # places: 1 clicked, {2, 3} tied with one click, 4 not: pairs won 2 + (1 + 0.5) of 4
    auc, mrr, *_ = of_one([5, 4, 4, 1], [1, 1, 0, 0])

    assert auc == pytest.approx(3.5 / 4)
    assert mrr == pytest.approx((1 + (1 / 2 + 1 / 3) / 2) / 2)


def test_impressions_are_measured_apart() -> None:
    both = quality(np.array([1.0, 2.0, 9.0, 8.0, 7.0]), np.array([1, 0, 0, 0, 1], dtype=bool), np.array([0, 2, 5]))

    assert both[:, 0].tolist() == [0.0, 0.0]
    assert both[:, 1] == pytest.approx([1 / 2, 1 / 3])


@settings(print_blob=True, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=2, max_size=15))
def test_auc_counts_pairs_in_the_right_order(rows: list[tuple[int, bool]]) -> None:
    scores, clicked = (list(column) for column in zip(*rows, strict=True))
    hits = [s for s, c in rows if c]
    misses = [s for s, c in rows if not c]
    if not hits or not misses:
        return
    won = sum((hit > miss) + (hit == miss) / 2 for hit in hits for miss in misses)

    assert of_one(scores, clicked)[0] == pytest.approx(won / len(hits) / len(misses))


def test_top_breaks_ties_the_same_way_each_time_and_not_by_place() -> None:
    offsets = np.array([0, 40])
    best, place = top(np.zeros(40), offsets, k=3)

    assert place.tolist() == [0, 1, 2]
    assert best.tolist() == top(np.zeros(40), offsets, k=3)[0].tolist()
    assert best.tolist() != [0, 1, 2]


def log_of_two() -> ImpressionLog:
    """Items 0 and 1 are of topic a, 2 of b, 3 of none; 0 and 2 point the same way, 1 across."""
    catalogue = Catalogue(
        ids=("n0", "n1", "n2", "n3"),
        texts=("",) * 4,
        vectors=np.array([[1, 0], [0, 1], [1, 0], [0, 1]], dtype=np.float32),
        embedder="axes@1",
        topics=np.array([[1, 0], [1, 0], [0, 1], [0, 0]], dtype=np.float32),
        topic_names=("a", "b"),
        published=np.full(4, np.nan),
        providers=(None,) * 4,
    )

    def shown(at: float, candidates: list[int], clicked: list[int]) -> Impression:
        n = len(candidates)
        return Impression(
            user=0,
            at=at,
            history=np.zeros(0, dtype=np.intp),
            history_weights=np.zeros(0),
            candidates=np.array(candidates),
            clicked=np.array(clicked, dtype=bool),
            exposure=np.full(n, 1 / n),
            propensity=np.ones(n),
        )

    return ImpressionLog(catalogue, (shown(0.0, [0, 1, 2], [1, 1, 0]), shown(1.0, [0, 2], [1, 0])))


def test_beyond_accuracy_of_lists_that_show_everything() -> None:
    log = log_of_two()
    before = clicks_before_all(log)
    found = beyond_accuracy(
        np.array([3.0, 2.0, 1.0, 1.0, 2.0]), np.array([0, 3, 5]), log, np.array([0.0, 0.0, 0.0, 1.0, 0.0]), before
    )

    assert before.tolist() == [0.0, 2.0]
    assert found["coverage"] == 1.0
    # the first list's pairs have cosines 0, 1, 0, the second's 1: ((1 - 1/3) + (1 - 1)) / 2
    assert found["diversity"] == pytest.approx(1 / 3)
    # shares (0 + 1) / (0 + 4) three times; then, after two clicks, (0 + 1) / (2 + 4) and (1 + 1) / (2 + 4)
    assert found["novelty"] == pytest.approx((3 * 2 + np.log2(6) + np.log2(3)) / 5)
    # a: places 1 and 2, then 2; b: place 3, then 1
    a, b = 1 + 0.63093 + 0.63093, 0.5 + 1
    assert found["exposure"] == pytest.approx({"a": a / (a + b), "b": b / (a + b)}, abs=1e-5)


def test_the_bootstrap_resamples_users_with_all_their_impressions() -> None:
    # two users, one of two impressions at 0, one of one at 1: a resample has (0, 0), (0, 1) or (1, 1)
    means = PairedBootstrap([7, 7, 9], resamples=500).means(np.array([[0.0], [0.0], [1.0]]))[:, 0]

    assert sorted(set(means.round(6))) == [0.0, 0.333333, 1.0]
    assert (means == 0.0).mean() == pytest.approx(1 / 4, abs=0.06)


def test_rankers_are_compared_on_the_same_resamples() -> None:
    rng = np.random.default_rng(1)
    one = rng.random((50, 4))
    bootstrap = PairedBootstrap(np.arange(50), resamples=300)
    means = compare({"one": one, "better": one + 0.1}, bootstrap)
    low, high = interval((means["better"] - means["one"])[:, 0])

    assert means["one"].shape == (300, 4)
    assert (low, high) == pytest.approx((0.1, 0.1))
    assert np.ptp(interval(means["one"][:, 0])) > 0.05
    assert (bootstrap.means(one) == means["one"]).all()
