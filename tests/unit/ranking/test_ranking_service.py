"""The whole road from a reader to a slate."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.domains import load_domains
from feedsmith.domains.loader import Domain
from feedsmith.errors import NotFound, StoreUnavailable, ValidationFailed
from feedsmith.models import Recommendation
from feedsmith.ranking.base import Features, FeatureSpace, Ranker, Terms
from feedsmith.ranking.service import RankingService
from feedsmith.stores.vectors import Point
from support.ranking import NOW, TENANT, Axes, Catalogue, X, Y, Z, interest


def recommend(c: Catalogue, user: str = "me", **asked: Any) -> Recommendation:
    slate = c.ranking.recommend(TENANT, user, domain=c.domain.name, **asked)
    assert [item.position for item in slate.items] == list(range(len(slate.items)))
    for item in slate.items:
        assert item.score == pytest.approx(sum(term.contribution for term in item.terms), abs=1e-5)
        assert {reason.term for reason in item.reasons} <= {t.name for t in item.terms if t.contribution > 0}
    return slate


def ids(slate: Recommendation) -> list[str]:
    return [item.item_id for item in slate.items]


def term(slate: Recommendation, item_id: str, name: str) -> float:
    item = next(item for item in slate.items if item.item_id == item_id)
    return next(term.contribution for term in item.terms if term.name == name)


def test_a_personal_slate_puts_near_items_first_and_says_why() -> None:
    c = Catalogue()
    c.item("read", X, topics={"sport": 1.0}, title="The final", age_hours=10)
    c.item("same", (0.8, 0.6, 0.0), topics={"sport": 1.0}, title="The replay", provider="p", age_hours=48)
    c.item("unlike", Z, topics={"politics": 1.0}, age_hours=48)
    c.user(
        "me", X, liked={"read": 1.0}, interests=(interest(X, "read"),), topics={"sport": 1.0}, consumed=("read",)
    )  # fmt: skip
    slate = recommend(c)
    assert ids(slate) == ["same", "unlike"]
    assert slate.basis == "personal"
    assert slate.domain == "news"
    assert slate.model_version.startswith("linear-")
    first = slate.items[0]
    assert (first.title, first.provider, first.topics[0].name) == ("The replay", "p", "sport")
    # News: taste 2 * 0.8, interest 3 * 0.8, topics 1.5 * 1, freshness 0.3 * 0.5 -> 1.6 + 2.4 + 1.5 + 0.15
    assert first.score == pytest.approx(5.65, abs=1e-5)
    assert [(r.term, r.text, r.item_id) for r in first.reasons] == [
        ("interest", "Because you read “The final”", "read"),
        ("topics", "You often follow Sport", None),
        ("freshness", "New in Sport", None),
    ]
    assert recommend(c, language="zh").items[0].reasons[1].text == "你常关注体育"


def test_each_slate_has_an_id_of_its_own() -> None:
    c = Catalogue()
    assert recommend(c).slate_id != recommend(c).slate_id


def test_a_stranger_sees_what_is_popular_then_what_is_new() -> None:
    c = Catalogue()
    c.item("old", X, age_hours=480)
    c.item("new", Y, age_hours=0)
    c.item("hot", Z, age_hours=48, mass=4095)  # popularity 12 / 16 * 0.4 = 0.3, freshness 0.5 * 0.3 = 0.15
    slate = recommend(c, "stranger")
    assert slate.basis == "general"
    assert ids(slate) == ["hot", "new", "old"]
    assert slate.items[0].score == pytest.approx(0.45, abs=1e-5)


def test_what_similar_users_and_the_segment_liked_counts() -> None:
    c = Catalogue()
    c.item("liked", Y, age_hours=480)
    c.item("unliked", Y, age_hours=480)
    c.user("me", X, liked={"gone": 1.0})
    c.user("a", X, liked={"liked": 1.0})
    c.user("b", (0.8, 0.6, 0.0), liked={"liked": 0.5})
    c.segment_of(liked={"liked": 0.5})
    slate = recommend(c)
    assert ids(slate) == ["liked", "unliked"]
    # s = 1 * 1 + 0.8 * 0.5 = 1.4, 1.4 / 3.4 * 0.8; 0.5 * 0.6
    assert term(slate, "liked", "similar_users") == pytest.approx(1.4 / 3.4 * 0.8, abs=1e-5)
    assert term(slate, "liked", "segment") == pytest.approx(0.3, abs=1e-5)
    assert term(slate, "unliked", "similar_users") == 0.0


def test_what_resembles_a_disliked_item_sinks() -> None:
    c = Catalogue()
    c.item("bad", Y)
    c.item("like-bad", Y)
    c.item("fine", Z)
    c.user("me", X, liked={"gone": 1.0}, disliked=("bad",))
    slate = recommend(c)
    assert ids(slate) == ["fine", "like-bad"]
    assert term(slate, "like-bad", "disliked") == pytest.approx(-2.0, abs=1e-5)


def test_only_a_search_text_is_embedded() -> None:
    c = Catalogue()
    c.item("x", X, age_hours=480)
    c.item("y", Y, age_hours=480)
    c.user("me", X, liked={"gone": 1.0})
    assert ids(recommend(c)) == ["x", "y"]
    assert ids(recommend(c, query="  ")) == ["x", "y"]
    assert c.embedders_made == 0
    slate = recommend(c, query="y")  # 4 * 1 against a taste of 2 * 1
    assert ids(slate) == ["y", "x"]
    assert c.embedders_made == 1
    assert slate.items[0].reasons[0].text == "Matches your search"


def test_excluded_items_and_other_categories_stay_out() -> None:
    c = Catalogue()
    c.item("a", categories=("sport",))
    c.item("b", categories=("sport", "local"))
    c.item("c")
    assert set(ids(recommend(c, categories=("sport",)))) == {"a", "b"}
    assert ids(recommend(c, categories=("sport",), exclude=("a",))) == ["b"]


def test_one_provider_does_not_fill_a_slate_of_ten() -> None:
    c = Catalogue()
    for number in range(12):
        c.item(f"p{number}", X, provider="p")
        c.item(f"q{number}", X, provider=f"q{number}", age_hours=48)
    providers = [item.provider for item in recommend(c).items]
    assert providers.count("p") == c.domain.reranking.max_per_provider == 4


def test_one_place_in_ten_explores_and_says_how_likely_that_was() -> None:
    # GIVEN 14 items, one of them disliked: nine places are certain, four items compete for the tenth
    c = Catalogue()
    for number in range(14):
        c.item(f"i{number:02d}", X, age_hours=number, clicks=3, shown=60)
    c.user("me", X, liked={"gone": 1.0}, disliked=("i13",))
    # WHEN
    slate = recommend(c, limit=10)
    # THEN
    assert [(item.explored, item.propensity) for item in slate.items[:9]] == [(False, 1.0)] * 9
    last = slate.items[9]
    assert last.explored
    assert last.item_id in {"i09", "i10", "i11", "i12"}
    assert last.propensity == pytest.approx(1 / 4, abs=0.002)  # their counts are alike
    assert {recommend(c).items[9].item_id for _ in range(60)} == {"i09", "i10", "i11", "i12"}
    assert not any(item.explored for item in recommend(c, limit=4).items)
    assert not any(item.explored for item in recommend(c, limit=13).items)


def test_clicks_make_an_item_likelier_to_be_tried() -> None:
    # GIVEN nine items before two with the same pooled counts, one of which is clicked far more often
    c = Catalogue()
    for number in range(9):
        c.item(f"i{number}", X)
    c.item("good", X, age_hours=96, clicks=50, shown=200)
    c.item("bad", X, age_hours=96, clicks=1, shown=200)
    # THEN the place is all but certain, and 0 counts are assumed where an earlier version stored none
    assert recommend(c).items[9].item_id == "good"
    (hit,) = c.vectors.retrieve(TENANT, "items", ["good"], with_vectors=True).values()
    assert hit.vector is not None
    payload = {name: value for name, value in hit.payload.items() if name != "activity"}
    c.vectors.upsert(TENANT, "items", [Point("good", hit.vector, payload)])
    assert recommend(c).items[9].propensity < 1.0


@pytest.mark.parametrize("there", [0, 1, 3])
def test_few_candidates_are_a_short_list(there: int) -> None:
    c = Catalogue()
    for number in range(there):
        c.item(f"i{number}")
    assert len(recommend(c, limit=10).items) == there


def test_a_hundred_places_are_filled_for_a_stranger() -> None:
    c = Catalogue()
    for number in range(120):
        c.item(f"i{number}")
    assert len(recommend(c, limit=100).items) == 100


@pytest.mark.parametrize("limit", [0, 101, -1])
def test_a_limit_out_of_range_is_refused(limit: int) -> None:
    with pytest.raises(ValidationFailed, match="/limit: must be from 1 to 100"):
        recommend(Catalogue(), limit=limit)


def test_an_unknown_domain_is_not_found() -> None:
    with pytest.raises(NotFound, match="no domain 'weather'"):
        Catalogue().ranking.recommend(TENANT, "me", domain="weather")


def test_a_silent_store_is_said_to_be_silent() -> None:
    c = Catalogue()
    c.vectors.down = True
    with pytest.raises(StoreUnavailable):
        recommend(c)


def test_an_explanation_is_the_same_sum_as_in_the_slate() -> None:
    c = Catalogue()
    c.item("read", X, title="The final")
    c.item("it", (0.8, 0.6, 0.0), topics={"sport": 1.0}, mass=7, age_hours=3)
    c.item("bad", Y)
    c.user(
        "me", X, liked={"read": 1.0}, interests=(interest(X, "read"),), topics={"sport": 1.0},
        consumed=("read",), disliked=("bad",),
    )  # fmt: skip
    c.user("friend", X, liked={"it": 1.0})
    assert c.ranking.explain(TENANT, "me", "it") == recommend(c).items[0]


class ByLift(Ranker):
    """A trained ranker with one term: the lift of an item's clicks over a base rate of 0.5."""

    version = "lift-1"
    space = FeatureSpace(base_rate=0.5)

    def terms(self, features: Features) -> Terms:
        lift = features.values[:, [features.names.index("lift_total")]]
        return Terms(("popularity",), ("popularity",), lift, 2.0 * lift)


def test_a_tenants_own_ranker_scores_with_what_it_learned() -> None:
    c = Catalogue()
    c.item("liked", clicks=6)
    c.item("ignored")
    asked: list[tuple[str, str]] = []

    def own(tenant: str, domain: Domain) -> Ranker:
        asked.append((tenant, domain.name))
        return ByLift()

    ranking = RankingService(
        vectors=c.vectors,
        profiles=c,
        segments=c,
        embedder=Axes,
        domains=load_domains(),
        decisions=c.decided,
        clock=lambda: NOW,
        ranker=own,
    )
    slate = ranking.recommend(TENANT, "me", domain="news")
    assert asked == [(TENANT, "news")]
    assert slate.model_version == "lift-1"
    assert ids(slate) == ["liked", "ignored"]
    # log((6 + 2) / (0.5 * 0 + 2)) = log 4
    (only,) = slate.items[0].terms
    assert (only.name, only.group) == ("popularity", "popularity")
    assert (only.value, only.contribution) == pytest.approx((math.log(4), 2 * math.log(4)))
    assert ranking.explain(TENANT, "me", "liked").terms == (only,)


def test_an_item_that_was_read_can_be_explained() -> None:
    c = Catalogue()
    c.item("read", X)
    c.user("me", X, liked={"read": 1.0}, interests=(interest(X, "read"),), consumed=("read",))
    explained = c.ranking.explain(TENANT, "me", "read", "zh")
    assert explained.position == 0
    assert [reason.text for reason in explained.reasons] == ["最新"]


def test_an_unknown_item_is_not_found() -> None:
    c = Catalogue()
    c.item("theirs", tenant="rival")
    with pytest.raises(NotFound, match="no item 'theirs'"):
        c.ranking.explain(TENANT, "me", "theirs")


@settings(print_blob=True, deadline=None, max_examples=40)
@given(
    items=st.lists(
        st.tuples(
            st.sampled_from([X, Y, Z, (0.6, 0.8, 0.0), (0.0, -0.6, 0.8)]),
            st.floats(-10, 1000),
            st.one_of(st.none(), st.floats(1e-6, 1e9)),
            st.sampled_from([None, "p", "q"]),
            st.one_of(st.none(), st.integers(-2, 2)),
        ),
        max_size=12,
    ),
    likes=st.sets(st.integers(0, 11)),
    dislikes=st.sets(st.integers(0, 11)),
    limit=st.integers(1, 12),
)
def test_any_catalogue_gives_a_slate_of_shown_items_whose_scores_add_up(
    items: list[Any], likes: set[int], dislikes: set[int], limit: int
) -> None:
    c = Catalogue()
    expired = set()
    for number, (vector, age, mass, provider, expires) in enumerate(items):
        c.item(f"i{number}", vector, age_hours=age, mass=mass, provider=provider, expires_in_hours=expires)
        if expires is not None and expires <= 0:
            expired.add(f"i{number}")
    c.user("me", X, liked={"gone": 1.0}, interests=(interest(Y, "i0"),), disliked=tuple(f"i{n}" for n in dislikes))
    c.user("friend", X, liked={f"i{n}": 1.0 for n in likes})
    slate = recommend(c, limit=limit)
    shown = {f"i{n}" for n in range(len(items))} - expired - {f"i{n}" for n in dislikes}
    assert len(slate.items) == min(limit, len(shown))
    assert set(ids(slate)) <= shown
