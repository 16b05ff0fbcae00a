"""Partial batches, poison records and stores that are down: what the stream is told, and what is absorbed anyway."""

from __future__ import annotations

import pytest

from feedsmith.errors import ConfigurationError, StoreUnavailable
from feedsmith.insight.counters import CounterService
from feedsmith.models import Event, EventType, Profile
from feedsmith.privacy.wishes import WishesService
from feedsmith.profiles.service import ProfileService
from feedsmith.profiles.stream import StreamConsumer
from feedsmith.stores.ledger import Counter, StreamRecord
from feedsmith.stores.letters import DeadLetter
from support.ledger import FakeClock, InMemoryLedger
from support.letters import InMemoryDeadLetters
from support.people import DOMAINS, TENANT, make_event, make_item, put_item
from support.vectors import MemoryVectors


class RecordingProfiles(ProfileService):
    """Notes who was recomputed; ``broken`` users raise."""

    def __init__(self, vectors: MemoryVectors, ledger: InMemoryLedger) -> None:
        super().__init__(
            vectors, ledger, DOMAINS, decisions=WishesService(ledger), history_length=50, clock=FakeClock()
        )
        self.recomputed: list[str] = []
        self.broken: dict[str, Exception] = {}

    def recompute(self, tenant: str, user: str, *, asked: str | None = None) -> dict[str, Profile]:
        if user in self.broken:
            raise self.broken[user]
        self.recomputed.append(user)
        return super().recompute(tenant, user, asked=asked)


class BreakingLedger(InMemoryLedger):
    """Counters of the items in ``broken`` cannot be written."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: set[str] = set()

    def save_counter(self, tenant: str, item_id: str, counter: Counter) -> bool:
        if item_id in self.broken:
            raise OverflowError(f"{item_id} broke")
        return super().save_counter(tenant, item_id, counter)


class House:
    def __init__(self) -> None:
        self.vectors = MemoryVectors(dimension=2)
        self.ledger = BreakingLedger()
        self.letters = InMemoryDeadLetters()
        self.profiles = RecordingProfiles(self.vectors, self.ledger)
        counters = CounterService(self.ledger, self.vectors, DOMAINS)
        self.consumer = StreamConsumer(
            self.profiles,
            counters,
            self.letters,
            self.ledger,
            decisions=WishesService(self.ledger),
            remaining=list,
        )
        put_item(self.vectors, make_item("x"), 1, 0)

    def did(self, user: str, kind: EventType = "click") -> Event:
        event = make_event(kind, "x", event_id=f"e{len(self.ledger.stream)}")
        assert self.ledger.append(TENANT, user, event)
        return event

    def sequence(self, number: int) -> str:
        return self.ledger.stream[number].sequence

    def clicks(self, item_id: str = "x") -> int:
        counter = self.ledger.counters(TENANT, [item_id]).get(item_id, Counter())
        return counter.counts.get("click", 0)

    def unreadable(self, number: int) -> DeadLetter:
        """A letter on a record that this version cannot read."""
        record = self.ledger.stream[number]
        return DeadLetter(TENANT, record.user, record.event.identity, record.shard, record.sequence, "of version 2")


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
    # THEN nothing is to come again, everyone else's profile and all counters are up to date
    assert house.consumer.absorb(house.ledger.stream) is None
    assert house.profiles.recomputed == ["a", "c"]
    # and the broken user lies in the dead-letter queue with the reason, once
    (letter,) = house.letters.sent
    assert (letter.user, letter.sequence, letter.counted) == ("bad", house.sequence(1), True)
    assert letter.reason == "its profile cannot be computed (ValueError)"
    assert house.clicks() == 4
    # and the log names the kind of error, but neither the user nor the item
    (line,) = caplog.records
    assert line.__dict__["reason"] == letter.reason
    assert "bad" not in str(line.__dict__)
    # WHEN the cause is mended and the letter redriven, THEN the profile is there and nothing counted again
    house.profiles.broken.clear()
    assert house.consumer.redrive(letter) is None
    assert house.profiles.recomputed == ["a", "c", "bad"]
    assert house.clicks() == 4


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
    assert house.consumer.absorb(house.ledger.stream) == house.sequence(3)
    # and the letters on those before it are sent, for they do not come again
    assert [letter.user for letter in house.letters.sent] == ["bad", "worse"]


def test_counters_that_cannot_be_written_ask_for_the_whole_batch(house: House) -> None:
    house.did("a")
    house.did("b", "impression")
    house.vectors.down = True
    assert house.consumer.absorb(house.ledger.stream) == house.sequence(0)
    # WHEN it comes again, THEN all is there, once
    house.vectors.down = False
    assert house.consumer.absorb(house.ledger.stream) is None
    assert house.clicks() == 1


def test_a_wrong_setting_sets_nothing_aside(house: House) -> None:
    house.did("a")
    house.profiles.broken["a"] = ConfigurationError("the key of Qdrant is wrong")
    assert house.consumer.absorb(house.ledger.stream) == house.sequence(0)
    assert house.letters.sent == []


def test_an_event_that_cannot_be_read_is_set_aside_and_counts_once_when_it_comes_back(house: House) -> None:
    for user in ("a", "b", "c"):
        house.did(user)
    a, b, c = house.ledger.stream
    strange = house.unreadable(1)
    assert house.consumer.absorb([a, c], [strange]) is None
    assert house.letters.sent == [strange]
    assert house.profiles.recomputed == ["a", "c"]
    assert house.clicks() == 2
    # WHEN the stream brings the batch again, to a version that can read it
    assert house.consumer.absorb([a, b, c]) is None
    # THEN it is its letter's to bring it back, and the letter is there
    assert house.clicks() == 2
    assert house.letters.sent[1:] == [strange]
    # WHEN both letters are redriven, and one again
    assert [house.consumer.redrive(letter) for letter in (*house.letters.sent, strange)] == [None] * 3
    # THEN it counted once
    assert house.clicks() == 3
    assert house.profiles.recomputed[-1] == "b"


def test_an_unreadable_event_is_noted_before_a_counter_reads_on(house: House) -> None:
    for user in ("a", "b"):
        house.did(user)
    first, _ = house.ledger.stream
    house.letters.down = True
    assert house.consumer.absorb([first], [house.unreadable(1)]) == house.sequence(0)
    assert house.clicks() == 0


def test_letters_are_sent_before_their_records_are_acknowledged_and_not_before(house: House) -> None:
    for user in ("a", "b"):
        house.did(user)
    strange = house.unreadable(1)
    # GIVEN a store that is down before the unreadable record
    house.profiles.broken["a"] = StoreUnavailable("down")
    for _ in range(3):
        assert house.consumer.absorb([house.ledger.stream[0]], [strange]) == house.sequence(0)
    assert house.letters.sent == []
    house.profiles.broken.clear()
    assert house.consumer.absorb([house.ledger.stream[0]], [strange]) is None
    assert house.letters.sent == [strange]


def test_an_item_that_cannot_be_counted_holds_up_no_other(house: House) -> None:
    put_item(house.vectors, make_item("y"), 0, 1)
    house.ledger.append(TENANT, "a", make_event("click", "y", event_id="y1"))
    house.did("b")
    house.ledger.broken.add("y")
    assert house.consumer.absorb(house.ledger.stream) is None
    assert (house.clicks("x"), house.clicks("y")) == (1, 0)
    (letter,) = house.letters.sent
    assert (letter.user, letter.counted) == ("a", False)
    assert letter.reason == "its counter cannot be written or shown (OverflowError)"
    # A letter that still fails is kept, with the reason
    assert house.consumer.redrive(letter) == letter.reason
    # WHEN it is mended and the item goes on being read, THEN the letter's event is counted all the same, once
    house.ledger.broken.clear()
    house.ledger.append(TENANT, "c", make_event("click", "y", event_id="y2"))
    assert house.consumer.absorb(house.ledger.stream) is None
    assert house.clicks("y") == 1
    assert [house.consumer.redrive(letter) for _ in range(2)] == [None, None]
    assert house.clicks("y") == 2


def test_an_item_that_cannot_show_its_counter_is_not_counted_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.did("a")
    patch, fail = house.vectors.patch, ValueError("no such payload")

    def broken(*_: object) -> None:
        raise fail

    monkeypatch.setattr(house.vectors, "patch", broken)
    assert house.consumer.absorb(house.ledger.stream) is None
    (letter,) = house.letters.sent
    assert (letter.counted, house.clicks()) == (True, 1)
    monkeypatch.setattr(house.vectors, "patch", patch)
    assert house.consumer.redrive(letter) is None
    assert house.clicks() == 1
    assert house.vectors.retrieve(TENANT, "items", ["x"])["x"].payload["stats"]["counts"] == {"click": 1}


def test_the_letter_of_an_erased_event_brings_nothing_back(house: House) -> None:
    gone = StreamRecord(TENANT, "gone", make_event("click", "x", event_id="e0"), "shard-0", "1")
    letter = DeadLetter(TENANT, gone.user, "e0", gone.shard, gone.sequence, "of version 2")
    assert house.consumer.redrive(letter) is None
    assert house.clicks() == 0


def test_a_letter_waits_where_a_store_is_down(house: House) -> None:
    house.did("a")
    house.vectors.down = True
    assert house.consumer.redrive(house.unreadable(0)) is not None
    house.vectors.down = False
    assert house.consumer.redrive(house.unreadable(0)) is None
    assert house.clicks() == 1
