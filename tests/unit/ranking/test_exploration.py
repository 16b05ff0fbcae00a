from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.ranking.exploration import draw, exploration_places, posteriors, win_probabilities


@pytest.mark.parametrize(
    ("limit", "candidates", "share", "places"),
    [
        (10, 50, 0.1, (9,)),
        (20, 50, 0.1, (9, 19)),
        (10, 50, 0.2, (4, 9)),
        (15, 50, 0.1, (6, 14)),  # 1.5, rounded up
        (5, 50, 0.1, (4,)),  # 0.5, rounded up
        (4, 50, 0.5, ()),  # fewer than five places
        (10, 10, 0.5, ()),  # all are shown anyway
        (10, 11, 0.1, (9,)),
        (10, 50, 0.04, ()),  # 0.4, rounded down
        (10, 50, 0.0, ()),
    ],
)
def test_places(limit: int, candidates: int, share: float, places: tuple[int, ...]) -> None:
    assert exploration_places(limit, candidates, share) == places


def test_posteriors_start_from_the_pooled_rate() -> None:
    # r = (1 + 2) / (2 + 10) = 1/4, so the prior is Beta(1, 3); 2 clicks and 8 misses are added to the first.
    a, b = posteriors([2, 0], [10, 0])
    assert (a.tolist(), b.tolist()) == ([3, 1], [11, 3])


def test_where_nothing_was_counted_every_rate_is_alike() -> None:
    a, b = posteriors([0, 0], [0, 0])
    assert (a.tolist(), b.tolist()) == ([1, 1], [1, 1])


def test_clicks_without_impressions_count_as_one_each() -> None:
    # No misses; r = 6 / 7 counts as 1/2.
    a, b = posteriors([5, 0], [0, 0])
    assert (a.tolist(), b.tolist()) == ([6, 1], [1, 1])


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([3], [7], [1]),
        ([1, 1, 1], [1, 1, 1], [1 / 3, 1 / 3, 1 / 3]),
        # Densities 2x and 1: integral of F_2 dF_1 = integral of x * 2x = 2/3
        ([2, 1], [1, 1], [2 / 3, 1 / 3]),
        # Densities 1 and 2(1 - x): integral of 1 - (1 - x)^2 = 2/3
        ([1, 1], [1, 2], [2 / 3, 1 / 3]),
        # Rates known almost exactly: 0.1 against 0.2
        ([1e5, 2e5], [9e5, 8e5], [0, 1]),
    ],
)
def test_win_probabilities_by_hand(a: list[float], b: list[float], expected: list[float]) -> None:
    assert win_probabilities(np.array(a), np.array(b)) == pytest.approx(expected, abs=0.002)


_counts = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 50_000)), min_size=1, max_size=20)


@settings(print_blob=True, deadline=None, max_examples=40)
@given(counts=_counts)
def test_win_probabilities_are_those_of_thompson_sampling(counts: list[tuple[int, int]]) -> None:
    a, b = posteriors(*np.array(counts).T)
    likely = win_probabilities(a, b)
    draws = np.random.default_rng(7).beta(a, b, size=(20_000, len(a)))
    assert likely == pytest.approx(np.bincount(draws.argmax(axis=1), minlength=len(a)) / 20_000, abs=0.02)
    assert likely.sum() == pytest.approx(1.0, abs=1e-9)
    assert (likely >= 0.0).all()


def test_draws_have_the_given_probabilities_and_the_seed_decides() -> None:
    probabilities = np.array([0.0, 0.7, 0.0, 0.3, 0.0])
    drawn = Counter(draw(probabilities, f"slate-{number}") for number in range(4000))
    # Standard error sqrt(0.7 * 0.3 / 4000) = 0.0072
    assert drawn[1] / 4000 == pytest.approx(0.7, abs=0.03)
    assert set(drawn) == {1, 3}
    assert draw(probabilities, "slate-1") == draw(probabilities, "slate-1")
