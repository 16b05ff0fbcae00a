"""Random lives of users, from consent to erasure, on a vector store that crashes: the services against plain Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from contract.vector_machine import BETWEEN_CRASHES, HeldMachine, tenants
from feedsmith.bootstrap import Lazy, Services
from feedsmith.models import PURPOSES, Consent, ConsentChoice, Event, Item
from feedsmith.privacy.proof import verify
from support.ledger import InMemoryLedger
from support.services import fake_services

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
USERS = ("ann", "bob", "eve")
ITEMS = ("cup", "bank", "court")
EVERYTHING = Consent(profiling=True, generation=True, analytics=True)
users = st.sampled_from(USERS)
choices = st.fixed_dictionaries({}, optional={name: st.none() | st.booleans() for name in PURPOSES})


@dataclass
class Person:
    """What should be held of a user. ``version``: of the key that finds them; None: nobody knows them."""

    events: set[str] = field(default_factory=set)
    choice: dict[str, bool | None] = field(default_factory=dict)
    version: int | None = None


@dataclass
class Tenant:
    """What should be held of a tenant; ``anonymous``: events that are nobody's, with the key that named them."""

    people: dict[str, Person] = field(default_factory=lambda: {user: Person() for user in USERS})
    default: Consent = EVERYTHING
    anonymous: set[tuple[int, str, str]] = field(default_factory=set)
    oldest: int = 1
    newest: int = 1

    def consent(self, user: str) -> Consent:
        """The user's choice, else the default."""
        chosen = {name: value for name, value in self.people[user].choice.items() if value is not None}
        return self.default.model_copy(update=chosen)


class PeopleMachine(HeldMachine):
    """Lets users live, and compares what is held of them with what should be."""

    def __init__(self) -> None:
        super().__init__()
        first = fake_services()
        self.ledger, self.people, self.keys, self.signer = (
            first.ledger, first.people, first.data_keys, first.signer,
        )  # fmt: skip
        self.delivered = 0
        self.model = {name: Tenant() for name in ("acme", "rival")}
        self.services = self.made()
        for name in self.model:
            tenant = self.own(name)
            self.services.access.create(tenant, role="operator")
            self.services.keyring.current(tenant)
            batch = [Item(id=item, domain="news", title=f"The {item} in the news", body=f"A {item}.") for item in ITEMS]
            self.services.content.index(tenant, batch)

    def made(self) -> Services:
        """The services of a fresh process over what is stored."""
        services = fake_services()
        embedder = services.embedder()
        services.ledger, services.people = self.ledger, self.people
        services.data_keys, services.signer = self.keys, self.signer
        services.vectors = Lazy(lambda: self.store)
        services.embedder = Lazy(lambda: embedder)
        return services

    # -- what users do ---------------------------------------------------------------------------------------

    @rule(name=tenants, user=users, numbers=st.lists(st.integers(0, 9), min_size=1, max_size=4))
    def act(self, name: str, user: str, numbers: list[int]) -> None:
        events = [
            Event(user_id=user, item_id=ITEMS[n % 3], type="click", at=AT + timedelta(minutes=n), event_id=f"e{n}")
            for n in numbers
        ]
        taken = self.services.intake.take(self.own(name), events)
        tenant, accepted, ignored = self.model[name], 0, 0
        person, consent = self.seen(name, user), tenant.consent(user)
        for event in events:
            identity = event.identity
            if consent.profiling:
                accepted += identity not in person.events
                person.events.add(identity)
            elif consent.analytics:
                nobody = (tenant.oldest, user, identity)
                accepted += nobody not in tenant.anonymous
                tenant.anonymous.add(nobody)
            else:
                ignored += 1
        assert (taken.accepted, taken.ignored) == (accepted, ignored)
        assert taken.duplicates == len(events) - accepted - ignored

    @rule(name=tenants, user=users, choice=choices)
    def choose(self, name: str, user: str, choice: dict[str, bool | None]) -> None:
        pseudonym = self.services.pseudonym(self.own(name), user)
        self.services.choices.consent(self.own(name), pseudonym, ConsentChoice(**choice))
        self.seen(name, user).choice |= choice

    @rule(name=tenants, user=users)
    def erase(self, name: str, user: str) -> None:
        done = self.services.erasure.erase(self.own(name), user)
        assert done.proof is not None
        assert verify(done.proof, user, self.signer.public_key()).erased == done.counts
        assert done.counts.get("event", 0) == len(self.model[name].people[user].events)
        self.model[name].people[user] = Person()
        self.check(name, user)

    @rule(name=tenants, user=users)
    def export(self, name: str, user: str) -> None:
        self.deliver(0)
        self.check(name, user)

    # -- what goes on behind ---------------------------------------------------------------------------------

    @rule(again=st.integers(0, 20))
    def deliver(self, again: int) -> None:
        """The stream, some of it once more: late records of the erased among them."""
        assert isinstance(self.ledger, InMemoryLedger)
        records = self.ledger.stream[max(0, self.delivered - again) :]
        assert self.services.stream.absorb(records) is None
        self.delivered = len(self.ledger.stream)

    @rule(name=tenants, choice=choices)
    def change_the_default(self, name: str, choice: dict[str, bool | None]) -> None:
        chosen = {purpose: value for purpose, value in choice.items() if value is not None}
        self.services.wishes.set_default(self.own(name), ConsentChoice(**chosen))
        self.services.profiles.drop_refused(self.own(name))
        self.model[name].default = self.model[name].default.model_copy(update=chosen)

    @rule(name=tenants)
    def rotate(self, name: str) -> None:
        self.model[name].newest += 1
        assert self.services.tenants.rotate_key(self.own(name)) == self.model[name].newest

    @rule(name=tenants)
    def retire(self, name: str) -> None:
        """Whoever was not seen since the rotation goes: nobody could find them any more."""
        tenant = self.model[name]
        lost = [
            u for u, person in tenant.people.items() if person.version is not None and person.version < tenant.newest
        ]
        assert self.services.tenants.retire_keys(self.own(name)).erased == len(lost)
        tenant.people |= {user: Person() for user in lost}
        tenant.oldest = tenant.newest

    @rule()
    def sweep(self) -> None:
        self.services.erasure.sweep()

    @precondition(lambda self: self.since > BETWEEN_CRASHES)
    @rule(killed=st.booleans())
    def restart(self, killed: bool) -> None:
        self.end_the_process(killed=killed)
        self.services = self.made()
        self.audit()

    @rule()
    def audit(self) -> None:
        """Everybody, and nothing beside: no point, no event that is not accounted for."""
        self.deliver(0)
        for name, tenant in self.model.items():
            profiles = sum(self.check(name, user) for user in USERS)
            assert self.store.count(self.own(name), "users") == profiles
            kept = sum(len(person.events) for person in tenant.people.values()) + len(tenant.anonymous)
            assert len(list(self.ledger.events(self.own(name)))) == kept

    # -- comparison ------------------------------------------------------------------------------------------

    def seen(self, name: str, user: str) -> Person:
        """The user made a request that may have bound them."""
        person = self.model[name].people[user]
        person.version = self.model[name].newest
        return person

    def check(self, name: str, user: str) -> bool:
        """Compare what is held of a user; whether they have a profile."""
        s, tenant, person = self.services, self.own(name), self.model[name].people[user]
        if person.version is not None:
            person.version = self.model[name].newest  # asking finds them, and that moves them to the newest key
        pseudonym = s.pseudonym.known(tenant, user)
        consent = self.model[name].consent(user)
        assert s.wishes.in_effect(tenant, pseudonym).consent == consent
        profiled = consent.profiling and bool(person.events)
        if consent.profiling:
            s.profiles.load(tenant, pseudonym, "news")
        page = s.user_export.page(tenant, user, limit=1_000)
        assert page.cursor is None
        events = [str(record["event_id"]) for record in page.records if record["kind"] == "event"]
        assert sorted(events) == sorted(person.events)
        assert [profile["interactions"] for profile in page.profiles] == [len(person.events)] * profiled
        return profiled

    def teardown(self) -> None:
        """Give the room back."""
        for name in self.model:
            for collection in ("items", "users"):
                self.store.drop(self.own(name), collection)
