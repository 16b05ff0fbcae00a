from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.domains.loader import Reranking
from feedsmith.ranking.exposure import ExposureFloor, exposure, provider_codes
from feedsmith.ranking.reranking import rerank

A, B, C = (1.0, 0.0), (0.0, 1.0), (0.6, 0.8)


def slate(
    scores: Sequence[float], vectors: Sequence[Any], *, mmr: float = 1.0, cap: int = 100, limit: int = 100,
    calibration: float = 0.0, floor: float = 0.0, rule: Reranking | None = None,
    providers: Sequence[str | None] | None = None, keys: list[str] | None = None,
    topics: Any = None, shares: Sequence[float] = (), reserved: tuple[int, ...] = (),
) -> list[int]:  # fmt: skip
    n = len(scores)
    return rerank(
        np.array(scores, dtype=np.float64),
        np.array(vectors, dtype=np.float32).reshape(n, 2),
        keys or [f"k{i:03d}" for i in range(n)],
        [None] * n if providers is None else providers,
        np.array([()] * n if topics is None else topics, dtype=np.float64).reshape(n, len(shares)),
        np.array(shares, dtype=np.float64),
        rule or Reranking(mmr=mmr, calibration=calibration, max_per_provider=cap, provider_floor=floor),
        limit,
        reserved,
    )


def test_relevance_alone_orders_by_score() -> None:
    assert slate([0.1, 0.9, 0.5], [A, A, A]) == [1, 2, 0]


def test_mmr_by_hand() -> None:
    # Scores 10, 9, 8, 0 -> relevance 1, 0.9, 0.8, 0; lambda 0.5.
    # First: the best, at A. Then each minus its likeness to A:
    #   1 at A: 0.45 - 0.5 * 1   = -0.05
    #   2 at C: 0.40 - 0.5 * 0.6 =  0.10
    #   3 at B: 0.00 - 0.5 * 0   =  0.00    -> 2
    # Then the largest likeness to A or C:
    #   1 at A: 0.45 - 0.5 * 1   = -0.05    -> 1
    #   3 at B: 0.00 - 0.5 * 0.8 = -0.40
    assert slate([10, 9, 8, 0], [A, A, C, B], mmr=0.5) == [0, 2, 1, 3]


def test_equal_scores_go_by_key() -> None:
    assert slate([1, 1, 1], [A, A, A], keys=["c", "a", "b"]) == [1, 2, 0]


def test_at_equal_value_the_higher_score_comes_first() -> None:
    # lambda 0: after the best (at A) both others count -1.
    assert slate([3, 1, 2], [A, A, A], mmr=0.0) == [0, 2, 1]


def test_a_provider_is_capped_in_any_ten_neighbouring_places() -> None:
    # GIVEN eight items of p before twelve of twelve others, and two of p allowed
    providers = ["p"] * 8 + [f"q{i}" for i in range(12)]
    scores = [float(20 - i) for i in range(20)]
    # WHEN
    order = slate(scores, [A] * 20, cap=2, limit=20, providers=providers)
    # THEN p takes places 0, 1, then 10, 11; from 16 on nobody else is left
    taken = [place for place, row in enumerate(order) if providers[row] == "p"]
    assert taken == [0, 1, 10, 11, 16, 17, 18, 19]
    assert order[:4] == [0, 1, 8, 9]


def test_the_cap_yields_rather_than_leave_places_empty() -> None:
    assert slate([4, 3, 2, 1], [A] * 4, cap=1, providers=["p", "p", "p", "q"]) == [0, 3, 1, 2]


def test_items_without_a_provider_are_not_capped() -> None:
    assert slate([4, 3, 2, 1], [A] * 4, cap=1, providers=[None, None, None, "q"]) == [0, 1, 2, 3]


@pytest.mark.parametrize(("n", "limit", "length"), [(0, 5, 0), (3, 5, 3), (5, 3, 3), (3, 0, 0)])
def test_length_of_the_slate(n: int, limit: int, length: int) -> None:
    assert len(slate([1.0] * n, [A] * n, limit=limit)) == length


def test_calibration_by_hand() -> None:
    # Scores 10, 9, 0 -> relevance 1, 0.9, 0; topics of the slate with 1: all of the first, which costs 1.9585 nats;
    # with 2: half and half, which costs none. So 1 leads by 0.9 - 1.9585 w: 0.117 at w = 0.4, -0.079 at w = 0.5.
    topics, shares = [[1, 0], [1, 0], [0, 1]], [0.5, 0.5]
    assert slate([10, 9, 0], [A] * 3, calibration=0.4, topics=topics, shares=shares) == [0, 1, 2]
    assert slate([10, 9, 0], [A] * 3, calibration=0.5, topics=topics, shares=shares) == [0, 2, 1]


def test_nothing_is_calibrated_for_a_stranger() -> None:
    assert slate([3, 2, 1], [A] * 3, calibration=5.0) == [0, 1, 2]


def test_a_provider_gets_the_exposure_that_its_merit_is_owed() -> None:
    # Scores 10 to 6 and 0 -> relevance 1, .9, .8, .7 for p, three times .6 for q, 0. Merit of q: 1.8 / 5.2. Half of
    # that part of the exposure 1 + .6309 + .5 + .4307 = 2.5616 is .4434: more than the last place, less than the third.
    scores, providers = [10, 9, 8, 7, 6, 6, 6, 0], ["p"] * 4 + ["q"] * 3 + [None]
    assert slate(scores, [A] * 8, providers=providers, limit=4) == [0, 1, 2, 3]
    assert slate(scores, [A] * 8, providers=providers, limit=4, floor=0.5) == [0, 1, 4, 2]
    assert slate(scores, [A] * 8, providers=providers, limit=4, floor=0.4) == [0, 1, 2, 3]  # 0.3547 is no place


def test_reserved_places_are_left_to_others() -> None:
    assert slate([4, 3, 2, 1], [A] * 4, limit=4, reserved=(1, 3)) == [0, 1]


_rows = st.lists(
    st.tuples(
        st.floats(-5, 5, width=32),
        st.floats(0, 6, width=32),
        st.sampled_from([None, "p", "q", "r"]),
        st.sampled_from([(1.0, 0.0), (0.0, 1.0), (0.25, 0.5), (0.0, 0.0)]),
    ),
    max_size=30,
)
_rules = st.builds(
    Reranking,
    mmr=st.floats(0, 1),
    calibration=st.floats(0, 2),
    max_per_provider=st.integers(1, 4),
    provider_floor=st.floats(0, 0.99),
)


@settings(print_blob=True, deadline=None, max_examples=200)
@given(rows=_rows, rule=_rules, limit=st.integers(0, 30))
def test_a_slate_is_distinct_full_capped_and_pays_what_is_owed_whatever_the_order_of_candidates(
    rows: list[tuple[float, float, str | None, tuple[float, float]]], rule: Reranking, limit: int
) -> None:
    def run(order: list[int]) -> list[int]:
        scores, angles, providers, topics = zip(*(rows[i] for i in order), strict=True) if rows else ((),) * 4
        found = slate(
            scores,
            [(np.cos(angle), np.sin(angle)) for angle in angles],
            rule=rule, limit=limit, providers=providers, topics=topics, shares=[0.75, 0.25],
            keys=[f"k{i:03d}" for i in order],
        )  # fmt: skip
        return [order[i] for i in found]

    forwards = list(range(len(rows)))
    found = run(forwards)
    assert len(found) == len(set(found)) == min(limit, len(rows))
    assert run(forwards[::-1]) == found

    providers = [row[2] for row in rows]
    for place, row in enumerate(found):
        if _at_cap(providers, found, place, providers[row], rule):
            assert all(_at_cap(providers, found, place, providers[i], rule) for i in set(forwards) - set(found[:place]))

    scores = np.array([row[0] for row in rows])
    spread = np.ptp(scores) if len(rows) else 0.0
    relevance = (scores - scores.min()) / spread if spread else np.ones(len(rows))
    codes, worth = provider_codes(providers), exposure(range(len(found)))
    owed = ExposureFloor(relevance, codes, worth.tolist(), rule.provider_floor, rule.max_per_provider).owed
    for code, amount in owed.items():
        assert worth[codes[found] == code].sum() >= amount - 1e-6


def _at_cap(providers: list[str | None], found: list[int], place: int, name: str | None, rule: Reranking) -> bool:
    before = [providers[row] for row in found[max(0, place - 9) : place]]
    return name is not None and before.count(name) >= rule.max_per_provider


@settings(print_blob=True, deadline=None)
@given(scores=st.lists(st.floats(-5, 5, width=32), max_size=30), limit=st.integers(0, 30))
def test_without_any_weight_the_order_is_that_of_the_scores(scores: list[float], limit: int) -> None:
    expected = sorted(range(len(scores)), key=lambda i: -scores[i])  # sorted is stable, and keys grow with the index
    assert slate(scores, [A] * len(scores), providers=["p"] * len(scores), limit=limit) == expected[:limit]
