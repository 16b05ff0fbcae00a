from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsmith.privacy.pseudonyms import Pseudonyms
from feedsmith.stores.keyring import KEPT_S, Keyring
from feedsmith.stores.people import Handle
from support.rights import InMemoryDataKeys, InMemoryPeople


class Process:
    """What one process knows; several share people and keys."""

    def __init__(self, people: InMemoryPeople, data_keys: InMemoryDataKeys) -> None:
        self.now = 0.0
        self.keyring = Keyring(people, lambda: data_keys, lambda: self.now)
        self.pseudonym = Pseudonyms(people, self.keyring)


@pytest.fixture
def people() -> InMemoryPeople:
    return InMemoryPeople()


@pytest.fixture
def data_keys() -> InMemoryDataKeys:
    return InMemoryDataKeys()


@pytest.fixture
def one(people: InMemoryPeople, data_keys: InMemoryDataKeys) -> Process:
    return Process(people, data_keys)


@pytest.fixture
def other(people: InMemoryPeople, data_keys: InMemoryDataKeys) -> Process:
    return Process(people, data_keys)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_it_fits_a_key_and_never_shows_the_id(user: str) -> None:
    data_keys = InMemoryDataKeys()
    pseudonym = Process(InMemoryPeople(), data_keys).pseudonym("acme", user)
    assert len(pseudonym) == 32
    assert pseudonym.isalnum()
    assert len(user) < 6 or user not in pseudonym


def test_a_user_has_one_in_every_process_and_another_in_another_tenant(one: Process, other: Process) -> None:
    assert one.pseudonym("acme", "ann") == other.pseudonym("acme", "ann") == other.pseudonym.known("acme", "ann")
    assert len({one.pseudonym("acme", "ann"), one.pseudonym("acme", "bob"), one.pseudonym("beta", "ann")}) == 3


def test_somebody_unknown_leaves_no_trace(one: Process, people: InMemoryPeople) -> None:
    one.pseudonym("acme", "ann")
    assert one.pseudonym.known("acme", "bob") != one.pseudonym.known("acme", "bob")
    assert len(list(people.bound("acme", 1))) == 1


def test_what_is_asked_again_costs_no_kms_call(one: Process, data_keys: InMemoryDataKeys) -> None:
    for _ in range(3):
        one.pseudonym("acme", "ann")
    one.now = KEPT_S + 1
    one.pseudonym("acme", "ann")
    assert data_keys.calls == 2  # one made, one opened as stored


def test_after_a_rotation_a_user_keeps_the_pseudonym_and_the_old_handle_goes(
    one: Process, other: Process, people: InMemoryPeople
) -> None:
    ann = one.pseudonym("acme", "ann")
    bob = one.pseudonym("acme", "bob")
    assert other.pseudonym("acme", "ann") == ann
    assert one.keyring.rotate("acme").version == 2
    # The other process does not know of it yet, and finds those who were not moved.
    assert other.pseudonym("acme", "bob") == bob
    assert one.pseudonym("acme", "ann") == ann
    assert [user for _, user in people.bound("acme", 1)] == [bob]
    # AND those who were, it finds by looking at the keys again
    assert other.pseudonym("acme", "ann") == ann
    assert other.pseudonym.known("acme", "bob") == bob


def test_killed_between_the_two_writes_of_a_move_nothing_is_lost(one: Process, people: InMemoryPeople) -> None:
    ann = one.pseudonym("acme", "ann")
    newest = one.keyring.rotate("acme")
    people.bind("acme", newest.handle("ann"), ann)  # and killed before the old one went
    assert one.pseudonym("acme", "ann") == ann


def test_two_processes_that_meet_a_user_around_a_rotation_agree(
    one: Process, other: Process, people: InMemoryPeople, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is about to bind under the old key while another rotates and binds under the new one."""
    one.pseudonym("acme", "somebody")
    bind, seen = people.bind, []

    def interrupted(tenant: str, handle: Handle, user: str) -> str:
        if not seen:
            seen.append(handle)
            other.keyring.rotate("acme")
            seen.append(other.pseudonym("acme", "ann"))
        return bind(tenant, handle, user)

    monkeypatch.setattr(people, "bind", interrupted)
    assert one.pseudonym("acme", "ann") == seen[1] == other.pseudonym("acme", "ann")


def test_a_digest_outlives_a_rotation_and_is_stored_nowhere(one: Process, people: InMemoryPeople) -> None:
    digest = one.pseudonym.digest("acme", "ann\0e1")
    one.keyring.rotate("acme")
    assert one.pseudonym.digest("acme", "ann\0e1") == digest
    assert list(people.bound("acme", 1)) == []
