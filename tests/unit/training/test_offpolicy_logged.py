"""Logged decisions are refused where they contradict themselves, and made from slates."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from feedsmith.errors import ValidationFailed
from feedsmith_training.offpolicy import LoggedDecisions, from_slates

GOOD: dict[str, Any] = {  # pools {10, 11} and {10, 11, 12}
    "context": [0, 1],
    "offsets": [0, 2, 5],
    "items": [10, 11, 10, 11, 12],
    "chosen": [0, 2],
    "propensity": [0.5, 0.25],
    "reward": [1.0, 0.0],
}


def test_a_sound_log_is_taken_as_it_is() -> None:
    logged = LoggedDecisions(**GOOD)
    assert len(logged) == 2
    assert logged.sizes.tolist() == [2, 3]
    assert logged.owner.tolist() == [0, 0, 1, 1, 1]
    assert logged.items[logged.chosen_at].tolist() == [10, 12]
    assert logged.units.tolist() == [0, 1]


def test_the_log_is_a_copy_that_nobody_changes() -> None:
    reward = np.array([1.0, 0.0])
    logged = LoggedDecisions(**{**GOOD, "reward": reward})
    reward[0] = 7.0
    assert logged.reward.tolist() == [1.0, 0.0]
    with pytest.raises(ValueError, match="read-only"):
        logged.reward[0] = 7.0


@pytest.mark.parametrize(
    ("field", "value", "path", "said"),
    [
        ("propensity", [0.5, 0.0], "/propensity/1", "outside (0, 1]"),
        ("propensity", [1.5, -1.0], "/propensity/0", "(2 such rows)"),
        ("propensity", [0.5, np.nan], "/propensity/1", "outside (0, 1]"),
        ("propensity", [0.5], "/propensity", "has length 1, but 2 is needed"),
        ("propensity", [[0.5, 0.5]], "/propensity", "one-dimensional array of numbers"),
        ("context", [0.5, 1.5], "/context", "one-dimensional array of integers"),
        ("offsets", [0, 2, 4], "/offsets", "end at 5"),
        ("offsets", [0, 6, 5], "/offsets", "never fall"),
        ("offsets", [0, 0, 5], "/offsets/0", "the pool is empty"),
        ("chosen", [0, 3], "/chosen/1", "not in its pool"),
        ("chosen", [-1, 0], "/chosen/0", "not in its pool"),
        ("items", [10, 10, 10, 11, 12], "/items/1", "twice"),
        ("items", [10, 11, 12, 11, 12], "/items/4", "twice"),
        ("reward", [np.inf, 0.0], "/reward/0", "not a finite number"),
        ("pool_propensity", [0.5, 0.5, 0.5, 0.25], "/pool_propensity", "has length 4, but 5"),
        ("pool_propensity", [0.5, 0.6, 0.5, 0.25, 0.25], "/pool_propensity/0", "sums to more than 1"),
        ("pool_propensity", [0.5, 0.5, 0.5, 0.1, 0.4], "/pool_propensity/2", "contradicts the propensity"),
        ("pool_propensity", [0.5, -0.1, 0.5, 0.25, 0.25], "/pool_propensity/1", "outside [0, 1]"),
        ("cluster", [0], "/cluster", "has length 1"),
    ],
)
def test_a_contradiction_is_named(field: str, value: Any, path: str, said: str) -> None:
    with pytest.raises(ValidationFailed, match=re.escape(said)) as caught:
        LoggedDecisions(**{**GOOD, field: value})
    assert [error["path"] for error in caught.value.errors] == [path]


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(ValidationFailed) as caught:
        LoggedDecisions(**{**GOOD, "propensity": [2.0, 0.5], "reward": [0.0, np.nan]})
    assert [error["path"] for error in caught.value.errors] == ["/propensity/0", "/reward/1"]


def test_an_empty_log_is_refused() -> None:
    nothing = np.array([], dtype=np.intp)
    with pytest.raises(ValidationFailed, match="no decision was logged"):
        LoggedDecisions(nothing, np.array([0]), nothing, nothing, nothing.astype(float), nothing.astype(float))


def test_unknown_pool_propensities_are_allowed_beside_the_chosen_one() -> None:
    LoggedDecisions(**GOOD, pool_propensity=np.array([0.5, np.nan, np.nan, np.nan, 0.25]))


# -- from slates ---------------------------------------------------------------------------------------------

SLATES: dict[str, Any] = {  # unordered on purpose; slate 4 shows 7, then 9 (explored); slate 5 shows 8 (explored)
    "slate": [4, 5, 4],
    "position": [1, 0, 0],
    "item": [9, 8, 7],
    "propensity": [0.5, 0.25, 1.0],
    "clicked": [1, 0, 0],
    "pools": {4: [7, 8, 9], 5: [7, 8]},
}


def test_a_place_is_chosen_from_what_is_left_above_it() -> None:
    logged = from_slates(**SLATES)
    # Slate 4, place 1: 7 is taken, so 8 and 9 are left, and 9 was shown. Slate 5, place 0: 7 and 8, 8 was shown.
    assert logged.context.tolist() == [4, 5]
    assert logged.items.tolist() == [8, 9, 7, 8]
    assert logged.offsets.tolist() == [0, 2, 4]
    assert logged.chosen.tolist() == [1, 1]
    assert logged.propensity.tolist() == [0.5, 0.25]
    assert logged.reward.tolist() == [1.0, 0.0]


def test_places_without_chance_can_be_kept_and_share_a_unit_with_their_slate() -> None:
    logged = from_slates(**SLATES, explored_only=False)
    assert logged.sizes.tolist() == [3, 2, 2]
    assert logged.propensity.tolist() == [1.0, 0.5, 0.25]
    assert logged.units.tolist() == [0, 0, 1]


def test_a_pinned_item_from_outside_the_pool_is_no_decision() -> None:
    logged = from_slates(**{**SLATES, "item": [9, 8, 1]})  # item 1 was placed by hand above
    assert logged.items.tolist() == [7, 8, 9, 7, 8]


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        ({"clicked": [1, 0]}, "/clicked", "has shape (2,), but slate has 3 rows"),
        ({"propensity": [0.5, 0.0, 1.0]}, "/propensity/1", "outside (0, 1]"),
        ({"pools": {4: [7, 8, 9]}}, "/slate/1", "has no pool"),
        ({"position": [0, 0, 0]}, "/position/2", "filled before"),
        ({"item": [7, 8, 7]}, "/item/0", "twice"),
        ({"item": [3, 8, 7]}, "/item/0", "not in its pool"),
        ({"propensity": [1.0, 1.0, 1.0]}, "/propensity", "exploration slot"),
    ],
)
def test_slates_that_contradict_themselves_are_refused(change: dict[str, Any], path: str, said: str) -> None:
    with pytest.raises(ValidationFailed, match=re.escape(said)) as caught:
        from_slates(**{**SLATES, **change})
    assert [error["path"] for error in caught.value.errors] == [path]
