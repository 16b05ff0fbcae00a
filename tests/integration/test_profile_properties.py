"""Profiles and counters are functions of the set of accepted events, whatever the way these were delivered."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.errors import StoreUnavailable
from feedsmith.insight.counters import CounterService, item_stats
from feedsmith.models import Event, ItemActivity, ItemStats, Profile
from feedsmith.privacy.wishes import WishesService
from feedsmith.profiles.service import ProfileService
from feedsmith.profiles.stream import StreamConsumer
from feedsmith.stores import codec
from feedsmith.stores.ledger import StreamRecord
from support.ledger import FakeClock, InMemoryLedger
from support.letters import InMemoryDeadLetters
from support.people import DOMAINS, NOON, TENANT, make_event, make_item, put_item
from support.vectors import MemoryVectors

USERS = ("ann", "bob", "cid")
SHARDS = {"ann": "one", "bob": "two", "cid": "one"}
ITEMS = {
    "x": (make_item("x", topics={"sport": 1.0}), (1, 0, 0)),
    "y": (make_item("y", topics={"sport": 0.3, "health": 0.4}), (0.6, 0.8, 0)),
    "cap": (make_item("cap", domain="shop"), (0, 1, 1)),
}
LATE = make_item("late"), (0, 0, 1)  # indexed after all events on it

History = list[tuple[str, Event]]


class FlakyVectors(MemoryVectors):
    """Fails at the calls whose numbers are in ``failures``, as if the process died between two of its writes."""

    def __init__(self) -> None:
        self.failures: frozenset[int] = frozenset()
        self.calls = 0
        super().__init__(dimension=3)

    def ping(self) -> None:  # the first thing in every call of the fake
        super().ping()
        self.calls += 1
        if self.calls in self.failures:
            raise StoreUnavailable("the test's vector store hiccups")


@dataclass(frozen=True)
class Way:
    """How the events travel: order of arrival, batch lengths, what comes again though absorbed, what fails."""

    order: Sequence[int]
    lengths: Sequence[int]
    rewinds: Sequence[int]
    failures: frozenset[int]


@dataclass(frozen=True)
class Outcome:
    """What is shown of users and items in the end."""

    profiles: dict[tuple[str, str], Profile]
    stats: dict[str, ItemStats]


def travel(events: History, way: Way) -> Outcome:
    vectors, ledger, clock = FlakyVectors(), InMemoryLedger(), FakeClock(NOON)
    decisions = WishesService(ledger)
    profiles = ProfileService(vectors, ledger, DOMAINS, decisions=decisions, history_length=100, clock=clock)
    counters = CounterService(ledger, vectors, DOMAINS, clock=clock)
    consumer = StreamConsumer(profiles, counters, InMemoryDeadLetters(), ledger, decisions=decisions, remaining=list)
    for indexed, coordinates in ITEMS.values():
        put_item(vectors, indexed, *coordinates)
    for index in way.order:
        ledger.append(TENANT, *events[index])
    vectors.calls, vectors.failures = 0, way.failures
    deliver(consumer, [replace(record, shard=SHARDS[record.user]) for record in ledger.stream], way)
    vectors.failures = frozenset()

    counted = {key: item_stats(counter) for key, counter in ledger.counters(TENANT, [*ITEMS, "late"]).items()}
    for item_id, hit in vectors.retrieve(TENANT, "items", list(ITEMS)).items():
        assert codec.item_of(hit).stats == counted.get(item_id, ItemStats())
    put_item(vectors, LATE[0], *LATE[1])
    loaded = {(user, domain): profiles.load(TENANT, user, domain) for user in USERS for domain in DOMAINS}
    return Outcome({key: profile for key, profile in loaded.items() if profile is not None}, counted)


def deliver(consumer: StreamConsumer, stream: Sequence[StreamRecord], way: Way) -> None:
    """Batch by batch, the shards in turn, as Lambda does: from the reported record on, or a bit further back."""
    shards = deque([record for record in stream if record.shard == shard] for shard in ("one", "two"))
    places, lengths, rewinds = deque([0, 0]), deque(way.lengths), deque(way.rewinds)
    while any(place < len(shard) for place, shard in zip(places, shards, strict=True)):
        shard, place = shards[0], places[0]
        batch = shard[place : place + lengths[0]]
        if batch:
            failed = consumer.absorb(batch)
            sequences = [record.sequence for record in batch]
            done = len(batch) if failed is None else sequences.index(failed)
            places[0] = max(place + done - (rewinds.popleft() if rewinds else 0), 0)
        for queue in (shards, places, lengths):
            queue.rotate(-1)


@st.composite
def journeys(draw: st.DrawFn) -> tuple[History, Way, Way]:
    events = draw(
        st.lists(
            st.tuples(
                st.sampled_from(USERS),
                st.builds(
                    make_event,
                    st.sampled_from(["click", "view", "like", "dislike", "rate", "purchase", "impression"]),
                    st.sampled_from([*ITEMS, "late", "never"]),
                    days=st.integers(0, 3).map(float),
                    value=st.sampled_from([1.0, 4.5]),
                ),
            ),
            min_size=1,
            max_size=12,
        )
    )
    ways = []
    for _ in range(2):
        again = draw(st.lists(st.integers(0, len(events) - 1), max_size=3))
        ways.append(
            Way(
                order=draw(st.permutations([*range(len(events)), *again])),
                lengths=draw(st.lists(st.integers(1, 6), min_size=1, max_size=4)),
                rewinds=draw(st.lists(st.integers(0, 4), max_size=4)),
                failures=frozenset(draw(st.sets(st.integers(1, 40), max_size=4))),
            )
        )
    return events, ways[0], ways[1]


@given(journeys())
@settings(max_examples=80, deadline=None, print_blob=True)
def test_any_way_of_delivery_ends_in_the_same_place(journey: tuple[History, Way, Way]) -> None:
    events, one, other = journey
    first, second = travel(events, one), travel(events, other)
    assert first.profiles.keys() == second.profiles.keys()
    for key, profile in first.profiles.items():
        same_profile(profile, second.profiles[key])
    accepted = {(user, event.identity): event for user, event in events}.values()
    for item_id in {event.item_id for event in accepted} - {"never"}:
        # Exactly once: the counts are those of the set of events itself
        kinds = [event.type for event in accepted if event.item_id == item_id]
        assert first.stats[item_id].counts == second.stats[item_id].counts == {k: kinds.count(k) for k in kinds}
        assert first.stats[item_id].trend == pytest.approx(second.stats[item_id].trend, abs=1e-6)
        same_activity(first.stats[item_id].activity, second.stats[item_id].activity)


def same_activity(one: ItemActivity, other: ItemActivity) -> None:
    assert [value is None for value in one] == [value is None for value in other]
    assert [value or 0.0 for value in one] == pytest.approx([value or 0.0 for value in other], abs=1e-6)


def same_profile(one: Profile, other: Profile) -> None:
    own = {"taste", "interests", "topics", "liked", "history", "revision"}
    assert one.model_dump(exclude=own) == other.model_dump(exclude=own)
    assert one.taste == pytest.approx(other.taste, abs=1e-6)
    assert one.topics == pytest.approx(other.topics, abs=1e-6)
    assert one.liked == pytest.approx(other.liked, abs=1e-6)
    assert [(item.item_id, item.topics) for item in one.history] == [(i.item_id, i.topics) for i in other.history]
    assert [item.weight for item in one.history] == pytest.approx([item.weight for item in other.history], abs=1e-6)
    assert one.history_vectors == other.history_vectors
    assert [interest.newest_item_id for interest in one.interests] == [i.newest_item_id for i in other.interests]
    for interest, same in zip(one.interests, other.interests, strict=True):
        assert interest.weight == pytest.approx(same.weight, abs=1e-6)
        assert interest.vector == pytest.approx(same.vector, abs=1e-6)
