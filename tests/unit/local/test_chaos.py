"""A short chaos run holds, and one with a broken consumer is found out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from feedsmith.bootstrap import Services
from feedsmith.insight.counters import CounterService
from feedsmith.profiles.stream import StreamConsumer
from feedsmith.stores.ledger import StreamRecord
from feedsmith.stores.letters import DeadLetter
from feedsmith_local.chaos.audit import DIFFERENT, profile_error
from feedsmith_local.chaos.faults import KINDS, Faults
from feedsmith_local.chaos.run import Report, run
from feedsmith_local.chaos.world import make_posts, make_world
from support.people import DOMAINS, NOON, make_event, make_item, unit

SHORT = {"seed": 7, "events": 300, "intensity": 3.0}


def consumer(wired: Services, kind: type[StreamConsumer], counters: CounterService | None = None) -> StreamConsumer:
    """A stream consumer of a kind, wired as the real one."""
    real = wired.stream
    made = kind.__new__(kind)
    made.__dict__.update(real.__dict__)
    if counters is not None:
        made.__dict__["_counters"] = counters
    return made


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return run(**SHORT, state_dir=tmp_path_factory.mktemp("chaos"))  # type: ignore[arg-type]  # one dict of several types


def test_a_short_run_holds_under_faults_of_every_kind(short: Report) -> None:
    assert {kind: short.faults[kind] >= 0.01 * short.events for kind in KINDS} == dict.fromkeys(KINDS, True)
    assert (short.lost, short.double_counted) == (0, 0)
    assert short.max_profile_error <= 1e-6
    assert (short.dead_lettered, short.set_aside_wrongly, short.without_reason) == (short.poisoned, 0, 0)
    assert short.poisoned == 4  # 1.2 % of 300
    assert short.redriven >= short.poisoned
    assert short.left_in_queue == 0
    assert short.failures == []


class Forgetful(CounterService):
    """Remembers no position."""

    def _added(self, counter, records, domain):  # type: ignore[no-untyped-def]  # as the base class
        return super()._added(replace(counter, positions={}), records, domain)


class Hasty(StreamConsumer):
    """Says that it absorbed every fifth batch, and does not look at it."""

    calls = 0

    def absorb(self, records: Sequence[StreamRecord], unreadable: Sequence[DeadLetter] = ()) -> str | None:
        self.calls += 1
        return None if self.calls % 5 == 0 else super().absorb(records, unreadable)


def forget_positions(wired: Services) -> None:
    counters = Forgetful(wired.ledger, wired.vectors(), wired.domains)
    wired.stream = consumer(wired, StreamConsumer, counters)


def drop_batches(wired: Services) -> None:
    wired.stream = consumer(wired, Hasty)


def test_a_consumer_that_forgets_positions_is_found_out(tmp_path: Path) -> None:
    found = run(**SHORT, state_dir=tmp_path, prepare=forget_positions)  # type: ignore[arg-type]
    assert found.double_counted > 0
    assert f"{found.double_counted} were counted twice" in found.failures


def test_a_consumer_that_drops_batches_is_found_out(tmp_path: Path) -> None:
    found = run(**SHORT, state_dir=tmp_path, prepare=drop_batches)  # type: ignore[arg-type]
    assert found.lost > 0
    assert f"{found.lost} events were lost" in found.failures


def test_the_same_seed_gives_the_same_world_and_the_same_disorder() -> None:
    first, again = (make_world(3, 200, 9, 20, NOON, 0.02) for _ in range(2))
    assert first.events == again.events
    assert first.poison == again.poison
    assert len(first.poison) == 4
    posts = [make_posts(world, Faults(3)) for world in (first, again)]
    assert posts[0] == posts[1]
    # Every event is posted, some of them twice
    posted = [event for part in posts[0] for post in part for event in post]
    assert {event.event_id for event in posted} == {event.event_id for event in first.events}
    assert make_world(4, 200, 9, 20, NOON, 0.02).events != first.events


def test_profiles_differ_by_their_largest_number_or_wholly() -> None:
    from feedsmith.profiles.build import build_profile

    known = {"x": (make_item("x"), unit(1, 0)), "y": (make_item("y"), unit(0, 1))}

    def profile(*items: str):  # type: ignore[no-untyped-def]  # a local shorthand
        events = [make_event("click", item, event_id=item) for item in items]
        return build_profile("u", DOMAINS["news"], events, known, revision=1, now=NOON)

    one = profile("x")
    assert profile_error(one, one) == 0.0
    assert profile_error(one, one.model_copy(update={"taste": (1.0, 0.25)})) == 0.25
    assert profile_error(one, profile("y")) == DIFFERENT
    assert profile_error(one, one.model_copy(update={"taste": ()})) == DIFFERENT
