"""Counters: each event once, and the item's payload a true copy."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.domains.loader import DomainSet
from feedsmith.errors import StoreUnavailable
from feedsmith.insight.counters import ATTEMPTS, CounterService, add_to_activity, add_to_trend, item_stats
from feedsmith.models import NO_ACTIVITY, Event, ItemActivity, ItemStats
from feedsmith.stores import codec
from feedsmith.stores.ledger import Counter, StreamRecord
from feedsmith.stores.vectors import Collection, Payload
from support.ledger import FakeClock, InMemoryLedger
from support.people import DOMAINS, NOON, TENANT, make_domain, make_event, make_item, put_item
from support.vectors import MemoryVectors

HOURS = NOON.timestamp() / 3600  # noon in half-lives of the domain "news"


class FrailVectors(MemoryVectors):
    """``before_patch`` runs once before the next patch."""

    before_patch: Callable[[], object] | None = None

    def patch(self, tenant: str, collection: Collection, key: str, payload: Payload) -> None:
        act, self.before_patch = self.before_patch, None
        if act is not None:
            act()
        super().patch(tenant, collection, key, payload)


class BusyLedger(InMemoryLedger):
    """Others write the counter first, ``conflicts`` times."""

    conflicts = 0

    def save_counter(self, tenant: str, item_id: str, counter: Counter) -> bool:
        if self.conflicts:
            self.conflicts -= 1
            current = self.counters(tenant, [item_id]).get(item_id, Counter())
            positions = {**current.positions, "other": (str(self.conflicts), int(NOON.timestamp()))}
            counts = {**current.counts, "click": current.counts.get("click", 0) + 1}
            super().save_counter(tenant, item_id, Counter(counts, current.trend, positions, current.revision))
        return super().save_counter(tenant, item_id, counter)


@pytest.fixture
def vectors() -> FrailVectors:
    store = FrailVectors(dimension=2)
    put_item(store, make_item("x"), 1, 0)
    put_item(store, make_item("cap", domain="shop"), 0, 1)
    return store


@pytest.fixture
def ledger() -> BusyLedger:
    return BusyLedger()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


@pytest.fixture
def service(ledger: BusyLedger, vectors: FrailVectors, clock: FakeClock) -> CounterService:
    return CounterService(ledger, vectors, DOMAINS, clock=clock)


def records(*events: Event, shard: str = "s", first: int = 1, tenant: str = TENANT) -> list[StreamRecord]:
    return [StreamRecord(tenant, "p", event, shard, str(first + n)) for n, event in enumerate(events)]


def stored(ledger: InMemoryLedger, item_id: str = "x") -> ItemStats:
    counter = ledger.counters(TENANT, [item_id])[item_id]
    return item_stats(counter)


def impression(position: int | None, seconds: float = 0.0) -> Event:
    return make_event("impression", "x", seconds=seconds).model_copy(update={"position": position})


def shown(vectors: MemoryVectors, item_id: str = "x") -> ItemStats:
    hit = vectors.retrieve(TENANT, "items", [item_id])[item_id]
    stats = codec.item_of(hit).stats
    assert hit.payload.get("trend") == stats.trend
    assert hit.payload["activity"] == list(stats.activity)
    return stats


def test_counts_and_trend_reach_the_item(service: CounterService, ledger: BusyLedger, vectors: FrailVectors) -> None:
    # A click now and a like (2) an hour before: 2^t + 2 x 2^(t-1) = 2^(t+1)
    service.absorb(
        records(
            make_event("click", "x"),
            make_event("like", "x", seconds=3600),
            make_event("impression", "x"),
            make_event("dislike", "x"),
        )
    )
    assert shown(vectors) == stored(ledger)
    assert shown(vectors).counts == {"click": 1, "like": 1, "impression": 1, "dislike": 1}
    assert shown(vectors).trend == pytest.approx(HOURS + 1)


def test_the_half_life_is_that_of_the_items_domain(service: CounterService, vectors: FrailVectors) -> None:
    service.absorb(records(make_event("purchase", "cap")))  # weight 4, half-life two hours
    assert shown(vectors, "cap").trend == pytest.approx(HOURS / 2 + 2)


def test_impressions_alone_make_no_trend(service: CounterService, vectors: FrailVectors) -> None:
    service.absorb(records(make_event("impression", "x")))
    assert shown(vectors).counts == {"impression": 1}
    assert shown(vectors).trend is None


def test_activity_by_hand(service: CounterService, vectors: FrailVectors) -> None:
    # Each click, of any kind and weight, counts one; half-life one hour
    service.absorb(
        records(
            make_event("like", "x"),
            make_event("view", "x", seconds=3600),
            make_event("rate", "x", value=2.5),  # the middle: weight 0
            make_event("dislike", "x"),
            impression(position=0, seconds=7200),
            impression(position=2, seconds=3600),
            impression(position=None),
        )
    )
    activity = shown(vectors).activity
    assert activity._replace(recent_clicks=None, recent_exposure=None, recent_shown=None) == ItemActivity(
        clicks=2,
        exposure=2.5,  # 1 / log2(2) + 1 / log2(4) + 1
        shown=3,
        first=NOON.timestamp() - 7200,
    )
    assert activity.recent_clicks == pytest.approx(HOURS + math.log2(1.5))  # 1 + 1/2
    assert activity.recent_exposure == pytest.approx(HOURS + math.log2(1.5))  # 1/4 + 1/2 * 1/2 + 1
    assert activity.recent_shown == pytest.approx(HOURS + math.log2(1.75))  # 1/4 + 1/2 + 1


def test_an_impression_ahead_of_time_was_first_shown_now() -> None:
    ahead = impression(position=0, seconds=-500)
    added = add_to_activity(NO_ACTIVITY, ahead, DOMAINS["news"], NOON.timestamp())
    assert added.first == NOON.timestamp()
    assert added.recent_shown == HOURS


@settings(print_blob=True, deadline=None)
@given(data=st.data())
def test_activity_does_not_depend_on_the_order(data: st.DataObject) -> None:
    events = data.draw(
        st.lists(
            st.one_of(
                st.builds(impression, position=st.one_of(st.none(), st.integers(0, 50)), seconds=st.floats(0, 1e6)),
                st.builds(make_event, st.sampled_from(["click", "like", "dislike"]), st.just("x"),
                          seconds=st.floats(0, 1e6)),
            ),
            max_size=12,
        )
    )  # fmt: skip
    one, other = (
        functools.reduce(lambda a, e: add_to_activity(a, e, DOMAINS["news"], NOON.timestamp()), order, NO_ACTIVITY)
        for order in (events, data.draw(st.permutations(events)))
    )
    assert [value is None for value in one] == [value is None for value in other]
    assert [value or 0.0 for value in one] == pytest.approx([value or 0.0 for value in other], rel=1e-12, abs=1e-9)


def test_redelivered_and_recut_batches_add_nothing(service: CounterService, vectors: FrailVectors) -> None:
    # sequences "1" to "10": no text order
    batch = records(*(make_event("click", "x", seconds=n) if n % 2 else impression(1, seconds=n) for n in range(10)))
    service.absorb(batch[:4])
    service.absorb(batch[2:9])
    service.absorb([batch[9], *batch, batch[9]])
    assert shown(vectors).counts == {"click": 5, "impression": 5}
    activity = shown(vectors).activity
    assert (activity.clicks, activity.shown) == (5, 5)
    assert activity.exposure == pytest.approx(5 / math.log2(3))
    assert activity.first == NOON.timestamp() - 8


def test_shards_are_counted_each_by_its_own_position(service: CounterService, vectors: FrailVectors) -> None:
    one, two = records(make_event("click", "x"), shard="a", first=9), records(make_event("click", "x"), shard="b")
    for batch in (one, two, one, two):
        service.absorb(batch)
    assert shown(vectors).counts == {"click": 2}


def test_a_crash_before_the_copy_is_mended_by_the_redelivery(
    service: CounterService, ledger: BusyLedger, vectors: FrailVectors
) -> None:
    # GIVEN a counter that was written, and a process that died before it could show it
    def die() -> None:
        raise StoreUnavailable("gone")

    vectors.before_patch = die
    batch = records(make_event("click", "x"))
    with pytest.raises(StoreUnavailable):
        service.absorb(batch)
    assert shown(vectors) == ItemStats()
    # WHEN the batch comes again, THEN it counts nothing and shows what is counted
    service.absorb(batch)
    assert shown(vectors) == stored(ledger)
    assert shown(vectors).counts == {"click": 1}


def test_an_older_copy_never_stays(service: CounterService, ledger: BusyLedger, vectors: FrailVectors) -> None:
    # GIVEN another consumer that counts and copies between this one's reading and its copy
    vectors.before_patch = lambda: service.absorb(records(make_event("click", "x"), shard="b"))
    service.absorb(records(make_event("click", "x"), shard="a"))
    assert shown(vectors) == stored(ledger)
    assert shown(vectors).counts == {"click": 2}


def test_an_unknown_item_is_counted_without_a_trend(
    service: CounterService, ledger: BusyLedger, vectors: FrailVectors
) -> None:
    service.absorb(records(make_event("click", "late")))
    assert stored(ledger, "late") == ItemStats(counts={"click": 1})
    assert vectors.retrieve(TENANT, "items", ["late"]) == {}
    put_item(vectors, make_item("late"), 1, 0)
    service.absorb(records(make_event("click", "late"), first=2))
    assert shown(vectors, "late").counts == {"click": 2}
    assert shown(vectors, "late").trend == pytest.approx(HOURS)


def test_an_item_of_a_domain_that_is_gone_is_counted_without_a_trend(
    ledger: BusyLedger, vectors: FrailVectors, clock: FakeClock
) -> None:
    service = CounterService(ledger, vectors, DomainSet({"shop": make_domain("shop")}), clock=clock)
    service.absorb(records(make_event("click", "x")))
    assert shown(vectors) == ItemStats(counts={"click": 1})


def test_another_writer_costs_a_second_read_and_no_count(
    service: CounterService, ledger: BusyLedger, vectors: FrailVectors
) -> None:
    ledger.conflicts = 3
    service.absorb(records(make_event("click", "x")))
    assert shown(vectors).counts == {"click": 4}


def test_endless_conflicts_are_reported(service: CounterService, ledger: BusyLedger) -> None:
    ledger.conflicts = ATTEMPTS
    with pytest.raises(StoreUnavailable, match="deliver them again"):
        service.absorb(records(make_event("click", "x")))


def test_positions_go_two_days_after_the_newest(service: CounterService, ledger: BusyLedger, clock: FakeClock) -> None:
    service.absorb(records(make_event("click", "x"), shard="old"))
    clock.advance(days=2)
    service.absorb(records(make_event("click", "x"), shard="new"))
    assert set(ledger.counters(TENANT, ["x"])["x"].positions) == {"old", "new"}
    clock.advance(seconds=1)
    service.absorb(records(make_event("click", "x"), shard="new", first=2))
    assert set(ledger.counters(TENANT, ["x"])["x"].positions) == {"new"}


def test_tenants_are_counted_apart(service: CounterService, ledger: BusyLedger, vectors: FrailVectors) -> None:
    service.absorb([*records(make_event("click", "x")), *records(make_event("click", "x"), first=2, tenant="other")])
    assert shown(vectors).counts == {"click": 1}
    assert ledger.counters("other", ["x"])["x"].counts == {"click": 1}


def trend_of(*additions: Sequence[float], now: float = 1e9) -> float | None:
    trend = None
    for weight, at in additions:
        trend = add_to_trend(trend, weight=weight, at=at, now=now, half_life=10.0)
    return trend


def test_trend_is_the_logarithm_of_the_decayed_sum() -> None:
    # 3 x 2^(100/10) + 5 x 2^(130/10) = 3072 + 40960
    assert trend_of((3, 100), (5, 130)) == pytest.approx(math.log2(44_032))
    assert trend_of((5, 130), (3, 100)) == pytest.approx(math.log2(44_032))


def test_what_is_a_million_half_lives_apart_does_not_overflow() -> None:
    assert trend_of((1, 1e7), (1, 0.0)) == 1e6


def test_a_clock_ahead_keeps_no_item_on_top() -> None:
    assert trend_of((1, 5_000), now=100) == trend_of((1, 100), now=100) == 10


def test_a_trend_of_a_shorter_half_life_begins_anew() -> None:
    # 10,000 s at a half-life of 1 s would lie 9,000 doublings above all that a half-life of 10 s can reach
    assert add_to_trend(10_000.0, weight=1, at=10_000, now=10_000, half_life=10) == 1_000
    assert add_to_trend(10_000.0, weight=0, at=10_000, now=10_000, half_life=10) is None


def test_an_old_event_delivered_late_counts_beside_newer_ones() -> None:
    late = NOON - timedelta(days=300)
    trend = add_to_trend(HOURS, weight=1, at=late.timestamp(), now=NOON.timestamp(), half_life=3600)
    assert trend == pytest.approx(HOURS)
