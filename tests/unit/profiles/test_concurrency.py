"""Two at once, in every order of their calls: neither profile updates nor counts are lost."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.insight.counters import CounterService
from feedsmith.privacy.wishes import WishesService
from feedsmith.profiles.service import ProfileService
from feedsmith.stores import codec
from feedsmith.stores.ledger import StreamRecord
from support.ledger import FakeClock, InMemoryLedger
from support.people import DOMAINS, NOON, TENANT, make_event, make_item, put_item
from support.turns import Turns
from support.vectors import MemoryVectors

ORDERS = st.lists(st.integers(0, 1), min_size=1, max_size=40)


def store() -> MemoryVectors:
    vectors = MemoryVectors(dimension=2)
    put_item(vectors, make_item("x"), 1, 0)
    put_item(vectors, make_item("y"), 0, 1)
    return vectors


@given(ORDERS)
@settings(max_examples=150, deadline=None, print_blob=True)
def test_two_updates_of_one_profile_lose_nothing(order: list[int]) -> None:
    turns, vectors, ledger = Turns(order), store(), InMemoryLedger()
    guarded = turns.guard(ledger)
    service = ProfileService(
        turns.guard(vectors), guarded, DOMAINS, decisions=WishesService(guarded), history_length=50,
        clock=FakeClock(NOON),
    )  # fmt: skip

    def act(item_id: str) -> None:
        guarded.append(TENANT, "u", make_event("click", item_id, event_id=item_id))
        service.recompute(TENANT, "u")

    # WHEN two events are appended and absorbed at once
    turns.run(lambda: act("x"), lambda: act("y"))
    # THEN the profile that stays has both, whoever wrote last
    key = codec.profile_key("u", "news")
    profile = codec.profile_of(vectors.retrieve(TENANT, "users", [key], with_vectors=True)[key])
    assert profile.interactions == 2
    assert set(profile.liked) == {"x", "y"}


@given(ORDERS)
@settings(max_examples=150, deadline=None, print_blob=True)
def test_two_shards_count_one_item_at_once(order: list[int]) -> None:
    turns, vectors, ledger = Turns(order), store(), InMemoryLedger()
    service = CounterService(turns.guard(ledger), turns.guard(vectors), DOMAINS, clock=FakeClock(NOON))

    def absorb(shard: str) -> None:
        record = StreamRecord(TENANT, "u", make_event("click", "x", event_id=shard), shard, "1")
        service.absorb([record])
        service.absorb([record])  # and once more, as a redelivery

    turns.run(lambda: absorb("one"), lambda: absorb("two"))
    assert ledger.counters(TENANT, ["x"])["x"].counts == {"click": 2}
    # and the item shows what was counted last
    assert vectors.retrieve(TENANT, "items", ["x"])["x"].payload["stats"]["counts"] == {"click": 2}
