"""Interests: what a history falls into."""

from __future__ import annotations

import math

import pytest

from feedsmith.profiles.interests import LikedItem, find_interests, min_similarity_of
from support.people import make_item, unit


def liked(item_id: str, *coordinates: float, weight: float = 1.0, **about: object) -> LikedItem:
    return LikedItem(make_item(item_id, **about), unit(*coordinates), weight)  # type: ignore[arg-type] # passed on


def test_two_subjects_are_two_interests_named_by_their_newest_item() -> None:
    # GIVEN, newest first: sport, politics, sport; the sport items' cosine is .8, politics is orthogonal to both
    history = [
        liked("s1", 1, 0, 0, weight=2, topics={"sport": 0.9}),
        liked("p1", 0, 0, 1, weight=1, topics={"politics": 0.8}),
        liked("s2", 0.8, 0.6, 0, weight=1, topics={"sport": 0.5, "politics": 0.4}),
    ]
    # WHEN
    sport, politics = find_interests(history)
    # THEN: weights 3/4 and 1/4; sport's centroid is (2 + .8, .6, 0) / sqrt(2.8^2 + .6^2 = 8.2)
    assert (sport.label, sport.weight, sport.newest_item_id) == ("sport", 0.75, "s1")
    assert sport.newest_title == "Title of s1"
    assert sport.vector == pytest.approx((2.8 / math.sqrt(8.2), 0.6 / math.sqrt(8.2), 0), abs=1e-6)
    assert (politics.label, politics.weight, politics.newest_item_id) == ("politics", 0.25, "p1")


def test_linkage_is_the_average_over_members() -> None:
    # a-b .8 join; c-b .6 alone would join at .5, but the average of a-c 0 and b-c .6 is .3
    history = [liked("a", 1, 0, 0), liked("b", 0.8, 0.6, 0), liked("c", 0, 1, 0)]
    assert len(find_interests(history, min_similarity=0.5)) == 2
    assert len(find_interests(history, min_similarity=0.25)) == 1


def test_no_more_than_five_and_the_heaviest() -> None:
    history = [liked(f"i{n}", *(float(n == axis) for axis in range(7)), weight=n + 1) for n in range(7)]
    found = find_interests(history)
    assert [interest.newest_item_id for interest in found] == ["i6", "i5", "i4", "i3", "i2"]
    assert sum(interest.weight for interest in found) == pytest.approx(25 / 28)  # 7+6+5+4+3 of 1+...+7


def test_only_the_newest_two_hundred_are_clustered() -> None:
    history = [liked(f"i{n}", 1, 0) for n in range(200)] + [liked("old", 0, 1, weight=100)]
    (only,) = find_interests(history)
    assert only.newest_item_id == "i0"


def test_label_falls_back_to_keyword_and_then_title() -> None:
    history = [liked("a", 1, 0, keywords=["cup", "final"]), liked("b", 1, 0, keywords=["final"]), liked("c", 0, 1)]
    assert [interest.label for interest in find_interests(history)] == ["final", "Title of c"]


def test_nothing_liked_no_interest() -> None:
    assert find_interests([]) == ()


@pytest.mark.parametrize(
    ("embedder", "interests"), [("minilm", 1), ("e5", 2), ("sentence-transformers:intfloat/multilingual-e5-base", 2)]
)
def test_an_embedder_that_crowds_its_vectors_needs_more_likeness(embedder: str, interests: int) -> None:
    history = [liked("a", 1, 0), liked("b", 0.75, 0.6614378)]  # cosine .75: near for MiniLM, far for e5
    assert len(find_interests(history, min_similarity=min_similarity_of(embedder))) == interests
