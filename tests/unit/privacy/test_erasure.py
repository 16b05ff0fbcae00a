"""Users leave: whatever goes on meanwhile, nothing of them stays, and what they do afterwards starts anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feedsmith.bootstrap import Services
from feedsmith.errors import InvalidRequest, StoreUnavailable
from feedsmith.models import Consent, ConsentChoice, Event, Item, Wishes
from feedsmith.privacy.erasure import ErasureService
from feedsmith.privacy.proof import verify
from feedsmith.stores import codec
from feedsmith.stores.people import ERASED_KEPT
from support.ledger import FakeClock, InMemoryLedger
from support.services import absorb, fake_services

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def services(clock: FakeClock) -> Services:
    s = fake_services()
    s.erasure = ErasureService(s.ledger, s.vectors, s.people, s.keyring, lambda: s.signer, list(s.domains), clock=clock)
    cup = Item(id="cup", domain="news", title="City win the football cup final", body="City won the football cup.")
    s.content.index("acme", [cup])
    return s


def click(user: str = "ann", key: str = "e1") -> Event:
    return Event(user_id=user, item_id="cup", type="click", at=AT, event_id=key)


def live(services: Services, user_id: str = "ann") -> str:
    """A user with an event, a profile, a personal text and a wish; their pseudonym."""
    services.intake.take("acme", [click(user_id, f"{user_id}-1")])
    absorb(services)
    user = services.pseudonym("acme", user_id)
    services.ledger.cache_text("acme", "k1", '{"text": "for you"}', expires_at=AT + timedelta(days=1), user=user)
    assert services.ledger.save_wishes("acme", user, Wishes(unwanted_tags=("golf",)))
    assert profile_of(services, user)
    return user


def profile_of(services: Services, user: str) -> dict[str, Any]:
    keys = [codec.profile_key(user, domain) for domain in services.domains]
    return services.vectors().retrieve("acme", "users", keys)


def held(services: Services, user: str) -> list[Any]:
    return [*services.ledger.records("acme", user, limit=100).records, *profile_of(services, user)]


def test_nothing_is_left_and_the_proof_says_so_without_the_id(services: Services) -> None:
    user, other = live(services), live(services, "bob")
    done = services.erasure.erase("acme", "ann")
    assert held(services, user) == []
    assert done.counts == {"event": 1, "text": 1, "revision": 1, "wishes": 1, "profile": 1}
    assert done.proof is not None
    said = verify(done.proof, "ann", services.signer.public_key())
    assert (said.tenant, said.erased) == ("acme", done.counts)
    assert "ann" not in said.model_dump_json()
    assert user not in said.model_dump_json()
    # AND nobody else is touched
    assert len(held(services, other)) == 5


def test_somebody_unknown_and_somebody_erased_get_the_same_answer(services: Services) -> None:
    live(services)
    services.erasure.erase("acme", "ann")
    for user_id in ("ann", "nobody"):
        again = services.erasure.erase("acme", user_id)
        assert again.counts == {}
        assert again.proof is not None


@pytest.mark.parametrize(
    "forge",
    [
        lambda proof: proof[:-4] + ("AAAA" if proof[-4:] != "AAAA" else "BBBB"),
        lambda proof: "e30." + proof.partition(".")[2],
        lambda proof: proof.replace(".", "", 1),
        lambda proof: proof[:40] + ("A" if proof[40] != "A" else "B") + proof[41:],
        lambda proof: "",
        lambda proof: "a.b.c",
        lambda proof: "é.ü.ß",
    ],
)
def test_a_changed_proof_is_refused(services: Services, forge: Callable[[str], str]) -> None:
    proof = services.erasure.erase("acme", "ann").proof
    assert proof is not None
    with pytest.raises(InvalidRequest, match="not a genuine proof"):
        verify(forge(proof), "ann", services.signer.public_key())


def test_a_proof_about_somebody_else_or_signed_elsewhere_is_refused(services: Services) -> None:
    proof = services.erasure.erase("acme", "ann").proof
    assert proof is not None
    with pytest.raises(InvalidRequest, match="about another user id"):
        verify(proof, "bob", services.signer.public_key())
    with pytest.raises(InvalidRequest, match="not a genuine proof"):
        verify(proof, "ann", fake_services().signer.public_key())


def test_late_and_repeated_stream_records_change_nothing(services: Services) -> None:
    # GIVEN one event absorbed and one that waits in the stream
    user = live(services)
    ledger = services.ledger
    assert isinstance(ledger, InMemoryLedger)
    services.intake.take("acme", [click(key="late")])
    before = ledger.counters("acme", ["cup"])["cup"].counts
    services.erasure.erase("acme", "ann")
    # WHEN the stream delivers both, twice
    for _ in range(2):
        assert services.stream.absorb(ledger.stream) is None
    # THEN nothing comes back, and nothing is counted
    assert held(services, user) == []
    assert ledger.counters("acme", ["cup"])["cup"].counts == before


def test_an_event_after_the_erasure_starts_the_user_anew(services: Services) -> None:
    old = live(services)
    services.erasure.erase("acme", "ann")
    assert services.intake.take("acme", [click(key="e2")]).accepted == 1
    absorb(services)
    new = services.pseudonym("acme", "ann")
    assert new != old
    assert [event.event_id for event in services.ledger.history("acme", new, 10)] == ["e2"]
    assert held(services, old) == []
    # Erasing again takes the new one too.
    assert services.erasure.erase("acme", "ann").counts["event"] == 1


def test_an_event_that_is_appended_during_an_erasure_is_kept_under_the_new_name(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN an erasure that runs between the look-up of the pseudonym and the write
    old = live(services)
    append, erased = services.ledger.append, []

    def slow(tenant: str, user: str, event: Event) -> bool:
        if not erased:
            erased.append(services.erasure.erase("acme", "ann"))
        return append(tenant, user, event)

    monkeypatch.setattr(services.ledger, "append", slow)
    # THEN the event is accepted once, and not under the old name
    assert services.intake.take("acme", [click(key="e2")]).accepted == 1
    assert held(services, old) == []
    new = services.pseudonym("acme", "ann")
    assert [event.event_id for event in services.ledger.history("acme", new, 10)] == ["e2"]


def test_an_event_whose_writer_died_before_it_looked_goes_with_the_stream(services: Services) -> None:
    user = live(services)
    services.erasure.erase("acme", "ann")
    services.ledger.append("acme", user, click(key="e2"))  # and nothing after it
    absorb(services)
    assert held(services, user) == []


def test_a_recompute_that_runs_during_an_erasure_brings_nothing_back(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = live(services)
    vectors = services.vectors()
    upsert = vectors.upsert

    def slow(*args: Any, **kwargs: Any) -> None:
        services.erasure.erase("acme", "ann")
        upsert(*args, **kwargs)

    monkeypatch.setattr(vectors, "upsert", slow)
    services.profiles.recompute("acme", user)
    assert held(services, user) == []


def test_texts_wishes_and_revisions_of_the_erased_are_refused(services: Services) -> None:
    user = live(services)
    services.erasure.erase("acme", "ann")
    writes: list[Callable[[], object]] = [
        lambda: services.ledger.cache_text("acme", "k", "t", expires_at=AT, user=user),
        lambda: services.ledger.save_wishes("acme", user, Wishes()),
        lambda: services.ledger.next_revision("acme", user),
    ]
    for write in writes:
        with pytest.raises(StoreUnavailable, match="erased while the call was under way"):
            write()
    assert held(services, user) == []


STEPS = (
    ("people", "begin_erasure"), ("people", "unbind"), ("ledger", "erase"), ("ledger", "records"),
    ("vectors", "retrieve"), ("vectors", "delete"), ("people", "finish_erasure"), ("signer", "sign"),
)  # fmt: skip


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("store", "step"), STEPS)
@pytest.mark.parametrize("way", ["call again", "sweep"])
def test_killed_at_any_step_it_is_ended_by_the_next_call_or_by_the_schedule(
    services: Services, monkeypatch: pytest.MonkeyPatch, store: str, step: str, after: bool, way: str
) -> None:
    user = live(services)
    target = services.vectors() if store == "vectors" else getattr(services, store)
    real = getattr(target, step)

    def dies(*args: Any, **kwargs: Any) -> Any:
        if after:
            real(*args, **kwargs)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(target, step, dies)
        with pytest.raises(KeyboardInterrupt):
            services.erasure.erase("acme", "ann")
    # Nothing was noted before the first write, so nothing can go on by itself.
    if way == "sweep" and (step, after) != ("begin_erasure", False):
        assert services.erasure.sweep() == 1
    else:
        assert services.erasure.erase("acme", "ann").proof is not None
    assert held(services, user) == []
    assert services.pseudonym.known("acme", "ann") != user


def test_what_does_not_fit_into_the_time_goes_on_with_the_next_call(services: Services) -> None:
    user = live(services)
    first = services.erasure.erase("acme", "ann", budget_s=-1)
    assert (first.proof, held(services, user)) != (None, [])
    second = services.erasure.erase("acme", "ann")
    assert second.proof is not None
    assert held(services, user) == []


def test_the_mark_goes_when_the_stream_can_bring_nothing_any_more(services: Services, clock: FakeClock) -> None:
    live(services)
    services.erasure.erase("acme", "ann")
    assert services.erasure.sweep() == 1
    clock.now += ERASED_KEPT
    assert services.erasure.sweep() == 0
    assert services.people.erasures() == []


def test_no_record_of_an_erasure_shows_the_id_or_the_pseudonym(services: Services) -> None:
    user = live(services)
    handles = services.pseudonym.handles("acme", "ann")
    services.erasure.erase("acme", "ann")
    (erasure,) = services.people.erasures()
    shown = json.dumps([erasure.mark, erasure.note, erasure.tenant])
    assert user not in shown
    assert handles[0].digest not in shown


def test_without_consent_to_profiling_the_events_are_nobody_s_and_stay(services: Services) -> None:
    user = services.pseudonym("acme", "ann")
    services.choices.consent("acme", user, ConsentChoice(profiling=False, analytics=True))
    services.intake.take("acme", [click()])
    assert services.erasure.erase("acme", "ann").counts == {"wishes": 1}
    assert [owner == user for owner, _ in services.ledger.events("acme")] == [False]
    assert services.ledger.tenant_settings("acme").consent == Consent(profiling=True, generation=True, analytics=True)
