from __future__ import annotations

import numpy as np
import pytest

from feedsmith.ranking.exposure import ExposureFloor, exposure, provider_codes

# Of four places: 1, 0.6309, 0.5, 0.4307; together 2.5616.
FOUR = exposure(range(4)).tolist()


def floor(relevance: list[float], providers: str, *, share: float, places: int = 4, most: int = 100) -> ExposureFloor:
    codes = provider_codes([None if p == "-" else p for p in providers])
    return ExposureFloor(np.array(relevance), codes, exposure(range(places)).tolist(), share, most)


def test_exposure_falls_with_the_logarithm_of_the_place() -> None:
    # 1 / log2(2), 1 / log2(3), 1 / log2(4), 1 / log2(8)
    assert exposure([0, 1, 2, 6]) == pytest.approx([1.0, 0.63093, 0.5, 1 / 3], abs=1e-5)


def test_providers_are_numbered_by_name_and_nobody_is_0() -> None:
    assert provider_codes(["q", None, "p", "q"]).tolist() == [2, 0, 1, 2]
    assert provider_codes([]).tolist() == []


def test_a_share_of_what_is_in_proportion_to_merit_is_owed() -> None:
    # Merit: p 3.4, q 1.8, of 5.2. Half of that part of 2.5616: p 0.8375, q 0.4434.
    found = floor([1, 0.9, 0.8, 0.7, 0.6, 0.6, 0.6], "ppppqqq", share=0.5)
    assert found.owed == pytest.approx({1: 0.8375, 2: 0.4434}, abs=1e-4)


def test_less_than_the_last_place_is_not_owed() -> None:
    # 0.4 instead of 0.5: q 0.3547 < 0.4307.
    assert list(floor([1, 0.9, 0.8, 0.7, 0.6, 0.6, 0.6], "ppppqqq", share=0.4).owed) == [1]


def test_items_without_a_provider_have_merit_but_no_claim() -> None:
    # p has one half: 0.8 * 0.5 * 2.5616 = 1.0246, but a single item: the last place's 0.4307.
    assert floor([1, 1], "-p", share=0.8).owed == pytest.approx({1: FOUR[3]})


def test_no_more_is_owed_than_the_cap_lets_pass() -> None:
    # 0.9 * 2.5616 = 2.3054; two items on the last two places: 0.5 + 0.4307.
    assert floor([1, 1, 1, 1], "pppp", share=0.9, most=2).owed == pytest.approx({1: FOUR[2] + FOUR[3]})


def test_where_there_is_no_room_for_all_the_ones_with_most_merit_come_first() -> None:
    # Three places: 1, 0.6309, 0.5. Each is owed 0.95 / 2 * 2.1309 = 1.0122: the last two places for one provider, and
    # the first alone is not enough for the other.
    assert list(floor([1, 1, 1, 1, 1, 1], "qqqppp", share=0.95, places=3).owed) == [1]
    assert list(floor([1, 1.02, 1, 1, 1, 1], "qqqppp", share=0.95, places=3).owed) == [2]


def test_only_when_the_last_places_are_needed_are_they_kept() -> None:
    # q is owed 0.4434: of four places, the last two would pay it (0.5 + 0.4307), and so would any one before the last.
    found = floor([1, 0.9, 0.8, 0.7, 0.6, 0.6, 0.6], "ppppqqq", share=0.5)
    found.give(1)
    assert found.open_to().tolist() == [True, True, True]
    found.give(1)
    assert found.open_to().tolist() == [False, False, True]
    found.give(2)
    assert found.owed[2] < 0
    assert found.open_to().tolist() == [True, True, True]


@pytest.mark.parametrize(
    ("relevance", "share", "places"), [([1.0], 0.0, 1), ([0.0], 0.5, 1), ([1.0], 0.5, 0), ([], 0.5, 0)]
)
def test_nothing_is_owed(relevance: list[float], share: float, places: int) -> None:
    assert floor(relevance, "p" * len(relevance), share=share, places=places).owed == {}
