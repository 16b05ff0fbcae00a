from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.domains.loader import Reranking
from feedsmith.ranking.reranking import rerank

A, B, C = (1.0, 0.0), (0.0, 1.0), (0.6, 0.8)


def slate(
    scores: list[float], vectors: list[Any], *, mmr: float = 1.0, cap: int = 100, limit: int = 100,
    providers: Sequence[str | None] | None = None, keys: list[str] | None = None,
) -> list[int]:  # fmt: skip
    n = len(scores)
    return rerank(
        np.array(scores),
        np.array(vectors, dtype=np.float32).reshape(n, 2),
        keys or [f"k{i:03d}" for i in range(n)],
        [None] * n if providers is None else providers,
        Reranking(mmr=mmr, max_per_provider=cap),
        limit,
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


@settings(print_blob=True, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.floats(-5, 5, width=32), st.floats(0, 6, width=32), st.sampled_from([None, "p", "q", "r"])),
        max_size=30,
    ),
    mmr=st.floats(0, 1),
    cap=st.integers(1, 4),
    limit=st.integers(0, 30),
)
def test_a_slate_is_distinct_full_and_independent_of_the_order_of_candidates(
    rows: list[tuple[float, float, str | None]], mmr: float, cap: int, limit: int
) -> None:
    keys = [f"k{i:03d}" for i in range(len(rows))]

    def run(order: list[int]) -> list[str]:
        chosen = slate(
            [rows[i][0] for i in order],
            [(np.cos(rows[i][1]), np.sin(rows[i][1])) for i in order],
            mmr=mmr, cap=cap, limit=limit,
            providers=[rows[i][2] for i in order], keys=[keys[i] for i in order],
        )  # fmt: skip
        return [keys[order[i]] for i in chosen]

    forwards = list(range(len(rows)))
    result = run(forwards)
    assert len(result) == len(set(result)) == min(limit, len(rows))
    assert run(forwards[::-1]) == result
