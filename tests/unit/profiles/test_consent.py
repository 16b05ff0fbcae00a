"""No profile of those who refuse, whatever comes in which order."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from feedsmith.errors import StoreUnavailable
from feedsmith.insight.counters import CounterService
from feedsmith.models import ConsentChoice, Wishes
from feedsmith.privacy.wishes import WishesService
from feedsmith.profiles.choices import UserChoices
from feedsmith.profiles.service import ProfileService
from feedsmith.profiles.stream import StreamConsumer
from support.ledger import FakeClock, InMemoryLedger
from support.letters import InMemoryDeadLetters
from support.people import DOMAINS, TENANT, make_event, make_item, put_item
from support.vectors import MemoryVectors


class Ledger(InMemoryLedger):
    """Runs ``meanwhile`` once, as the next revision is drawn: somebody else comes in between."""

    meanwhile: Callable[[], object] | None = None

    def next_revision(self, tenant: str, user: str) -> int:
        revision = super().next_revision(tenant, user)
        if (meanwhile := self.meanwhile) is not None:
            self.meanwhile = None
            meanwhile()
        return revision


class House:
    def __init__(self) -> None:
        self.ledger, self.vectors = Ledger(), MemoryVectors(dimension=2)
        self.wishes = WishesService(self.ledger)
        self.profiles = ProfileService(
            self.vectors, self.ledger, DOMAINS, decisions=self.wishes, history_length=50, clock=FakeClock()
        )
        self.choices = UserChoices(self.wishes, self.profiles)
        counters = CounterService(self.ledger, self.vectors, DOMAINS)
        self.stream = StreamConsumer(
            self.profiles,
            counters,
            InMemoryDeadLetters(),
            self.ledger,
            decisions=self.wishes,
            remaining=list,
        )
        put_item(self.vectors, make_item("x"), 1, 0)

    def did(self, user: str, *, absorbed: bool = True) -> None:
        event = make_event("click", "x", event_id=f"e{len(self.ledger.stream)}")
        assert self.ledger.append(TENANT, user, event)
        if absorbed:
            assert self.stream.absorb(self.ledger.stream) is None

    def points(self) -> list[str]:
        return [hit.key for hit in self.vectors.scroll(TENANT, "users").hits]

    def clicks(self) -> int:
        counter = self.ledger.counters(TENANT, ["x"]).get("x")
        return counter.counts["click"] if counter is not None else 0


@pytest.fixture
def house() -> House:
    return House()


NO, YES = ConsentChoice(profiling=False), ConsentChoice(profiling=True)


def test_a_withdrawal_removes_the_profile_before_the_call_returns_and_a_return_brings_it_back(house: House) -> None:
    house.did("u")
    assert house.points() == ["news:u"]
    house.choices.consent(TENANT, "u", NO)
    assert house.points() == []
    assert house.profiles.tags(TENANT, "u") == {}
    house.choices.consent(TENANT, "u", YES)
    assert house.points() == ["news:u"]


def test_a_late_record_builds_no_profile_of_who_withdrew(house: House) -> None:
    house.did("u", absorbed=False)
    house.choices.consent(TENANT, "u", NO)
    assert house.stream.absorb(house.ledger.stream) is None
    assert house.points() == []
    assert house.clicks() == 1


def test_a_recompute_that_began_before_a_withdrawal_brings_nothing_back(house: House) -> None:
    house.did("u", absorbed=False)
    house.ledger.meanwhile = lambda: house.choices.consent(TENANT, "u", NO)
    assert house.profiles.recompute(TENANT, "u") == {}
    assert house.points() == []


def test_a_recompute_that_began_before_a_tag_was_removed_loses(house: House) -> None:
    house.did("u")
    wished: list[Wishes] = []
    house.ledger.meanwhile = lambda: wished.append(house.choices.unwant_item(TENANT, "u", "x"))
    house.profiles.recompute(TENANT, "u")
    assert wished[0].unwanted_items == ("x",)
    found = house.profiles.load(TENANT, "u", "news")
    assert found is not None
    assert (found.liked, found.taste) == ({}, ())


def test_a_withdrawal_holds_though_the_profile_cannot_be_removed_yet(house: House) -> None:
    house.did("u")
    house.vectors.down = True
    with pytest.raises(StoreUnavailable):
        house.choices.consent(TENANT, "u", NO)
    house.vectors.down = False
    assert not house.wishes.allows(TENANT, "u", "profiling")
    house.choices.consent(TENANT, "u", NO)
    assert house.points() == []


def test_an_event_of_nobody_counts_and_makes_no_profile(house: House) -> None:
    house.did("anon-1")
    assert (house.points(), house.clicks()) == ([], 1)


def test_events_of_who_refuses_analytics_shape_their_profile_and_no_counter(house: House) -> None:
    house.wishes.choose(TENANT, "u", ConsentChoice(analytics=False))
    house.did("u")
    house.did("other")
    assert (house.points(), house.clicks()) == (["news:other", "news:u"], 1)


def test_after_a_change_of_the_default_only_those_stay_who_chose_themselves(house: House) -> None:
    for user in ("a", "b", "c"):
        house.did(user)
    house.wishes.choose(TENANT, "b", YES)
    house.wishes.set_default(TENANT, NO)
    assert house.profiles.drop_refused(TENANT) == 2
    assert house.points() == ["news:b"]
