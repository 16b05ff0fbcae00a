"""What a ranker would have earned where chance decided; the values are worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from feedsmith_training.exploration import POOL_UNKNOWN, off_policy
from feedsmith_training.log import Catalogue, Impression, ImpressionLog
from feedsmith_training.replay import HalfLives
from support.rankers import EMBEDDER, FeatureRanker

HALF_LIVES = HalfLives(trend=1, freshness=1)
LIKES_FIRST_AXIS = FeatureRanker("v1", "taste")
# Items 0 to 3 lie ever farther from the first axis, where the reader's taste is.
ANGLES = np.array([0.0, 0.2, 0.4, 0.6])
CATALOGUE = Catalogue(
    ids=("a", "b", "c", "d"),
    texts=("",) * 4,
    vectors=np.column_stack([np.cos(ANGLES), np.sin(ANGLES)]).astype(np.float32),
    embedder=EMBEDDER,
    topics=np.zeros((4, 1), dtype=np.float32),
    topic_names=("sport",),
    published=np.zeros(4),
    providers=(None,) * 4,
)


def slate(number: int, explored: int, clicked: bool) -> Impression:
    """Item 3 in the first place, and in the second one of the items 0 and 1, each with probability one half."""
    return Impression(
        user=number, at=1_000.0 + number, history=np.array([0], dtype=np.intp), history_weights=np.ones(1),
        candidates=np.array([3, explored], dtype=np.intp), clicked=np.array([False, clicked]),
        exposure=np.ones(2), propensity=np.array([1.0, 0.5]),
    )  # fmt: skip


# Item 0 was tried in four slates and clicked in three, item 1 in four and clicked in one.
SLATES = [
    slate(number, explored, clicked)
    for number, (explored, clicked) in enumerate(
        [(0, True), (1, False), (0, True), (1, True), (0, False), (1, False), (0, True), (1, False)]
    )
]
LOG = ImpressionLog(CATALOGUE, tuple(SLATES))
POOLS = {number: np.array([3, 0, 1], dtype=np.intp) for number in range(8)}


def test_without_exploration_there_is_nothing_to_say() -> None:
    certain = tuple(replace(impression, propensity=np.ones(2)) for impression in SLATES)

    assert off_policy(ImpressionLog(CATALOGUE, certain), LIKES_FIRST_AXIS, HALF_LIVES, start=0) is None
    assert off_policy(LOG, LIKES_FIRST_AXIS, HALF_LIVES, start=8) is None


def test_unknown_pools_are_said_not_guessed() -> None:
    found = off_policy(LOG, LIKES_FIRST_AXIS, HALF_LIVES, start=2)

    assert found is not None
    assert (found.places, found.usable, found.note, found.snips) == (6, 0, POOL_UNKNOWN, None)


def test_a_ranker_that_would_always_have_taken_the_better_item() -> None:
    found = off_policy(LOG, LIKES_FIRST_AXIS, HALF_LIVES, start=0, pools=POOLS)

    assert found is not None
    assert found.ips is not None
    assert found.snips is not None
    assert found.doubly_robust is not None
    assert found.diagnostics is not None
    assert (found.places, found.usable, found.note) == (8, 8, "")
    assert found.logged == 0.5  # 4 clicks in 8 places
    # Item 0 is nearest: its four slates weigh 1 / .5 = 2 each and brought 3 clicks. 2 * 3 / 8, and 3 / 4.
    assert found.ips.value == pytest.approx(0.75)
    assert found.snips.value == pytest.approx(0.75)
    assert 0.5 < found.doubly_robust.value < 1.0
    assert found.diagnostics.verdict == "supported"
    assert found.diagnostics.max_weight == 2.0


def test_only_slates_of_the_window_with_a_pool_count() -> None:
    found = off_policy(LOG, LIKES_FIRST_AXIS, HALF_LIVES, start=4, pools={2: POOLS[2], 4: POOLS[4], 6: POOLS[6]})

    assert found is not None
    assert (found.places, found.usable) == (4, 2)
    assert found.snips is not None
    assert found.snips.value == pytest.approx(0.5)  # item 0 in both, clicked once


def test_a_log_that_says_nothing_of_the_ranker_has_no_estimate() -> None:
    only_others = {number: POOLS[number] for number in (1, 3, 5, 7)}  # where item 1 was drawn

    found = off_policy(LOG, LIKES_FIRST_AXIS, HALF_LIVES, start=0, pools=only_others)

    assert found is not None
    assert (found.usable, found.ips) == (4, None)
    assert "never chooses what was logged" in found.note


def test_one_slate_makes_no_interval() -> None:
    found = off_policy(LOG, LIKES_FIRST_AXIS, HALF_LIVES, start=0, pools={0: POOLS[0]})

    assert found is not None
    assert "two independent decisions" in found.note
