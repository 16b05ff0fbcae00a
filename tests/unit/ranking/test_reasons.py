"""Reasons in both languages, and what they must never say."""

from __future__ import annotations

from typing import Any

import pytest

from feedsmith.models import Term
from feedsmith.ranking.features import GROUPS
from feedsmith.ranking.reasons import reasons_of
from feedsmith.ranking.retrieval import Neighbour, Reader, candidate
from support.ranking import TENANT, Catalogue, X, Y, interest


def reasons(c: Catalogue, reader: Reader, *, language: str = "en", **terms: Any) -> list[Any]:
    """Reasons of the item ``it``; ``terms`` are (value, contribution)."""
    one = candidate(c.vectors.retrieve(TENANT, "items", ["it"], with_vectors=True)["it"])
    listed = [
        Term(name=name, group=group, value=terms.get(name, (0, 0))[0], contribution=terms.get(name, (0, 0))[1])
        for name, group in GROUPS.items()
    ]
    return [(r.term, r.text, r.item_id) for r in reasons_of(one, listed, reader, c.domain, language)]


def reader_of(c: Catalogue, **known: Any) -> Reader:
    """A reader with this profile and the items that it names."""
    profile = c.user("me", X, liked={"old": 1.0}, **known)
    named = ["old", *known.get("history", {})]
    return Reader(profile, segment=c.segment, items=c.vectors.retrieve(TENANT, "items", named, with_vectors=True))


def test_the_largest_terms_come_first_and_three_at_most() -> None:
    c = Catalogue()
    c.item("it", topics={"sport": 0.9})
    told = reasons(
        c, Reader(),
        popularity=(0.5, 0.2), freshness=(0.9, 0.3), query=(0.8, 3.2), taste=(0.9, 9.0), segment=(0.1, 0.1),
    )  # fmt: skip
    assert told == [
        ("query", "Matches your search", None),
        ("freshness", "New in Sport", None),
        ("popularity", "Trending in Sport", None),
    ]


def test_an_interest_names_its_newest_item() -> None:
    c = Catalogue()
    c.item("it", X)
    c.item("old", X, topics={"sport": 0.9}, title="The final")
    reader = reader_of(c, interests=(interest(Y, "gone"), interest(X, "old")))
    told = reasons(c, reader, interest=(1.0, 3.0))
    assert told == [("interest", "Because you read “The final”", "old")]
    assert reasons(c, reader, language="zh", interest=(1.0, 3.0))[0][1] == "因为你读过“The final”"


def test_of_the_history_the_nearest_item_that_may_be_named_is_named() -> None:
    # GIVEN, from the nearest to the farthest: one of a sensitive topic, one gone, and two that may be named
    c = Catalogue("health")
    c.item("it", X, topics={"sleep": 0.9})
    c.item("secret", X, topics={"addiction": 0.9})
    c.item("near", (0.8, 0.6, 0.0), title="Dreams")
    c.item("old", (0.6, 0.8, 0.0), title="Naps")
    history = {"old": (0.6, 0.8, 0.0), "gone": X, "it": X, "secret": X, "near": (0.8, 0.6, 0.0)}
    reader = reader_of(c, history=history, interests=(interest((0.6, 0.8, 0.0), "old"),))
    assert reasons(c, reader, interest=(0.6, 3.0)) == [("interest", "Because you read “Dreams”", "near")]


def test_what_is_hardly_alike_is_no_ground() -> None:
    # GIVEN a candidate near an interest, cosine 0.3, but with a cosine of 0.2 to its newest item
    c = Catalogue()
    c.item("it", X)
    c.item("old", (0.2, 0.98, 0.0))
    reader = reader_of(c, interests=(interest((0.3, 0.954, 0.0), "old"),))
    assert reasons(c, reader, interest=(0.3, 3.0)) == []


def test_what_is_not_read_is_not_called_read() -> None:
    c = Catalogue("commerce")
    c.item("it", X)
    c.item("old", X, title="A {tent}")  # braces are no placeholder
    reader = reader_of(c, interests=(interest(X, "old"),))
    assert reasons(c, reader, interest=(1.0, 3.0))[0][1] == "Because you were interested in “A {tent}”"
    assert reasons(c, reader, language="zh", interest=(1.0, 3.0))[0][1] == "因为你对“A {tent}”感兴趣"


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("<b>The</b> &lt;script&gt;x()&lt;/script&gt;final", ["Because you read “The final”"]),
        ("<script>x()</script>", []),
    ],
)
def test_a_title_is_named_without_its_markup(title: str, said: list[str]) -> None:
    c = Catalogue()
    c.item("it", X)
    c.item("old", X, title=title)
    reader = reader_of(c, interests=(interest(X, "old"),))
    assert [text for _, text, _ in reasons(c, reader, interest=(1.0, 3.0))] == said


def test_a_long_title_is_cut() -> None:
    c = Catalogue()
    c.item("it", X)
    c.item("old", X, title="word " * 30)
    reader = reader_of(c, interests=(interest(X, "old"),))
    text = reasons(c, reader, interest=(1.0, 3.0))[0][1]
    assert text == "Because you read “" + "word " * 15 + "word…”"  # 79 characters and the mark


@pytest.mark.parametrize(
    ("topics", "why"),
    [({"mental_health": 0.9}, "sensitive"), ({"sleep": 0.9, "addiction": 0.1}, "partly sensitive"),
     ({"abolished": 0.9}, "of a topic that the domain does not know")],
)  # fmt: skip
def test_an_interest_is_not_named_after_an_item_that_is(topics: dict[str, float], why: str) -> None:
    c = Catalogue("health")
    c.item("it", X, topics={"sleep": 0.9})
    c.item("old", X, topics=topics, title="Secret")
    reader = reader_of(c, interests=(interest(X, "old"),))
    assert reasons(c, reader, interest=(1.0, 3.0)) == []


def test_an_interest_whose_newest_item_is_gone_or_the_item_itself_says_nothing() -> None:
    c = Catalogue()
    c.item("it", X)
    assert reasons(c, reader_of(c, interests=(interest(X, "gone"),)), interest=(1.0, 3.0)) == []
    assert reasons(c, reader_of(c, interests=(interest(X, "it"),)), interest=(1.0, 3.0)) == []
    assert reasons(c, Reader(), interest=(1.0, 3.0)) == []


def test_a_followed_topic_is_named_in_the_readers_language() -> None:
    c = Catalogue()
    c.item("it", topics={"sport": 0.4, "politics": 0.6})
    reader = reader_of(c, topics={"sport": 0.7, "politics": 0.3})  # 0.28 against 0.18
    assert reasons(c, reader, topics=(0.46, 0.7)) == [("topics", "You often follow Sport", None)]
    assert reasons(c, reader, language="zh", topics=(0.46, 0.7)) == [("topics", "你常关注体育", None)]
    assert reasons(c, reader, language="fr", topics=(0.46, 0.7)) == [("topics", "You often follow Sport", None)]


@pytest.mark.parametrize(
    ("shares", "scores"),
    [({"sport": 0.1, "politics": 0.9}, {"sport": 1.0}), ({"sport": 1.0}, {"sport": 0.1, "science": 0.9}), ({}, {})],
)
def test_a_topic_of_little_share_is_not_called_followed(shares: dict[str, float], scores: dict[str, float]) -> None:
    c = Catalogue()
    c.item("it", topics=scores)
    assert reasons(c, reader_of(c, topics=shares), topics=(0.1, 0.15)) == []


def test_sensitive_topics_are_never_named() -> None:
    c = Catalogue("finance")
    c.item("it", topics={"debt": 0.7, "saving": 0.3})
    c.segment_of(liked={"it": 0.5}, topics={"debt": 0.8})
    reader = reader_of(c, topics={"debt": 0.8, "saving": 0.2})
    told = reasons(
        c, reader, topics=(0.6, 4.0), segment=(0.5, 3.0), popularity=(0.5, 2.0), freshness=(1.0, 1.0),
    )  # fmt: skip
    assert [text for _, text, _ in told] == [
        "You often follow Saving and budgeting",
        "Popular with people like you",
        "Trending in Saving and budgeting",
    ]


@pytest.mark.parametrize(("likers", "said"), [(0, []), (1, []), (2, ["People with your taste liked this"])])
def test_nothing_is_said_of_fewer_than_two_similar_users(likers: int, said: list[str]) -> None:
    c = Catalogue()
    c.item("it")
    neighbours = tuple(Neighbour(0.9, {"it": 1.0} if number < likers else {"else": 1.0}) for number in range(5))
    assert [text for _, text, _ in reasons(c, Reader(neighbours=neighbours), similar_users=(0.4, 0.3))] == said


def test_a_segment_is_described_by_its_main_topic() -> None:
    c = Catalogue()
    c.item("it")
    c.segment_of(liked={"it": 0.4}, topics={"sport": 0.3, "science": 0.6})
    assert reasons(c, reader_of(c), segment=(0.4, 0.2))[0][1] == "Popular with people who like Science"
    assert reasons(c, reader_of(c), language="zh", segment=(0.4, 0.2))[0][1] == "受到喜欢科学的人欢迎"
    assert reasons(c, Reader(), segment=(0.4, 0.2))[0][1] == "Popular with people like you"


@pytest.mark.parametrize(
    ("term", "value", "en", "zh"),
    [("popularity", 0.2, "Trending now", "正在热门"), ("freshness", 0.5, "New", "最新"),
     ("query", 0.3, "Matches your search", "符合你的搜索"),
     ("similar_users", 0.4, "People with your taste liked this", "与你兴趣相近的人喜欢这个")],
)  # fmt: skip
def test_words_from_the_value_on_at_which_they_are_true(term: str, value: float, en: str, zh: str) -> None:
    c = Catalogue()
    c.item("it")
    reader = Reader(neighbours=(Neighbour(1.0, {"it": 1.0}),) * 2)
    enough: dict[str, Any] = {term: (value, 1.0)}
    too_little: dict[str, Any] = {term: (value - 0.01, 1.0)}
    assert reasons(c, reader, **enough) == [(term, en, None)]
    assert reasons(c, reader, language="zh", **enough) == [(term, zh, None)]
    if term != "similar_users":  # these are counted, not measured
        assert reasons(c, reader, **too_little) == []


def test_a_term_that_counts_against_the_item_is_no_reason_for_it() -> None:
    c = Catalogue()
    c.item("it")
    assert reasons(c, Reader(), query=(0.9, -1.0), freshness=(1.0, 0.0)) == []
