"""Partial batches, poison records and stores that are down: what the stream is told, and what is absorbed anyway."""

from __future__ import annotations

import pytest

from feedsmith.errors import StoreUnavailable
from feedsmith.insight.counters import CounterService
from feedsmith.models import Event, EventType, Profile
from feedsmith.profiles.service import ProfileService
from feedsmith.profiles.stream import StreamConsumer
from support.ledger import FakeClock, InMemoryLedger
from support.people import DOMAINS, TENANT, make_event, make_item, put_item
from support.vectors import MemoryVectors


class RecordingProfiles(ProfileService):
    """Notes who was recomputed; ``broken`` users raise."""

    def __init__(self, vectors: MemoryVectors, ledger: InMemoryLedger) -> None:
        super().__init__(vectors, ledger, DOMAINS, history_length=50, clock=FakeClock())
        self.recomputed: list[str] = []
        self.broken: dict[str, Exception] = {}

    def recompute(self, tenant: str, user: str, *, asked: str | None = None) -> dict[str, Profile]:
        if user in self.broken:
            raise self.broken[user]
        self.recomputed.append(user)
        return super().recompute(tenant, user, asked=asked)


class House:
    def __init__(self) -> None:
        self.vectors = MemoryVectors(dimension=2)
        self.ledger = InMemoryLedger()
        self.profiles = RecordingProfiles(self.vectors, self.ledger)
        self.consumer = StreamConsumer(self.profiles, CounterService(self.ledger, self.vectors, DOMAINS))
        put_item(self.vectors, make_item("x"), 1, 0)

    def did(self, user: str, kind: EventType = "click") -> Event:
        event = make_event(kind, "x", event_id=f"e{len(self.ledger.stream)}")
        assert self.ledger.append(TENANT, user, event)
        return event

    def sequence(self, number: int) -> str:
        return self.ledger.stream[number].sequence

    def clicks(self) -> int:
        return self.ledger.counters(TENANT, ["x"])["x"].counts["click"]


@pytest.fixture
def house() -> House:
    return House()


def test_each_user_is_recomputed_once_and_impressions_recompute_nobody(house: House) -> None:
    for user, kind in [("a", "click"), ("b", "impression"), ("a", "like"), ("c", "click")]:
        house.did(user, kind)  # type: ignore[arg-type] # a literal in a list is a str
    assert house.consumer.absorb(house.ledger.stream) is None
    assert house.profiles.recomputed == ["a", "c"]
    assert house.ledger.counters(TENANT, ["x"])["x"].counts == {"click": 2, "impression": 1, "like": 1}


def test_an_empty_batch_is_absorbed(house: House) -> None:
    assert house.consumer.absorb([]) is None


def test_one_users_poison_stops_nobody_else(house: House, caplog: pytest.LogCaptureFixture) -> None:
    for user in ("a", "bad", "c", "bad"):
        house.did(user)
    house.profiles.broken["bad"] = ValueError("bad read x")
    # THEN the first record of the broken user is named, everyone else's profile and all counters are up to date
    assert house.consumer.absorb(house.ledger.stream) == house.sequence(1)
    assert house.profiles.recomputed == ["a", "c"]
    assert house.clicks() == 4
    # and the log names the kind of error, but neither the user nor the item
    (line,) = caplog.records
    assert line.__dict__["error"] == "ValueError"
    assert "bad" not in str(line.__dict__)


def test_a_store_that_is_down_stops_there(house: House) -> None:
    for user in ("a", "b", "c"):
        house.did(user)
    house.profiles.broken["b"] = StoreUnavailable("down")
    assert house.consumer.absorb(house.ledger.stream) == house.sequence(1)
    assert house.profiles.recomputed == ["a"]


def test_the_earliest_failure_is_named(house: House) -> None:
    for user in ("a", "bad", "worse", "down"):
        house.did(user)
    house.profiles.broken |= {"bad": KeyError("k"), "worse": ValueError("v"), "down": StoreUnavailable("down")}
    assert house.consumer.absorb(house.ledger.stream) == house.sequence(1)


def test_counters_that_cannot_be_written_ask_for_the_whole_batch(house: House) -> None:
    house.did("a")
    house.did("b", "impression")
    house.vectors.down = True
    assert house.consumer.absorb(house.ledger.stream) == house.sequence(0)
    # WHEN it comes again, THEN all is there, once
    house.vectors.down = False
    assert house.consumer.absorb(house.ledger.stream) is None
    assert house.clicks() == 1
