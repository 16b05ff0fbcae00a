from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest

from feedsmith.content.service import ContentService, IndexReport
from feedsmith.content.understanding import Understander
from feedsmith.domains import load_domains
from feedsmith.errors import NotFound, StoreUnavailable, ValidationFailed
from feedsmith.models import NO_ACTIVITY, Item, ItemActivity
from feedsmith.stores.ledger import Counter
from feedsmith.stores.vectors import Collection, Point
from support.embedders import WordEmbedder
from support.ledger import FakeClock, InMemoryLedger
from support.vectors import MemoryVectors


class House:
    """A content service with all that is around it."""

    def __init__(self, vectors: MemoryVectors | None = None) -> None:
        self.embedder = WordEmbedder()
        self.vectors = vectors or MemoryVectors()
        self.vectors.prepare(dimension=self.embedder.dimension, embedder=self.embedder.name)
        self.clock = FakeClock()
        self.ledger = InMemoryLedger(self.clock)
        self.understander = Understander(self.embedder, load_domains())
        self.content = ContentService(
            self.vectors, self.ledger, lambda: self.understander, load_domains(), clock=self.clock
        )


@pytest.fixture
def house() -> House:
    return House()


def item(item_id: str, title: str = "Rates rise", **fields: object) -> Item:
    return Item.model_validate({"id": item_id, "domain": "news", "title": title, **fields})


def test_an_item_comes_back_understood(house: House) -> None:
    rates = item("a", body="The central bank raised rates.", categories=["business"])
    assert house.content.index("acme", [rates]) == IndexReport(indexed=1, unchanged=0)
    found = house.content.get("acme", "a")
    assert found.item == rates
    assert found.content_hash == rates.content_hash
    assert found.understanding.topics[0].name == "business"
    assert found.indexed_at == house.clock.now
    assert found.stats.counts == {}


def test_unchanged_items_are_not_embedded_again(house: House) -> None:
    house.content.index("acme", [item("a"), item("b", "Cup final")])
    before, writes = len(house.embedder.embedded), house.vectors.writes
    assert house.content.index("acme", [item("a"), item("b", "Cup final")]) == IndexReport(0, 2)
    assert (len(house.embedder.embedded), house.vectors.writes) == (before, writes)


def test_of_a_batch_only_what_changed_is_embedded(house: House) -> None:
    house.content.index("acme", [item("a"), item("b", "Cup final")])
    house.embedder.embedded.clear()
    assert house.content.index("acme", [item("a"), item("b", "Cup lost")]) == IndexReport(1, 1)
    assert house.embedder.embedded == ["Cup lost"]
    assert house.content.get("acme", "b").item.title == "Cup lost"


def test_the_last_duplicate_of_a_batch_wins(house: House) -> None:
    assert house.content.index("acme", [item("a", "one"), item("a", "two"), item("a", "three")]) == IndexReport(1, 2)
    assert house.content.get("acme", "a").item.title == "three"


def test_events_counted_before_the_item_came_are_shown(house: House) -> None:
    activity = ItemActivity(clicks=3, shown=20)
    house.ledger.save_counter("acme", "a", Counter({"click": 3, "impression": 20}, trend=7.5, activity=activity))
    house.content.index("acme", [item("a"), item("b")])
    assert house.content.get("acme", "a").stats.counts == {"click": 3, "impression": 20}
    assert house.content.get("acme", "a").stats.trend == 7.5
    assert house.content.get("acme", "b").stats.trend is None
    assert house.content.get("acme", "a").stats.activity == activity
    assert house.content.get("acme", "b").stats.activity == NO_ACTIVITY


def test_a_new_version_keeps_its_counts(house: House) -> None:
    house.content.index("acme", [item("a")])
    house.ledger.save_counter("acme", "a", Counter(counts={"like": 2}, trend=1.0))
    house.content.index("acme", [item("a", "Rates fall")])
    assert house.content.get("acme", "a").stats.counts == {"like": 2}


def test_an_event_counted_while_the_item_is_written_is_not_lost() -> None:
    """GIVEN a counter that moves between the reading of counters and the writing of items."""

    class Interrupted(MemoryVectors):
        def upsert(
            self, tenant: str, collection: Collection, points: Sequence[Point], *, newer: str | None = None
        ) -> None:
            house.ledger.save_counter("acme", "a", Counter(counts={"click": 1}, trend=2.0))
            super().upsert(tenant, collection, points, newer=newer)

    house = House(Interrupted())
    house.content.index("acme", [item("a")])
    assert house.content.get("acme", "a").stats.counts == {"click": 1}
    assert house.content.get("acme", "a").stats.trend == 2.0


def test_an_unknown_domain_stores_nothing(house: House) -> None:
    with pytest.raises(ValidationFailed) as failure:
        house.content.index("acme", [item("a"), item("b", domain="weather")])
    assert [e["path"] for e in failure.value.errors] == ["/items/1/domain"]
    assert "news" in failure.value.errors[0]["message"]
    with pytest.raises(NotFound):
        house.content.get("acme", "a")


def test_tenants_do_not_meet(house: House) -> None:
    house.content.index("acme", [item("a"), item("b")])
    house.content.index("other", [item("c")])
    for read in (lambda: house.content.get("other", "a"), lambda: house.content.similar("other", "a", 5)):
        with pytest.raises(NotFound, match="'a'"):
            read()
    assert house.content.similar("other", "c", 5) == []


def test_a_deleted_item_is_gone(house: House) -> None:
    house.content.index("acme", [item("a")])
    house.content.delete("acme", "a")
    for again in (house.content.get, house.content.delete):
        with pytest.raises(NotFound):
            again("acme", "a")


def test_similar_items_are_of_the_same_domain_and_alive(house: House) -> None:
    now = house.clock.now
    house.content.index(
        "acme",
        [
            item("a", "central bank raises rates"),
            item("near", "central bank lowers rates"),
            item("far", "striker scores twice"),
            item("old", "central bank raises rates", expires_at=now - timedelta(seconds=1)),
            item("soon", "central bank", expires_at=now + timedelta(seconds=1)),
            item("shop", "central bank raises rates", domain="commerce"),
        ],
    )
    found = house.content.similar("acme", "a", 10)
    assert [indexed.item.id for indexed, _ in found] == ["near", "soon", "far"]
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert [indexed.item.id for indexed, _ in house.content.similar("acme", "a", 1)] == ["near"]


def test_reading_needs_no_model(house: House) -> None:
    house.content.index("acme", [item("a")])

    def no_model() -> Understander:
        raise AssertionError("a model was loaded")

    content = ContentService(house.vectors, house.ledger, no_model, load_domains())
    content.get("acme", "a")
    content.similar("acme", "a", 3)
    assert content.index("acme", [item("a")]) == IndexReport(0, 1)
    assert content.index("acme", []) == IndexReport(0, 0)
    content.delete("acme", "a")


def test_a_store_that_is_down_can_be_tried_again(house: House) -> None:
    house.vectors.down = True
    with pytest.raises(StoreUnavailable):
        house.content.index("acme", [item("a")])
    house.vectors.down = False
    assert house.content.index("acme", [item("a")]) == IndexReport(1, 0)


def test_vectors_are_those_of_title_and_lead(house: House) -> None:
    house.content.index("acme", [item("a", "Title", body="Lead")])
    hit = house.vectors.retrieve("acme", "items", ["a"], with_vectors=True)["a"]
    np.testing.assert_allclose(hit.vector, house.embedder.passages(["Title. Lead"])[0], atol=1e-6)
