"""Which items become candidates, and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from feedsmith.ranking.retrieval import Candidate, Reader, Request, Retriever, candidate
from feedsmith.stores.vectors import Hit
from support.ranking import NOW, TENANT, Catalogue, X, Y, Z, interest


def retrieve(catalogue: Catalogue, user: str = "me", **asked: Any) -> tuple[Reader, dict[str, Candidate]]:
    retriever = Retriever(catalogue.vectors, catalogue)
    request = Request(catalogue.domain, NOW, **asked)
    reader = retriever.reader(TENANT, catalogue.load(TENANT, user, catalogue.domain.name), request)
    found = retriever.candidates(TENANT, reader, request).candidates
    assert len({c.key for c in found}) == len(found)
    return reader, {c.key: c for c in found}


def test_each_candidate_knows_the_lists_that_brought_it() -> None:
    # GIVEN more fresh items than a list holds, and old ones that other lists must bring
    c = Catalogue()
    for number in range(50):
        c.item(f"new{number}", Z)
    c.item("hot", Z, age_hours=99, mass=20)
    c.item("near-other", X, age_hours=99)
    c.item("near-interest", Y, age_hours=99)
    c.item("friends-like", Z, age_hours=99)
    c.user("me", X, liked={"gone": 1.0}, interests=(interest(Y, "gone"), interest(X, "gone")))
    c.user("friend", X, liked={"friends-like": 1.0})
    # WHEN
    reader, found = retrieve(c, query=np.array(Z, dtype=np.float32))
    # THEN
    assert len(found) == 34  # the 30 newest, and four that only other lists bring
    assert reader.basis == "personal"
    assert "trending" in found["hot"].sources
    assert "interest" in found["near-other"].sources
    assert "interest" in found["near-interest"].sources
    assert "social" in found["friends-like"].sources
    assert {"fresh", "query"} <= found["new0"].sources
    assert np.allclose(found["near-other"].vector, X)


def test_a_stranger_gets_what_is_trending_and_fresh() -> None:
    c = Catalogue()
    c.item("a", mass=3)
    c.item("b")
    reader, found = retrieve(c, "stranger")
    assert reader.basis == "general"
    assert {key: set(one.sources) for key, one in found.items()} == {"a": {"trending", "fresh"}, "b": {"fresh"}}


def test_what_trends_is_evidence_whether_or_not_it_may_be_shown() -> None:
    # GIVEN trending items that the reader knows, dislikes, excludes, or that are over; and one of another domain
    c = Catalogue()
    for mass, key in enumerate(["read", "bad", "excluded", "expired", "hot"], start=1):
        c.item(key, X, mass=mass, expires_in_hours=-1 if key == "expired" else None, topics={"sport": 0.5})
    c.item("never-clicked")
    c.item("abroad", domain="travel", mass=9)
    c.user("me", X, liked={"read": 1.0}, consumed=("read",), disliked=("bad",))
    retriever, request = Retriever(c.vectors, c), Request(c.domain, NOW, exclude=("excluded",))
    # WHEN
    found = retriever.candidates(TENANT, retriever.reader(TENANT, c.load(TENANT, "me", "news"), request), request)
    # THEN all that trend in the domain come along, and none of them for that is a candidate
    assert [hit.key for hit in found.trending] == ["hot", "expired", "excluded", "bad", "read"]
    assert [hit.key for hit in retriever.trending(TENANT, request)] == [hit.key for hit in found.trending]
    assert np.allclose(found.trending[0].vector, X)
    assert found.trending[0].payload["scores"] == {"sport": 0.5}
    assert {one.key for one in found.candidates} == {"hot", "never-clicked"}


def test_a_hundred_items_trend_and_thirty_of_them_are_candidates() -> None:
    c = Catalogue()
    for number in range(120):
        c.item(f"i{number:03d}", mass=1 + number, age_hours=99)
    for number in range(30):
        c.item(f"new{number}")
    retriever, request = Retriever(c.vectors, c), Request(c.domain, NOW)
    found = retriever.candidates(TENANT, Reader(), request)
    assert [hit.key for hit in found.trending] == [f"i{number:03d}" for number in range(119, 19, -1)]
    assert {one.key for one in found.candidates if "trending" in one.sources} == {f"i{n:03d}" for n in range(90, 120)}


def test_the_newest_liked_items_can_be_named() -> None:
    # GIVEN twelve liked items, two of them gone, and an interest whose newest item is older
    c = Catalogue()
    keys = [f"i{number:02d}" for number in range(12)]
    for key in [*keys[2:], "old"]:
        c.item(key)
    c.user("me", X, liked={"i00": 1.0}, history=dict.fromkeys(keys, X), interests=(interest(X, "old"),))
    reader, _ = retrieve(c)
    assert [hit.key for hit in reader.liked] == [*keys[2:10], "old"]
    assert Reader().liked == []


def test_who_only_disliked_is_a_stranger_with_dislikes() -> None:
    # GIVEN a taste that points away from the one disliked item
    c = Catalogue()
    c.item("bad", X)
    c.item("other", Y)
    c.user("me", (-1.0, 0.0, 0.0), disliked=("bad",))
    c.user("friend", (-1.0, 0.0, 0.0), liked={"other": 1.0})
    reader, found = retrieve(c)
    assert reader.basis == "general"
    assert reader.neighbours == ()
    assert [hit.key for hit in reader.disliked] == ["bad"]
    assert list(found) == ["other"]


@pytest.mark.parametrize(("domain", "shown"), [("news", {"new"}), ("commerce", {"new", "read"})])
def test_consumed_items_come_again_only_where_the_domain_repeats(domain: str, shown: set[str]) -> None:
    c = Catalogue(domain)
    for key in ("new", "read", "bad"):
        c.item(key)
    c.user("me", X, liked={"read": 1.0}, consumed=("read",), disliked=("bad",))
    c.user("friend", X, liked={"read": 1.0, "bad": 1.0})
    assert set(retrieve(c)[1]) == shown


def test_what_may_not_be_shown_does_not_come_through_any_list() -> None:
    # GIVEN items that a friend and the segment like
    c = Catalogue()
    c.item("good", categories=("sport", "local"))
    c.item("expired", categories=("sport",), expires_in_hours=-1)
    c.item("expires-now", categories=("sport",), expires_in_hours=0)
    c.item("expires-later", categories=("sport",), expires_in_hours=1)
    c.item("excluded", categories=("sport",))
    c.item("other-category", categories=("music",))
    c.item("no-category")
    c.item("other-domain", categories=("sport",), domain="travel")
    c.item("other-tenant", categories=("sport",), tenant="rival")
    all_of_them = dict.fromkeys(
        ["good", "expired", "expires-now", "expires-later", "excluded", "other-category", "no-category",
         "other-domain", "other-tenant"], 1.0,
    )  # fmt: skip
    c.user("me", X, liked={"gone": 1.0}, interests=(interest(X, "gone"),))
    c.user("friend", X, liked=all_of_them)
    c.segment_of(liked=all_of_them)
    # WHEN
    _, found = retrieve(c, categories=("sport", "chess"), exclude=("excluded",))
    # THEN
    assert set(found) == {"good", "expires-later"}
    assert "social" in found["good"].sources


def test_similar_users_are_others_of_the_same_domain_with_a_taste() -> None:
    c = Catalogue()
    c.user("me", X, liked={"mine": 1.0})
    c.user("twin", (0.8, 0.6, 0.0), liked={"a": 1.0, "b": 0.5})
    c.user("cold", liked={})
    c.user("opposite", (-1.0, 0.0, 0.0), liked={"c": 1.0})
    elsewhere = Catalogue("travel")
    elsewhere.vectors = c.vectors
    elsewhere.user("tourist", X, liked={"d": 1.0})
    reader, _ = retrieve(c)
    (twin,) = reader.neighbours
    assert twin.similarity == pytest.approx(0.8)
    assert twin.liked == {"a": 1.0, "b": 0.5}


def test_the_best_social_evidence_is_fetched_first() -> None:
    # GIVEN 31 items that the segment likes a little, one of them liked by a friend as well, and room for 30
    c = Catalogue()
    liked = {f"i{number:02d}": 0.01 for number in range(31)}
    for key in liked:
        c.item(key, age_hours=99)
    c.user("me", X, liked={"gone": 1.0})
    c.user("friend", X, liked={"i30": 1.0})
    c.segment_of(liked=liked)
    reader, _ = retrieve(c)
    assert reader.social == ("i30", *(f"i{number:02d}" for number in range(29)))


def test_nothing_is_fetched_for_a_profile_that_names_nothing() -> None:
    c = Catalogue()
    c.user("me")
    reader, found = retrieve(c)
    assert reader.items == {}
    assert found == {}


def test_a_hit_without_its_vector_is_no_candidate() -> None:
    with pytest.raises(ValueError, match="with_vectors=True"):
        candidate(Hit("a", {}))
