"""feedsmith's own events become slates, clicks and histories; the expected values are worked out by hand."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from feedsmith.errors import InvalidRequest
from feedsmith.models import Event, EventType, IndexedItem
from feedsmith.profiles.build import build_profile
from feedsmith.stores.export import export_events, export_items
from feedsmith_training import events as module
from feedsmith_training.events import catalogues_of, log_of, read_events, trainable
from feedsmith_training.log import Impression, ImpressionLog
from support.ledger import InMemoryLedger
from support.people import DOMAINS, NOON, make_item, put_item, unit
from support.vectors import MemoryVectors

NEWS, SHOP = DOMAINS["news"], DOMAINS["shop"]
ITEMS = [
    (make_item("a", topics={"sport": 0.75, "gone": 0.25}), unit(1, 0)),
    (make_item("b", topics={"health": 1.0}), unit(0, 1)),
    (make_item("c"), unit(1, 1)),
    (make_item("s", domain="shop"), unit(1, 2)),
]
CATALOGUES = catalogues_of(ITEMS, "test@1", DOMAINS.values())
T = NOON.timestamp()


def event(
    kind: EventType,
    item: str,
    seconds: float = 0.0,
    *,
    slate: str | None = None,
    position: int | None = None,
    propensity: float | None = None,
    value: float | None = None,
    user: str = "u1",
) -> tuple[str, Event]:
    """Of a user, so many seconds after noon."""
    made = Event(
        user_id=user, item_id=item, type=kind, at=NOON + timedelta(seconds=seconds), value=value,
        slate_id=slate, position=position, propensity=propensity,
    )  # fmt: skip
    return user, made


def shown(*items: str, at: float = 0.0, slate: str | None = None, user: str = "u1") -> list[tuple[str, Event]]:
    """A slate, its items a tenth of a second apart."""
    return [
        event("impression", item, at + place / 10, slate=slate, position=place if slate else None, user=user)
        for place, item in enumerate(items)
    ]


def log(*events: tuple[str, Event]) -> ImpressionLog:
    return log_of(events, CATALOGUES, NEWS)


def only(*events: tuple[str, Event]) -> Impression:
    (impression,) = log(*events).impressions
    return impression


def names(impression: Impression) -> str:
    return "".join("abc"[row] for row in impression.candidates)


def clicked(impression: Impression) -> str:
    return "".join("abc"[row] for row in impression.candidates[impression.clicked])


def test_items_become_rows_with_topics_in_the_taxonomy_s_order() -> None:
    news = CATALOGUES["news"]

    assert news.ids == ("a", "b", "c")
    assert news.topic_names == ("sport", "health")
    assert news.topics.tolist() == [[0.75, 0.0], [0.0, 1.0], [0.0, 0.0]]
    assert news.texts == ("Title of a", "Title of b", "Title of c")
    assert np.allclose(news.vectors, [[1, 0], [0, 1], [math.sqrt(0.5)] * 2])
    assert (news.embedder, CATALOGUES["shop"].ids) == ("test@1", ("s",))
    assert news.published.tolist() == [T] * 3  # never published: since they were indexed


def test_a_slate_is_in_the_order_of_its_places() -> None:
    # GIVEN the events of one slate in disorder, the second place logged first
    slate = only(
        event("impression", "c", 1.0, slate="s1", position=7, propensity=0.25),
        event("impression", "b", 0.5, slate="s1", position=1),
        event("impression", "a", 2.0, slate="s1", position=0),
    )

    assert names(slate) == "abc"
    assert slate.at == T + 0.5  # of the first impression
    # 1 / log2(2), 1 / log2(3), 1 / log2(9)
    assert np.allclose(slate.exposure, [1.0, 1 / math.log2(3), 1 / math.log2(9)])
    assert slate.propensity.tolist() == [1.0, 1.0, 0.25]
    assert not slate.clicked.any()


def test_impressions_without_a_slate_are_one_by_user_and_second() -> None:
    found = log(
        event("impression", "b", 0.9),
        event("impression", "a", 0.0),
        event("impression", "c", 1.0),
        event("impression", "c", 0.1, user="u2"),
    ).impressions

    assert [(names(i), i.at - T) for i in found] == [("ab", 0.0), ("c", pytest.approx(0.1)), ("c", 1.0)]
    assert found[0].exposure.tolist() == [1.0, 1.0]  # no position was sent
    assert found[0].user == found[2].user != found[1].user


def test_a_click_that_names_its_slate_counts_however_late() -> None:
    slate = only(*shown("a", "b", slate="s1"), event("click", "b", 86_400, slate="s1"))

    assert clicked(slate) == "b"


@pytest.mark.parametrize(
    ("answer", "counts"),
    [
        (event("click", "a", 1800.0), True),
        (event("click", "a", 1800.1), False),
        (event("click", "a", -0.1), False),  # before it was shown
        (event("view", "a", 5.0), True),
        (event("dislike", "a", 5.0), False),
        (event("rate", "a", 5.0, value=2.5), False),  # neither for nor against
        (event("rate", "a", 5.0, value=3.0), True),
        (event("click", "a", 5.0, slate="another"), False),  # answers what nobody logged, but not this slate
        (event("click", "a", 5.0, user="u2"), False),
    ],
)
def test_what_counts_as_a_click(answer: tuple[str, Event], counts: bool) -> None:
    found = log(*shown("a", "b", slate="s1"), answer)

    assert clicked(found.impressions[0]) == ("a" if counts else "")


def test_a_click_without_a_slate_answers_the_last_impression_alone() -> None:
    early, late = log(
        *shown("a", "b", slate="s1"), *shown("a", "c", at=60.0, slate="s2"), event("click", "a", 90.0)
    ).impressions

    assert (clicked(early), clicked(late)) == ("", "a")


def test_a_click_with_an_unlogged_slate_answers_an_impression_that_has_none() -> None:
    slate = only(*shown("a", "b"), event("click", "b", 10.0, slate="s1"))

    assert clicked(slate) == "b"


def test_a_history_is_what_was_liked_before_newest_first_with_the_profile_s_weights() -> None:
    # GIVEN a like a day before noon, a click at noon on another item, one on an item disliked later, and a later click
    day = 86_400.0
    history = [
        event("like", "a", -day),
        event("click", "b", -1.0),
        event("click", "c", -2.0),
        event("dislike", "c", -1.5),
    ]
    slate = only(*history, *shown("a", "b", slate="s1"), event("click", "a", 5.0, slate="s1"))
    # THEN of b's 1 is left what a second leaves, of a's 2 one half; c does not count, nor what came after
    assert [int(row) for row in slate.history] == [1, 0]
    assert slate.history_weights.tolist() == pytest.approx([2 ** -(1.0 / day), 2 * 2**-1.0])
    # AND so does the profile have it
    profile = build_profile(
        "u1", NEWS, [e for _, e in history], {i.item.id: (i, v) for i, v in ITEMS}, revision=1, now=NOON
    )
    heaviest = max(slate.history_weights)
    assert profile.liked == pytest.approx(
        {"b": slate.history_weights[0] / heaviest, "a": slate.history_weights[1] / heaviest}
    )


def test_what_happens_at_the_same_moment_is_not_history_yet() -> None:
    slate = only(event("click", "c", 0.0), *shown("a", "b", slate="s1"))

    assert slate.history.tolist() == []
    assert slate.history_weights.tolist() == []


def test_a_history_is_of_the_newest_interactions_of_any_domain() -> None:
    events = [event("click", "a", -3.0), event("click", "b", -2.0), event("click", "s", -1.0), *shown("a", "b")]

    (slate,) = log_of(events, CATALOGUES, NEWS, history_length=2).impressions
    assert slate.history.tolist() == [1]


def test_users_and_domains_are_apart() -> None:
    found = log(*shown("a", "b", slate="s1"), *shown("s", slate="s1", at=1.0), event("click", "s", 2.0, slate="s1"))

    assert [names(i) for i in found.impressions] == ["ab"]
    assert not found.left_out.total()  # another domain's items are no mistake


def test_an_event_that_comes_twice_counts_once() -> None:
    events = [*shown("a", "b", slate="s1"), event("click", "a", 1.0, slate="s1")]

    twice = log(*events, *events)
    assert len(twice) == 1
    assert twice.clicks == 1
    assert not twice.left_out.total()


def test_what_is_left_out_is_counted() -> None:
    found = trainable(
        log(
            *shown("a", "gone", "b", slate="s1"),  # the unknown one is left out, the rest stays
            event("click", "c", 9.0, slate="s1"),
            event("impression", "a", 5.0, slate="s1", position=4),
            *shown("a", slate="s2"),
            *shown("a", "b", slate="s3"),
            event("click", "a", 9.0, slate="s3"),
            event("click", "b", 9.0, slate="s3"),
            *shown("a", "b", slate="s4"),
            event("click", "b", 9.0, slate="s4"),
            event("click", "gone", 9.0),
        )
    )

    assert [(names(i), clicked(i)) for i in found.impressions] == [("ab", "b")]
    assert +found.left_out == {
        module.UNKNOWN: 2,
        module.OUTSIDE: 1,
        module.REPEATED: 1,
        module.ONE_CANDIDATE: 1,
        module.ALL_CLICKED: 1,
        module.NO_CLICK: 1,
    }


def test_an_item_is_no_younger_than_its_first_impression() -> None:
    # GIVEN items indexed (again) at noon, one of which was shown an hour before
    found = log(*shown("a", "b", at=-3600.0), *shown("b", "c", at=60.0))

    assert found.catalogue.published.tolist() == pytest.approx([T - 3600, T - 3599.9, T])
    assert CATALOGUES["news"].published.tolist() == [T] * 3


# -- files ---------------------------------------------------------------------------------------------------


@pytest.fixture
def exported(tmp_path: Path) -> tuple[Path, Path]:
    """What the two exports write of a ledger and a vector store."""
    ledger, vectors = InMemoryLedger(), MemoryVectors(dimension=2)
    for indexed, vector in ITEMS:
        put_item(vectors, indexed, *map(float, vector))
    for user, sent in [*shown("a", "b", slate="s1"), event("click", "a", 5.0, slate="s1")]:
        ledger.append("acme", user, sent.model_copy(update={"user_id": "ann@example.com"}))
    ledger.append("other", "u9", event("click", "a")[1])
    events, items = tmp_path / "events.jsonl", tmp_path / "items.jsonl"
    with events.open("w") as out:
        assert export_events(ledger, "acme", out) == 3
    with items.open("w") as out:
        assert export_items(vectors, "acme", out) == 4
    return events, items


def test_exports_come_back_as_a_log(exported: tuple[Path, Path]) -> None:
    found = read_events(*exported, NEWS)

    assert [(names(i), clicked(i)) for i in found.impressions] == [("ab", "a")]
    assert (found.catalogue.ids, found.catalogue.embedder) == (("a", "b", "c"), "test@1")
    assert np.allclose(found.catalogue.vectors, CATALOGUES["news"].vectors)


def test_exports_name_nobody(exported: tuple[Path, Path]) -> None:
    assert all("ann" not in path.read_text() for path in exported)


def test_nothing_is_exported_of_a_tenant_without_items(tmp_path: Path) -> None:
    with (tmp_path / "items.jsonl").open("w") as out:
        assert export_items(MemoryVectors(), "acme", out) == 0


def test_lines_that_cannot_be_read_are_counted(exported: tuple[Path, Path]) -> None:
    events, items = exported
    for path in exported:
        with path.open("a") as out:
            out.write('{"id": 1}\n\nnonsense\n')
    with events.open("ab") as raw:
        raw.write(b"\xff\n")

    found = read_events(events, items, NEWS)
    assert len(found) == 1
    assert (found.left_out[module.UNREADABLE_EVENT], found.left_out[module.UNREADABLE_ITEM]) == (3, 2)


def test_files_of_which_nothing_can_be_used_are_refused(exported: tuple[Path, Path], tmp_path: Path) -> None:
    events, items = exported
    empty = tmp_path / "empty"
    empty.write_text("nonsense\n")
    with pytest.raises(InvalidRequest, match=r"has no slate of news that can be used \(1 x line that is no event\)"):
        read_events(empty, items, NEWS)
    with pytest.raises(InvalidRequest, match=r"items of one embedder, but has no item"):
        read_events(events, empty, NEWS)
    only_shop = tmp_path / "shop"
    lines = items.read_text().splitlines()
    only_shop.write_text(next(line for line in lines if json.loads(line)["indexed"]["item"]["id"] == "s"))
    with pytest.raises(InvalidRequest, match="has no item of news, but of shop"):
        read_events(events, only_shop, NEWS)


def test_vectors_of_two_embedders_are_refused(exported: tuple[Path, Path]) -> None:
    events, items = exported
    first, *rest = items.read_text().splitlines()
    items.write_text("\n".join([first.replace("test@1", "other@1"), *rest]))

    with pytest.raises(InvalidRequest, match="one embedder, but has other@1, test@1"):
        read_events(events, items, NEWS)


def test_bodies_are_cut_to_what_was_embedded() -> None:
    item = make_item("a").item.model_copy(update={"body": "x " * 5_000})
    indexed = IndexedItem(**{**dict(make_item("a")), "item": item})

    (text,) = catalogues_of([(indexed, unit(1, 0))], "test@1", [NEWS])["news"].texts
    assert text == "Title of a. " + " ".join(["x"] * 500)  # 1,000 characters of the body
