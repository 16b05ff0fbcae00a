"""A feed keeps to what its reader decided."""

from __future__ import annotations

from typing import Any

from feedsmith.stores.vectors import Collection
from support.ranking import TENANT, Catalogue, X, Y, interest


def sporty() -> Catalogue:
    """A reader of what points along x, with a neighbour and a segment of the same taste."""
    c = Catalogue()
    c.item("read", X, mass=1.0)
    c.item("near", X, topics={"sport": 0.9, "politics": 0.1}, mass=0.5, categories=("Games",))
    c.item("far", Y, topics={"politics": 1.0}, mass=4.0)
    c.item("loved", X, age_hours=900)
    c.user("me", X, liked={"read": 1.0}, interests=(interest(X, "read"),), consumed=("read",), disliked=("far",))
    for name in ("you", "they"):
        c.user(name, X, liked={"loved": 1.0})
    c.segment_of(liked={"loved": 1.0})
    return c


def watched(c: Catalogue) -> list[str]:
    """The collections that are looked into from now on."""
    asked: list[str] = []
    held = c.vectors._held

    def noted(tenant: str, collection: Collection) -> Any:
        asked.append(collection)
        return held(tenant, collection)

    c.vectors._held = noted  # type: ignore[method-assign]
    return asked


def ids(c: Catalogue, **asked: object) -> list[str]:
    return [place.item_id for place in c.ranking.recommend(TENANT, "me", domain="news", **asked).items]  # type: ignore[arg-type]


def test_with_consent_the_feed_is_the_person_s() -> None:
    c = sporty()
    assert c.ranking.recommend(TENANT, "me", domain="news").basis == "personal"
    assert set(ids(c)) == {"near", "loved"}


def test_without_profiling_nothing_of_the_reader_or_of_others_is_read() -> None:
    c = sporty()
    c.decided.refuse("profiling")
    asked = watched(c)
    slate = c.ranking.recommend(TENANT, "me", domain="news")

    assert slate.basis == "non_profiled"
    assert "users" not in asked
    # what trends first; read and disliked ones are not known to be
    assert [place.item_id for place in slate.items][:2] == ["far", "read"]
    shown = {term.name for place in slate.items for term in place.terms if term.contribution}
    assert shown <= {"popularity", "freshness"}
    assert {reason.term for place in slate.items for reason in place.reasons} <= {"popularity", "freshness"}
    explained = c.ranking.explain(TENANT, "me", "near")
    assert {term.name for term in explained.terms if term.contribution} <= {"popularity", "freshness"}
    assert "users" not in asked


def test_without_profiling_a_search_is_still_answered() -> None:
    c = sporty()
    c.decided.refuse("profiling")
    assert ids(c, query="y")[0] == "far"
    assert ids(c, categories=("Games",)) == ["near"]


def test_unwanted_items_and_tags_are_in_no_list() -> None:
    # GIVEN one that comes by interest and trend, and one that similar users bring
    for unwanted, left in (("near", {"loved"}), ("loved", {"near"})):
        c = sporty()
        c.decided.wish(unwanted_items=(unwanted,))
        assert set(ids(c)) == left
    # a topic counts wherever an item has it, and so does a category
    for tag in ("sport", "politics", "Games"):
        c = sporty()
        c.decided.wish(unwanted_tags=(tag,))
        assert set(ids(c)) == {"loved"}
        c.decided.refuse("profiling")
        assert "near" not in ids(c, query="x")


def test_unwanted_tags_leave_out_what_the_neighbours_bring() -> None:
    c = sporty()
    c.item("loved", X, age_hours=900, topics={"health": 1.0})
    c.decided.wish(unwanted_tags=("health",))
    assert set(ids(c)) == {"near"}
