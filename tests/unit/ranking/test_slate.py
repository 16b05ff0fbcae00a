from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from feedsmith.domains.loader import Reranking
from feedsmith.ranking.slate import Placed, make_slate


def slate(
    n: int, limit: int, *, exploration: float = 0.1, seed: str = "s", cap: int = 100,
    providers: Sequence[str | None] | None = None, clicks: Any = None, shown: Any = None,
) -> list[Placed]:  # fmt: skip
    """Of n candidates, the first the best, with nothing but score, cap and exploration."""
    return make_slate(
        np.arange(n, 0, -1.0),
        np.tile(np.array([1.0, 0.0], dtype=np.float32), (n, 1)),
        [f"k{i:03d}" for i in range(n)],
        [None] * n if providers is None else providers,
        np.zeros((n, 0)),
        np.zeros(0),
        [0] * n if clicks is None else clicks,
        [0] * n if shown is None else shown,
        Reranking(mmr=1.0, max_per_provider=cap, exploration=exploration),
        limit,
        seed,
    )


def test_the_last_of_ten_places_explores_and_the_others_are_certain() -> None:
    found = slate(100, 10)
    assert [placed.row for placed in found[:9]] == list(range(9))
    assert all(placed == Placed(placed.row, 1.0, explored=False) for placed in found[:9])
    # Nothing is counted, so that the 20 best that are left are alike.
    assert found[9].explored
    assert found[9].row in range(9, 29)
    assert found[9].propensity == pytest.approx(1 / 20, abs=0.001)


@pytest.mark.parametrize(("n", "limit", "exploration"), [(100, 10, 0.0), (10, 10, 0.1), (3, 10, 0.5), (100, 4, 0.5)])
def test_without_exploration_the_slate_is_the_ranking(n: int, limit: int, exploration: float) -> None:
    assert slate(n, limit, exploration=exploration) == [Placed(row) for row in range(min(n, limit))]


def test_a_slate_can_be_made_again_from_its_id() -> None:
    assert slate(100, 20, seed="a") == slate(100, 20, seed="a")
    assert len({slate(100, 10, seed=f"s{number}")[9].row for number in range(50)}) > 5


def test_propensities_are_the_shares_of_many_slates() -> None:
    # GIVEN five candidates besides nine certain ones, of which one has been clicked often and one never in 500 times
    clicks, shown = [0] * 9 + [30, 0, 5, 0, 0], [0] * 9 + [200, 500, 50, 0, 5]
    # WHEN
    found = [slate(14, 10, seed=f"s{number}", clicks=clicks, shown=shown)[9] for number in range(2000)]
    # THEN each item has the place as often as was said
    propensity = {placed.row: placed.propensity for placed in found}
    for row, times in Counter(placed.row for placed in found).items():
        assert times / 2000 == pytest.approx(propensity[row], abs=0.04)
    assert propensity.get(10, 0.0) < 0.01
    assert propensity[9] > 0.3


def test_two_exploration_places_hold_two_items() -> None:
    # Twenty places, two of them for the three that are left: 1/3, then 1/2.
    found = slate(21, 20)
    assert [place for place, placed in enumerate(found) if placed.explored] == [9, 19]
    assert [found[9].propensity, found[19].propensity] == pytest.approx([1 / 3, 1 / 2], abs=0.002)
    assert len({placed.row for placed in found}) == 20


def test_an_explored_item_keeps_within_its_providers_cap() -> None:
    # GIVEN p with 3 items at most, more of whom are next in line
    providers = ["p"] * 30 + [f"q{number}" for number in range(8)]
    # THEN the place goes to one of the two q that the ranking leaves
    for number in range(20):
        found = slate(38, 10, cap=3, providers=providers, seed=f"s{number}")
        assert found[9].row in (36, 37)
        assert found[9].propensity == pytest.approx(1 / 2, abs=0.002)


def test_the_cap_yields_to_exploration_rather_than_leave_its_place_empty() -> None:
    found = slate(12, 10, cap=1, providers=["p"] * 12)
    assert len(found) == 10
    assert found[9].explored
