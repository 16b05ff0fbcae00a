"""Tags of a profile, and what a profile is without some of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from feedsmith.domains import load_domains
from feedsmith.models import Event, IndexedItem, Item, Profile, Topic, Understanding, Wishes
from feedsmith.profiles.build import build_profile, positive_history
from feedsmith.profiles.tags import MOST_TAGS, Tag, Unheeded, domain_tags

NEWS = load_domains()["news"]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def item(
    key: str,
    topics: dict[str, float] | None = None,
    *,
    keywords: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
) -> IndexedItem:
    known = Item(id=key, domain="news", title=f"Title of {key}", categories=categories)
    understanding = Understanding(
        language="en", topics=tuple(Topic(name=n, score=s) for n, s in (topics or {}).items()), keywords=keywords
    )
    return IndexedItem(item=known, content_hash="h", understanding=understanding, indexed_at=NOON)


def vector(*coordinates: float) -> Any:
    return np.asarray(coordinates, dtype=np.float32)


# Two of sport, one of politics that has a bit of sport, one without topics.
ITEMS = {
    "s1": (item("s1", {"sport": 0.8, "health": 0.2}), vector(1, 0, 0)),
    "s2": (item("s2", {"sport": 1.0}, categories=("Games",)), vector(1, 0, 0)),
    "p": (item("p", {"politics": 0.6, "sport": 0.4}), vector(0, 1, 0)),
    "k": (item("k", keywords=("heron", "lake")), vector(0, 0, 1)),
}


def clicked(*keys: str, kind: str = "click") -> list[Event]:
    return [Event(user_id="u", item_id=key, type=kind, at=NOON, event_id=f"{kind}{key}") for key in keys]  # type: ignore[arg-type]


def built(*events: Event, **wishes: tuple[str, ...]) -> Profile:
    unheeded = Unheeded.of(Wishes(**wishes))  # type: ignore[arg-type]  # by the callers' names
    return build_profile("u", NEWS, events, ITEMS, revision=1, now=NOON, unheeded=unheeded)


def tags(*events: Event, **wishes: tuple[str, ...]) -> tuple[Tag, ...]:
    unheeded = Unheeded.of(Wishes(**wishes))  # type: ignore[arg-type]
    return domain_tags(positive_history(NEWS, events, ITEMS, unheeded=unheeded))


def test_tags_have_shares_that_sum_to_one_and_the_number_of_their_items() -> None:
    # all four at once: sport .8 + 1 + .4, politics .6, health .2, heron and lake .5 each; 4 in all
    assert tags(*clicked("s1", "s2", "p", "k")) == (
        Tag("sport", pytest.approx(2.2 / 4), 3),
        Tag("politics", pytest.approx(0.6 / 4), 1),
        Tag("heron", pytest.approx(0.5 / 4), 1),
        Tag("lake", pytest.approx(0.5 / 4), 1),
        Tag("health", pytest.approx(0.2 / 4), 1),
    )
    assert tags(*clicked("s1"), *clicked("p", kind="dislike"))[0].name == "sport"
    assert tags() == ()


def test_there_are_at_most_a_hundred() -> None:
    many = {"m": (item("m", keywords=tuple(f"w{n:03}" for n in range(150))), vector(1, 0, 0))}
    assert len(domain_tags(positive_history(NEWS, clicked("m"), many))) == MOST_TAGS


def test_without_a_tag_the_items_of_it_stop_driving_and_others_lose_it() -> None:
    events = clicked("s1", "s2", "p")
    before, after = built(*events), built(*events, removed_tags=("sport",))

    # (1,0,0) twice and (0,1,0) once, by equal weights: (2,1,0) / sqrt 5
    assert before.taste == pytest.approx((2 / 5**0.5, 1 / 5**0.5, 0))
    assert after.taste == pytest.approx((0, 1, 0))
    assert after.topics == {"politics": 1.0}
    assert list(after.liked) == ["p"]
    assert [(one.item_id, one.topics) for one in after.history] == [("p", {"politics": 0.6})]
    assert [interest.label for interest in after.interests] == ["politics"]
    # what was read is still known, so that it is not shown again
    assert set(after.consumed) == {"s1", "s2", "p"}
    assert [tag.name for tag in tags(*events, removed_tags=("sport",))] == ["politics"]


def test_a_tag_that_is_nowhere_the_main_one_takes_no_item_along() -> None:
    after = built(*clicked("s1"), removed_tags=("health",))
    assert (after.taste, after.topics) == (pytest.approx((1, 0, 0)), {"sport": 1.0})


@pytest.mark.parametrize("tag", ["heron", "lake"])
def test_where_there_are_no_topics_the_keywords_count(tag: str) -> None:
    assert built(*clicked("k", "p"), removed_tags=(tag,)).taste == pytest.approx((0, 1, 0))


def test_what_is_unwanted_drives_nothing_either_and_dislikes_still_count() -> None:
    assert built(*clicked("s1", "p"), unwanted_items=("s1",)).taste == pytest.approx((0, 1, 0))
    assert built(*clicked("s2", "p"), unwanted_tags=("Games",)).taste == pytest.approx((0, 1, 0))
    assert built(*clicked("s1", "p"), unwanted_tags=("sport",)).topics == {"politics": 1.0}
    against = built(*clicked("s1", kind="dislike"), removed_tags=("sport",))
    assert against.taste == pytest.approx((-1, 0, 0))
    assert against.disliked == ("s1",)


def test_nothing_left_is_no_taste() -> None:
    empty = built(*clicked("s1", "s2"), removed_tags=("sport",))
    assert (empty.taste, empty.interests, empty.topics, empty.interactions) == ((), (), {}, 2)
