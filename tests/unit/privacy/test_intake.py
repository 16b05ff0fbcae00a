"""Events are kept as far as their users allow."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from feedsmith.models import ConsentChoice, Event
from feedsmith.privacy.intake import EventIntake, Taken
from feedsmith.privacy.wishes import WishesService
from support.ledger import InMemoryLedger

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Names:
    """Two keyed hashes."""

    def __call__(self, tenant: str, user_id: str) -> str:
        return hashlib.sha256(f"name {tenant} {user_id}".encode()).hexdigest()

    def digest(self, tenant: str, text: str) -> str:
        return hashlib.sha256(f"text {tenant} {text}".encode()).hexdigest()


NAMES = Names()


def event(item: str = "x", **fields: object) -> Event:
    return Event(user_id="ann", item_id=item, type="click", at=AT, **fields)  # type: ignore[arg-type]  # any field


class House:
    def __init__(self) -> None:
        self.ledger = InMemoryLedger()
        self.wishes = WishesService(self.ledger)
        self.intake = EventIntake(self.ledger, self.wishes, NAMES, lambda tenant, user: True)

    def choose(self, **choice: bool) -> None:
        self.wishes.choose("acme", NAMES("acme", "ann"), ConsentChoice(**choice))

    def stored(self) -> list[tuple[str, Event]]:
        return list(self.ledger.events("acme"))


@pytest.fixture
def house() -> House:
    return House()


def test_with_consent_an_event_lies_under_its_user(house: House) -> None:
    assert house.intake.take("acme", [event(), event(), event("y")]) == Taken(accepted=2, duplicates=1)
    assert {user for user, _ in house.stored()} == {NAMES("acme", "ann")}


def test_with_analytics_alone_events_are_nobody_s_and_tell_of_no_other(house: House) -> None:
    house.choose(profiling=False, analytics=True)
    sent = [event("x", event_id="ann-1", slate_id="s"), event("y", event_id="ann-2", slate_id="s")]
    assert house.intake.take("acme", sent) == Taken(accepted=2)

    users = {user for user, _ in house.stored()}
    assert len(users) == 2
    assert NAMES("acme", "ann") not in users
    assert all(one.user_id in users and (one.event_id, one.slate_id) == (None, None) for _, one in house.stored())
    assert "ann" not in repr(house.stored())
    # the same again counts once, though nobody could say whose it was
    assert house.intake.take("acme", sent) == Taken(duplicates=2)


def test_two_events_that_differ_by_their_ids_alone_are_two(house: House) -> None:
    house.choose(profiling=False, analytics=True)
    assert house.intake.take("acme", [event(event_id="1"), event(event_id="2")]) == Taken(accepted=2)


def test_with_neither_nothing_is_stored(house: House) -> None:
    house.choose(profiling=False, analytics=False)
    assert house.intake.take("acme", [event(), event("y")]) == Taken(ignored=2)
    assert house.stored() == []
    assert house.ledger.stream == []
