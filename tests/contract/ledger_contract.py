"""What every ledger does. An adapter's test inherits :class:`LedgerContract` and gives the fixture ``ledger``."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedsmith.errors import InvalidRequest, NotFound
from feedsmith.experiments import Experiment, RerankingChange, Variant
from feedsmith.models import Consent, ConsentChoice, Event, EventType, ItemActivity, TenantSettings, Wishes
from feedsmith.stores.ledger import Counter, Ledger, Spending
from support.callers import api_key, issuer
from support.ledger import FakeClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = NOON.date()
_users = (f"pseudonym-{number}" for number in count())


def event(
    item: str, kind: EventType = "click", *, at: datetime = NOON, key: str | None = None, value: float | None = None
) -> Event:
    return Event(user_id="ann@example.com", item_id=item, type=kind, at=at, event_id=key, value=value)


def items(events: Sequence[Event]) -> list[str]:
    return [event.item_id for event in events]


_times = st.datetimes(datetime(1999, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
_events = st.builds(
    Event,
    user_id=st.just("ann@example.com"),
    item_id=st.sampled_from(["a", "b", "c"]),
    type=st.sampled_from(["impression", "click", "purchase"]),
    # Few distinct times, so that ties happen.
    at=st.one_of(_times, st.sampled_from([NOON, NOON + timedelta(microseconds=1)])),
    event_id=st.none() | st.text("aB0_.:@=+~-é日𠀀", min_size=1, max_size=128),
    value=st.none() | st.floats(-1e9, 1e9),
)


class LedgerContract:
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock(NOON)

    # -- events ----------------------------------------------------------------------------------------------

    def test_an_event_is_found_by_its_identity(self, ledger: Ledger) -> None:
        clicked = event("a", key="e1")
        ledger.append("acme", "u1", clicked)
        assert ledger.event("acme", "u1", "e1") == clicked.model_copy(update={"user_id": "u1"})
        # and by nobody else's key
        assert ledger.event("acme", "u2", "e1") is None
        assert ledger.event("other", "u1", "e1") is None
        assert ledger.event("acme", "u1", "e2") is None

    def test_an_event_is_written_once(self, ledger: Ledger) -> None:
        # GIVEN an event with an id
        assert ledger.append("acme", "u1", event("a", key="e1"))
        # WHEN it comes again, even with another content
        again = ledger.append("acme", "u1", event("a", key="e1"))
        other = ledger.append("acme", "u1", event("b", key="e1"))
        # THEN the first one stays
        assert (again, other) == (False, False)
        assert items(ledger.history("acme", "u1", 10)) == ["a"]

    def test_an_event_without_id_is_told_apart_by_its_fields(self, ledger: Ledger) -> None:
        assert ledger.append("acme", "u1", event("a", "rate", value=3))
        assert not ledger.append("acme", "u1", event("a", "rate", value=3))
        assert ledger.append("acme", "u1", event("a", "rate", value=4))
        assert len(ledger.history("acme", "u1", 10)) == 2

    def test_an_event_id_belongs_to_its_user_and_tenant(self, ledger: Ledger) -> None:
        assert ledger.append("acme", "u1", event("a", key="e1"))
        assert ledger.append("acme", "u2", event("b", key="e1"))
        assert ledger.append("other", "u1", event("c", key="e1"))
        assert items(ledger.history("acme", "u1", 10)) == ["a"]
        assert items(ledger.history("acme", "u2", 10)) == ["b"]
        assert items(ledger.history("other", "u1", 10)) == ["c"]

    def test_the_callers_user_id_is_replaced(self, ledger: Ledger) -> None:
        ledger.append("acme", "u1", event("a"))
        assert [event.user_id for event in ledger.history("acme", "u1", 10)] == ["u1"]

    def test_an_event_comes_back_as_it_was(self, ledger: Ledger) -> None:
        full = Event(
            user_id="ann", item_id="日報-1", type="watch", at=NOON, event_id="e1", value=0.1,
            slate_id="s1", position=0, propensity=0.1, model_version="linear-1",
        )  # fmt: skip
        ledger.append("acme", "u1", full)
        assert ledger.history("acme", "u1", 1) == [full.model_copy(update={"user_id": "u1"})]

    def test_history_is_newest_first_whatever_the_order_of_arrival(self, ledger: Ledger) -> None:
        # GIVEN c before b before a, to the microsecond and across time zones, arriving as b, c, a
        east = timezone(timedelta(hours=9))
        ledger.append("acme", "u1", event("b", at=NOON + timedelta(microseconds=1)))
        ledger.append("acme", "u1", event("c", at=NOON.astimezone(east)))
        ledger.append("acme", "u1", event("a", at=(NOON + timedelta(seconds=1)).astimezone(east)))
        # THEN the limit keeps the newest
        assert items(ledger.history("acme", "u1", 10)) == ["a", "b", "c"]
        assert items(ledger.history("acme", "u1", 2)) == ["a", "b"]
        assert ledger.history("acme", "u1", 0) == []

    def test_ties_are_ordered_by_identity(self, ledger: Ledger) -> None:
        for name in ("e2", "e10", "e1"):
            ledger.append("acme", "u1", event(name, key=name))
        # As strings, from the highest down.
        assert items(ledger.history("acme", "u1", 10)) == ["e2", "e10", "e1"]

    def test_impressions_are_kept_but_are_no_history(self, ledger: Ledger) -> None:
        ledger.append("acme", "u1", event("a"))
        for number in range(3):
            shown = event(f"shown-{number}", "impression", at=NOON + timedelta(hours=1), key=f"i{number}")
            assert ledger.append("acme", "u1", shown)
            assert not ledger.append("acme", "u1", shown)
        assert items(ledger.history("acme", "u1", 2)) == ["a"]

    def test_all_events_of_a_tenant_are_walked_over(self, ledger: Ledger) -> None:
        # GIVEN interactions and impressions of two users, another tenant's, and records that are no events
        clicked, shown = event("a", key="e1"), event("b", "impression")
        ledger.append("acme", "u1", clicked)
        ledger.append("acme", "u1", clicked)
        ledger.append("acme", "u2", shown)
        ledger.append("acme2", "u1", event("c"))
        ledger.next_revision("acme", "u1")
        ledger.cache_text("acme", "E#1", "for you", expires_at=NOON + timedelta(days=1), user="u1")
        ledger.save_counter("acme", "a", Counter({"click": 1}))
        # THEN each event is there once, with its user, who is the pseudonym inside too
        found = sorted(ledger.events("acme"), key=lambda pair: pair[0])
        assert found == [
            ("u1", clicked.model_copy(update={"user_id": "u1"})),
            ("u2", shown.model_copy(update={"user_id": "u2"})),
        ]
        assert list(ledger.events("nobody")) == []

    def test_nobody_without_events_has_a_history(self, ledger: Ledger) -> None:
        assert ledger.history("acme", "nobody", 10) == []

    @settings(
        max_examples=15,
        deadline=None,
        print_blob=True,
        # One ledger for all examples, and one test for all ledgers, is what a contract means.
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    @given(events=st.lists(_events, max_size=12), limit=st.integers(0, 15))
    def test_history_is_the_newest_distinct_interactions(self, ledger: Ledger, events: list[Event], limit: int) -> None:
        user = next(_users)  # the ledger outlives an example, its users do not
        first: dict[str, Event] = {}
        for given_event in events:
            stored = given_event.model_copy(update={"user_id": user})
            assert ledger.append("acme", user, given_event) == (stored.identity not in first)
            first.setdefault(stored.identity, stored)
        interactions = [kept for kept in first.values() if kept.type != "impression"]
        expected = sorted(interactions, key=lambda kept: (kept.at, kept.identity), reverse=True)[:limit]
        assert ledger.history("acme", user, limit) == expected

    def test_revisions_count_from_one_for_each_user(self, ledger: Ledger) -> None:
        ledger.append("acme", "u1", event("a"))
        assert [ledger.next_revision("acme", "u1") for _ in range(3)] == [1, 2, 3]
        assert ledger.next_revision("acme", "u2") == 1
        assert ledger.next_revision("other", "u1") == 1
        assert items(ledger.history("acme", "u1", 10)) == ["a"]

    # -- counters --------------------------------------------------------------------------------------------

    def test_a_counter_comes_back_as_it_was(self, ledger: Ledger) -> None:
        activity = ItemActivity(0.1 + 0.2, None, 20_513.25, 3.0, 0.0, 1.0, 1_772_366_400.5)
        positions = {"shard-1": ("0" * 39 + "7", 1_772_366_400)}
        counter = Counter({"click": 2, "view": 1}, 0.1 + 0.2, positions, activity=activity)
        assert ledger.save_counter("acme", "a", counter)
        assert ledger.counters("acme", ["a"]) == {"a": replace(counter, revision=1)}

    def test_items_never_counted_are_absent(self, ledger: Ledger) -> None:
        ledger.save_counter("acme", "a", Counter({"click": 1}))
        assert ledger.counters("acme", []) == {}
        assert list(ledger.counters("acme", ["a", "b", "a"])) == ["a"]
        assert ledger.counters("other", ["a"]) == {}

    def test_a_stale_counter_loses(self, ledger: Ledger) -> None:
        # GIVEN two writers that both read revision 1
        ledger.save_counter("acme", "a", Counter({"click": 1}))
        read = ledger.counters("acme", ["a"])["a"]
        # WHEN both add one click
        first = ledger.save_counter("acme", "a", replace(read, counts={"click": 2}))
        second = ledger.save_counter("acme", "a", replace(read, counts={"click": 99}))
        # THEN the second is told to read again, and nothing of it is stored
        assert (first, second) == (True, False)
        assert ledger.counters("acme", ["a"])["a"] == Counter({"click": 2}, revision=2)

    def test_only_one_writer_makes_the_first_counter(self, ledger: Ledger) -> None:
        assert ledger.save_counter("acme", "a", Counter({"click": 1}))
        assert not ledger.save_counter("acme", "a", Counter({"click": 5}))
        assert not ledger.save_counter("acme", "b", Counter({"click": 5}, revision=3))
        assert ledger.counters("acme", ["a", "b"]) == {"a": Counter({"click": 1}, revision=1)}

    def test_many_counters_are_read_at_once(self, ledger: Ledger) -> None:
        names = [f"item-{number}" for number in range(130)]
        for number, name in enumerate(names):
            ledger.save_counter("acme", name, Counter({"view": number}))
        found = ledger.counters("acme", names)
        assert {name: counter.counts["view"] for name, counter in found.items()} == dict(
            zip(names, range(130), strict=True)
        )

    # -- ingestions ------------------------------------------------------------------------------------------

    def test_an_ingestion_from_plan_to_end(self, ledger: Ledger, clock: FakeClock) -> None:
        # GIVEN an upload that is being planned
        assert ledger.create_ingestion("acme", "i1", "s3://uploads/acme/news/a.jsonl")
        begun = ledger.ingestion("acme", "i1")
        assert begun is not None
        assert (begun.status, begun.chunks, begun.chunks_done, begun.reason) == ("planning", None, 0, None)
        assert begun.source == "s3://uploads/acme/news/a.jsonl"
        assert begun.started_at == begun.updated_at == NOON
        # WHEN a worker ends its chunk before the plan is known
        clock.advance(seconds=5)
        ledger.finish_chunk("acme", "i1", 1, indexed=7, unchanged=2, rejected=1)
        early = ledger.ingestion("acme", "i1")
        assert early is not None
        assert (early.status, early.chunks_done, early.indexed) == ("planning", 1, 7)
        # AND the plan turns out to have two chunks
        clock.advance(seconds=5)
        ledger.update_ingestion("acme", "i1", status="running", chunks=2)
        running = ledger.ingestion("acme", "i1")
        assert running is not None
        assert (running.status, running.chunks, running.chunks_done) == ("running", 2, 1)
        # THEN the second chunk's end is the ingestion's
        clock.advance(seconds=5)
        ledger.finish_chunk("acme", "i1", 2, indexed=3, unchanged=0, rejected=0)
        done = ledger.ingestion("acme", "i1")
        assert done is not None
        assert (done.status, done.chunks_done) == ("succeeded", 2)
        assert (done.indexed, done.unchanged, done.rejected) == (10, 2, 1)  # 7+3, 2+0, 1+0
        assert (done.started_at, done.updated_at) == (NOON, NOON + timedelta(seconds=15))

    def test_an_ingestion_is_created_once(self, ledger: Ledger) -> None:
        assert ledger.create_ingestion("acme", "i1", "first")
        assert not ledger.create_ingestion("acme", "i1", "second")
        assert ledger.create_ingestion("other", "i1", "third")
        assert ledger.ingestion("acme", "i2") is None
        found = ledger.ingestion("acme", "i1")
        assert found is not None
        assert found.source == "first"

    def test_a_chunk_that_ends_twice_counts_once(self, ledger: Ledger) -> None:
        ledger.create_ingestion("acme", "i1", "source")
        assert not ledger.chunk_finished("acme", "i1", 1)
        ledger.update_ingestion("acme", "i1", status="running", chunks=2)
        ledger.finish_chunk("acme", "i1", 1, indexed=5, unchanged=0, rejected=0)
        # The second delivery finds all rows unchanged; the first one's counts are those that tell.
        ledger.finish_chunk("acme", "i1", 1, indexed=0, unchanged=5, rejected=0)
        found = ledger.ingestion("acme", "i1")
        assert found is not None
        assert (found.status, found.chunks_done, found.indexed, found.unchanged) == ("running", 1, 5, 0)
        assert ledger.chunk_finished("acme", "i1", 1)
        assert not ledger.chunk_finished("acme", "i1", 2)
        assert not ledger.chunk_finished("other", "i1", 1)

    def test_an_upload_without_rows_succeeds(self, ledger: Ledger) -> None:
        ledger.create_ingestion("acme", "i1", "source")
        ledger.update_ingestion("acme", "i1", status="running", chunks=0)
        found = ledger.ingestion("acme", "i1")
        assert found is not None
        assert found.status == "succeeded"

    def test_failed_sticks(self, ledger: Ledger) -> None:
        ledger.create_ingestion("acme", "i1", "source")
        ledger.update_ingestion("acme", "i1", status="failed", reason="not JSON")
        ledger.update_ingestion("acme", "i1", status="running", chunks=1)
        ledger.update_ingestion("acme", "i1", status="failed", reason="a later one")
        ledger.finish_chunk("acme", "i1", 1, indexed=5, unchanged=0, rejected=0)
        found = ledger.ingestion("acme", "i1")
        assert found is not None
        assert (found.status, found.reason, found.chunks, found.indexed) == ("failed", "not JSON", None, 5)

    def test_an_update_keeps_what_it_does_not_name(self, ledger: Ledger) -> None:
        ledger.create_ingestion("acme", "i1", "source")
        ledger.update_ingestion("acme", "i1", status="running", chunks=3)
        ledger.update_ingestion("acme", "i1", status="failed", reason="gone")
        found = ledger.ingestion("acme", "i1")
        assert found is not None
        assert (found.status, found.chunks, found.reason) == ("failed", 3, "gone")

    def test_an_ingestion_that_was_never_created_is_not_updated(self, ledger: Ledger) -> None:
        with pytest.raises(NotFound, match="'i9' was never created"):
            ledger.update_ingestion("acme", "i9", status="running")
        assert ledger.ingestion("acme", "i9") is None

    # -- texts -----------------------------------------------------------------------------------------------

    def test_a_text_is_cached_until_it_expires(self, ledger: Ledger, clock: FakeClock) -> None:
        ledger.cache_text("acme", "abc", '{"text": "摘要"}', expires_at=NOON + timedelta(minutes=1), user=None)
        clock.advance(seconds=59)
        assert ledger.cached_text("acme", "abc", user=None) == '{"text": "摘要"}'
        clock.advance(seconds=1)
        assert ledger.cached_text("acme", "abc", user=None) is None

    def test_a_text_is_replaced(self, ledger: Ledger, clock: FakeClock) -> None:
        ledger.cache_text("acme", "abc", "old", expires_at=NOON, user=None)
        ledger.cache_text("acme", "abc", "new", expires_at=NOON + timedelta(minutes=1), user=None)
        assert ledger.cached_text("acme", "abc", user=None) == "new"

    def test_a_personal_text_is_for_its_user_alone(self, ledger: Ledger) -> None:
        later = NOON + timedelta(minutes=1)
        ledger.cache_text("acme", "abc", "for u1", expires_at=later, user="u1")
        assert ledger.cached_text("acme", "abc", user="u1") == "for u1"
        assert ledger.cached_text("acme", "abc", user="u2") is None
        assert ledger.cached_text("acme", "abc", user=None) is None
        assert ledger.cached_text("other", "abc", user="u1") is None

    def test_a_shared_text_is_for_its_tenant_alone(self, ledger: Ledger) -> None:
        ledger.cache_text("acme", "abc", "shared", expires_at=NOON + timedelta(minutes=1), user=None)
        assert ledger.cached_text("other", "abc", user=None) is None
        assert ledger.cached_text("acme", "abd", user=None) is None

    # -- budgets ---------------------------------------------------------------------------------------------

    def test_spending_adds_up_until_a_limit_would_be_exceeded(self, ledger: Ledger) -> None:
        assert ledger.spend("acme", DAY, Spending(60, 900), most_tokens=100)
        # 60 + 41 is one too many, 60 + 40 is not
        assert not ledger.spend("acme", DAY, Spending(41, 0), most_tokens=100)
        assert ledger.spent("acme", DAY) == Spending(60, 900)
        assert ledger.spend("acme", DAY, Spending(40, 0), most_tokens=100)
        assert ledger.spent("acme", DAY) == Spending(100, 900)

    @pytest.mark.parametrize(("tokens", "cost"), [(101, 1), (1, 51)])
    def test_the_first_spending_has_limits_too(self, ledger: Ledger, tokens: int, cost: int) -> None:
        assert not ledger.spend("acme", DAY, Spending(tokens, cost), most_tokens=100, most_cost=50)
        assert ledger.spent("acme", DAY) == Spending(0, 0)

    def test_of_two_limits_the_nearer_one_holds(self, ledger: Ledger) -> None:
        assert ledger.spend("acme", DAY, Spending(10, 50), most_tokens=100, most_cost=50)
        assert not ledger.spend("acme", DAY, Spending(1, 1), most_tokens=100, most_cost=50)
        assert ledger.spend("acme", DAY, Spending(1, 0), most_tokens=100, most_cost=50)

    def test_what_is_given_back_can_be_spent(self, ledger: Ledger) -> None:
        ledger.spend("acme", DAY, Spending(100, 50), most_tokens=100)
        assert ledger.spend("acme", DAY, Spending(-70, -35))
        assert ledger.spent("acme", DAY) == Spending(30, 15)
        assert ledger.spend("acme", DAY, Spending(70, 0), most_tokens=100)

    def test_each_tenant_and_day_has_its_own(self, ledger: Ledger) -> None:
        ledger.spend("acme", DAY, Spending(100, 0), most_tokens=100)
        assert ledger.spend("other", DAY, Spending(100, 0), most_tokens=100)
        assert ledger.spend("acme", DAY + timedelta(days=1), Spending(100, 0), most_tokens=100)
        assert ledger.spent("acme", DAY - timedelta(days=1)) == Spending()

    def test_threads_never_spend_more_than_there_is(self, ledger: Ledger) -> None:
        # GIVEN room for seven of fifty
        with ThreadPoolExecutor(50) as pool:
            let = list(pool.map(lambda _: ledger.spend("acme", DAY, Spending(14, 3), most_tokens=100), range(50)))
        assert sum(let) == 7  # 7 * 14 = 98; an eighth would be 112
        assert ledger.spent("acme", DAY) == Spending(98, 21)

    # -- batch jobs ------------------------------------------------------------------------------------------

    def test_a_job_is_noted_once_and_closed_once(self, ledger: Ledger) -> None:
        week = NOON + timedelta(days=7)
        assert ledger.open_job("acme", "j1", "body", expires_at=week)
        assert not ledger.open_job("acme", "j1", "body", expires_at=week)
        assert ledger.open_job("acme", "j2", "", expires_at=week)
        assert ledger.open_jobs("acme") == {"j1": "body", "j2": ""}
        assert ledger.open_jobs("other") == {}
        # One of two that gathered the same job closes it, and it cannot be opened again.
        assert [ledger.close_job("acme", "j1") for _ in range(2)] == [True, False]
        assert not ledger.close_job("acme", "never")
        assert not ledger.open_job("acme", "j1", "body", expires_at=week)
        assert ledger.open_jobs("acme") == {"j2": ""}

    # -- keys ------------------------------------------------------------------------------------------------

    def test_wishes_are_kept_for_their_user_alone(self, ledger: Ledger) -> None:
        user, other = next(_users), next(_users)
        assert ledger.wishes("acme", user) == Wishes()
        # WHEN a user decides something
        decided = Wishes(consent=ConsentChoice(profiling=False, generation=True), removed_tags=("sport",))
        assert ledger.save_wishes("acme", user, decided)
        # THEN it is there at once, for nobody else, and no event is
        assert ledger.wishes("acme", user) == decided.model_copy(update={"revision": 1})
        assert ledger.wishes("acme", other) == ledger.wishes("globex", user) == Wishes()
        assert ledger.history("acme", user, 10) == []

    def test_of_two_who_change_the_same_wishes_one_must_read_again(self, ledger: Ledger) -> None:
        user = next(_users)
        assert ledger.save_wishes("acme", user, Wishes(unwanted_items=("a",)))
        assert not ledger.save_wishes("acme", user, Wishes(unwanted_items=("b",)))
        read = ledger.wishes("acme", user)
        assert ledger.save_wishes("acme", user, read.model_copy(update={"unwanted_items": ("a", "b")}))
        assert ledger.wishes("acme", user) == Wishes(unwanted_items=("a", "b"), revision=2)

    def test_a_tenants_settings_are_its_own(self, ledger: Ledger) -> None:
        shy = TenantSettings(consent=Consent(profiling=False, generation=False, analytics=False))
        assert ledger.save_tenant_settings("shy", shy)
        assert not ledger.save_tenant_settings("shy", shy)
        assert ledger.tenant_settings("shy") == shy.model_copy(update={"revision": 1})
        assert ledger.tenant_settings("acme") == TenantSettings()

    # -- experiments -----------------------------------------------------------------------------------------

    def test_experiments_are_their_tenants_and_changed_by_who_read_them_last(self, ledger: Ledger) -> None:
        # GIVEN an experiment, stored once
        variants = (Variant(name="a"), Variant(name="b", weight=2, reranking=RerankingChange(mmr=0.5)))
        made = Experiment(id="x", domain="news", variants=variants, salt="s", started_at=NOON, status="running")
        assert ledger.save_experiment("acme", made)
        assert not ledger.save_experiment("acme", made)
        # WHEN it is changed by somebody who read it
        (read,) = ledger.experiments("acme")
        assert read == made.model_copy(update={"revision": 1})
        assert ledger.save_experiment("acme", read.model_copy(update={"status": "stopped"}))
        # THEN who read before must read again, and nobody else has it
        assert not ledger.save_experiment("acme", read)
        assert ledger.experiments("acme")[0].status == "stopped"
        assert ledger.experiments("other") == []
        ledger.delete_experiment("other", "x")
        ledger.delete_experiment("acme", "x")
        ledger.delete_experiment("acme", "x")
        assert ledger.experiments("acme") == []

    def test_texts_that_were_given_are_in_the_books(self, ledger: Ledger) -> None:
        ledger.spend("acme", DAY, Spending(60, 900))
        ledger.spend("acme", DAY, Spending(texts=1))
        ledger.spend("acme", DAY, Spending(texts=1, cached=1))

        assert ledger.spent("acme", DAY) == Spending(60, 900, texts=2, cached=1)

    # -- callers ---------------------------------------------------------------------------------------------

    def test_a_key_is_kept_with_all_that_it_says(self, ledger: Ledger) -> None:
        shop, ops = api_key("a", "acme"), api_key("b", "acme", role="operator", scopes=frozenset())
        other = api_key("c", "other", expires_at=NOON, revoked_at=NOON)
        assert [ledger.save_key(key) for key in (ops, other, shop)] == [True, True, True]

        assert ledger.key(shop.id) == shop.model_copy(update={"revision": 1})
        assert ledger.key(other.id) == other.model_copy(update={"revision": 1})
        assert ledger.key("d" * 20) is None
        assert [key.id for key in ledger.keys("acme")] == [shop.id, ops.id]
        assert [key.id for key in ledger.keys(None)] == [shop.id, ops.id, other.id]
        assert ledger.keys("nobody") == []

    def test_a_key_that_somebody_else_changed_is_not_overwritten(self, ledger: Ledger) -> None:
        # GIVEN a key that two read
        assert ledger.save_key(api_key("a", "acme"))
        read = ledger.key("a" * 20)
        assert read is not None
        # WHEN one revokes it, and the other gives it another end
        assert ledger.save_key(read.model_copy(update={"revoked_at": NOON}))
        assert not ledger.save_key(read.model_copy(update={"expires_at": NOON}))
        # THEN it stays revoked; nor can a new one take its place
        assert not ledger.save_key(api_key("a", "acme"))
        stored = ledger.key("a" * 20)
        assert stored is not None
        assert (stored.revoked_at, stored.expires_at, stored.revision) == (NOON, None, 2)

    def test_an_issuer_is_kept_until_it_is_deleted(self, ledger: Ledger) -> None:
        acme = issuer("https://id.example.com/acme", "acme")
        other = issuer("https://id.example.com/other", "other")
        assert ledger.save_issuer(other)
        assert ledger.save_issuer(acme)
        assert not ledger.save_issuer(acme.model_copy(update={"tenant": "other"}))

        assert ledger.issuer(acme.url) == acme.model_copy(update={"revision": 1})
        assert ledger.issuer("https://id.example.com/nobody") is None
        assert [found.url for found in ledger.issuers("acme")] == [acme.url]
        assert [found.url for found in ledger.issuers()] == [acme.url, other.url]
        ledger.delete_issuer(acme.url)
        ledger.delete_issuer(acme.url)
        assert ledger.issuer(acme.url) is None
        assert [found.url for found in ledger.issuers()] == [other.url]

    def test_tenants_are_those_with_a_key_or_an_issuer(self, ledger: Ledger) -> None:
        assert ledger.tenants() == []
        for letter, tenant in zip("abcd", ["zeta", "acme", "zeta", "beta"], strict=True):
            ledger.save_key(api_key(letter, tenant))
        ledger.save_issuer(issuer("https://id.example.com", "users-only"))
        assert ledger.tenants() == ["acme", "beta", "users-only", "zeta"]

    def test_it_answers(self, ledger: Ledger) -> None:
        ledger.ping()


class RightsContract:
    """What every ledger shows and erases; a second class, as the first is long."""

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock(NOON)

    @pytest.fixture
    def full(self, ledger: Ledger) -> Ledger:
        """All kinds of records of u1, and some of others."""
        for number in range(3):
            ledger.append("acme", "u1", event(f"item-{number}", key=f"e{number}"))
        ledger.next_revision("acme", "u1")
        ledger.save_wishes("acme", "u1", Wishes(unwanted_tags=("golf",)))
        ledger.cache_text("acme", "k1", '{"text": "for you"}', expires_at=NOON, user="u1")
        ledger.append("acme", "u2", event("item-0", key="e0"))
        ledger.append("beta", "u1", event("item-0", key="e0"))
        ledger.save_counter("acme", "item-0", Counter({"click": 2}))
        return ledger

    def test_all_of_a_user_is_read_page_by_page(self, full: Ledger) -> None:
        found, cursor, pages = [], None, 0
        while True:
            page = full.records("acme", "u1", limit=4, cursor=cursor)
            found += page.records
            pages += 1
            if (cursor := page.cursor) is None:
                break
        assert pages >= 2
        assert sorted(record["kind"] for record in found) == ["event"] * 3 + ["revision", "text", "wishes"]
        assert {r["item_id"]: r["type"] for r in found if r["kind"] == "event"} == dict.fromkeys(
            ("item-0", "item-1", "item-2"), "click"
        )
        (text,) = (record["text"] for record in found if record["kind"] == "text")
        assert text == {"text": "for you"}
        assert "u1" not in str(found)

    def test_a_foreign_cursor_is_refused(self, full: Ledger) -> None:
        with pytest.raises(InvalidRequest, match="start again without one"):
            full.records("acme", "u1", limit=4, cursor="%%%")

    def test_all_of_a_user_is_erased_and_nothing_else(self, full: Ledger) -> None:
        assert full.erase("acme", "u1") == {"event": 3, "revision": 1, "text": 1, "wishes": 1}
        assert full.records("acme", "u1", limit=10).records == []
        assert full.erase("acme", "u1") == {}
        assert len(full.history("acme", "u2", 10)) == len(full.history("beta", "u1", 10)) == 1
        assert full.counters("acme", ["item-0"])["item-0"].counts == {"click": 2}

    def test_an_erasure_stops_when_it_is_told_to(self, full: Ledger) -> None:
        full.erase("acme", "u1", until=lambda: True)
        assert len(full.records("acme", "u1", limit=10).records) == 6

    def test_a_tenant_is_shown_and_erased_whole(self, full: Ledger) -> None:
        assert len(list(full.tenant_records("acme"))) == 8
        assert full.erase_tenant("acme") == 8
        assert list(full.tenant_records("acme")) == []
        assert full.history("acme", "u2", 10) == []
        assert full.counters("acme", ["item-0"]) == {}
        assert len(full.history("beta", "u1", 10)) == 1
