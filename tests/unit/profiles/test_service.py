"""Profiles stay in step with the ledger, whatever comes late, twice or at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from feedsmith.errors import NotFound, StoreUnavailable
from feedsmith.models import Event
from feedsmith.profiles.service import ProfileService
from feedsmith.stores.codec import profile_point
from feedsmith.stores.vectors import Collection, Hit
from support.decisions import Decided
from support.ledger import FakeClock, InMemoryLedger
from support.people import DOMAINS, TENANT, make_event, make_item, put_item
from support.vectors import MemoryVectors


class WatchedVectors(MemoryVectors):
    """Counts reads, and runs ``meanwhile`` once, when the history is read and the profiles are not yet written."""

    def __init__(self) -> None:
        super().__init__(dimension=2)
        self.reads = 0
        self.meanwhile: Callable[[], object] | None = None

    def retrieve(
        self,
        tenant: str,
        collection: Collection,
        keys: Sequence[str],
        *,
        with_vectors: bool = False,
        fields: Sequence[str] | None = None,
    ) -> dict[str, Hit]:
        self.reads += 1
        if collection == "users" and self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            act()
        return super().retrieve(tenant, collection, keys, with_vectors=with_vectors, fields=fields)


class ForgetfulLedger(InMemoryLedger):
    """A ledger that can erase a user, as an erasure does before it deletes the profiles."""

    def erase(self, user: str) -> None:
        self._events.pop((TENANT, user), None)


@pytest.fixture
def vectors() -> WatchedVectors:
    return WatchedVectors()


@pytest.fixture
def ledger() -> ForgetfulLedger:
    return ForgetfulLedger(FakeClock())


@pytest.fixture
def service(vectors: WatchedVectors, ledger: ForgetfulLedger) -> ProfileService:
    return ProfileService(vectors, ledger, DOMAINS, decisions=Decided(), history_length=3, clock=FakeClock())


def did(ledger: InMemoryLedger, *events: Event, user: str = "p") -> None:
    for event in events:
        assert ledger.append(TENANT, user, event)


def test_what_was_computed_is_what_is_loaded_with_one_read(
    service: ProfileService, vectors: WatchedVectors, ledger: ForgetfulLedger
) -> None:
    put_item(vectors, make_item("x"), 3, 4)
    did(ledger, make_event("click", "x"))
    computed = service.recompute(TENANT, "p")["news"]
    vectors.reads = 0
    loaded = service.load(TENANT, "p", "news")
    assert loaded is not None
    assert loaded.taste == pytest.approx((0.6, 0.8), abs=1e-6)
    assert loaded.model_copy(update={"taste": ()}) == computed.model_copy(update={"taste": ()})
    assert loaded.user == "p"
    assert vectors.reads == 1


def test_a_profile_of_an_earlier_version_gets_its_history(
    service: ProfileService, vectors: WatchedVectors, ledger: ForgetfulLedger
) -> None:
    put_item(vectors, make_item("x"), 3, 4)
    did(ledger, make_event("click", "x"))
    old = service.recompute(TENANT, "p")["news"].model_copy(update={"history": (), "history_vectors": b""})
    vectors.upsert(TENANT, "users", [profile_point(old, 2)])
    loaded = service.load(TENANT, "p", "news")
    assert loaded is not None
    assert [item.item_id for item in loaded.history] == ["x"]
    assert service.load(TENANT, "p", "news") == loaded


def test_each_domain_gets_its_own_profile(
    service: ProfileService, vectors: WatchedVectors, ledger: ForgetfulLedger
) -> None:
    put_item(vectors, make_item("x"), 1, 0)
    put_item(vectors, make_item("cap", domain="shop"), 0, 1)
    did(ledger, make_event("click", "x"), make_event("purchase", "cap"))
    computed = service.recompute(TENANT, "p")
    assert {name: profile.consumed for name, profile in computed.items()} == {"news": ("x",), "shop": ("cap",)}
    assert {profile.revision for profile in computed.values()} == {1}


def test_only_the_newest_interactions_make_a_profile(
    service: ProfileService, vectors: WatchedVectors, ledger: ForgetfulLedger
) -> None:
    for n in range(5):
        put_item(vectors, make_item(f"i{n}"), 1, 0)
        did(ledger, make_event("click", f"i{n}", seconds=n))
    assert service.recompute(TENANT, "p")["news"].consumed == ("i0", "i1", "i2")


def test_an_event_may_come_before_its_item(
    service: ProfileService, vectors: WatchedVectors, ledger: ForgetfulLedger
) -> None:
    # GIVEN an event on an item that nobody knows; its domain is therefore not known either
    put_item(vectors, make_item("other"), 1, 0)
    did(ledger, make_event("click", "late"))
    assert service.recompute(TENANT, "p") == {}
    # WHEN a feed is asked for, THEN there is an empty profile that waits for the item, computed once
    waiting = service.load(TENANT, "p", "news")
    assert waiting is not None
    assert (waiting.taste, waiting.missing) == ((), ("late",))
    assert service.load(TENANT, "p", "news") == waiting
    assert waiting.revision == 2
    # WHEN the item comes, THEN the next feed counts it without another event
    put_item(vectors, make_item("late"), 0, 1)
    made = service.load(TENANT, "p", "news")
    assert made is not None
    assert (made.taste, made.missing, made.consumed) == ((0.0, 1.0), (), ("late",))


def test_before_the_first_item_profiles_are_answered_and_not_stored(
    service: ProfileService, vectors: WatchedVectors, ledger: ForgetfulLedger
) -> None:
    did(ledger, make_event("click", "late"))
    waiting = service.load(TENANT, "p", "news")
    assert waiting is not None
    assert waiting.missing == ("late",)
    assert vectors.count(TENANT, "users") == 0
    put_item(vectors, make_item("late"), 0, 1)
    made = service.load(TENANT, "p", "news")
    assert made is not None
    assert made.taste == (0.0, 1.0)


def test_missing_items_are_waited_for_in_every_domain(
    service: ProfileService, vectors: WatchedVectors, ledger: ForgetfulLedger
) -> None:
    put_item(vectors, make_item("x"), 1, 0)
    did(ledger, make_event("click", "x"), make_event("click", "late"))
    service.recompute(TENANT, "p")
    put_item(vectors, make_item("late", domain="shop"), 0, 1)
    news = service.load(TENANT, "p", "news")
    shop = service.load(TENANT, "p", "shop")
    assert news is not None
    assert shop is not None
    assert (news.consumed, news.missing, shop.consumed, shop.missing) == (("x",), (), ("late",), ())


def test_a_newcomer_to_a_domain_is_computed_once(
    service: ProfileService, vectors: WatchedVectors, ledger: ForgetfulLedger
) -> None:
    put_item(vectors, make_item("x"), 1, 0)
    did(ledger, make_event("click", "x"))
    service.recompute(TENANT, "p")
    first, again = (service.load(TENANT, "p", "shop") for _ in range(2))
    assert first is not None
    assert first.interactions == 0
    assert again == first


def test_a_domain_with_nothing_left_gets_an_empty_profile(
    service: ProfileService, vectors: WatchedVectors, ledger: ForgetfulLedger
) -> None:
    put_item(vectors, make_item("x"), 1, 0)
    did(ledger, make_event("click", "x"))
    service.recompute(TENANT, "p")
    vectors.delete(TENANT, "items", ["x"])
    service.recompute(TENANT, "p")
    left = service.load(TENANT, "p", "news")
    assert left is not None
    assert (left.taste, left.consumed, left.missing) == ((), (), ("x",))


def test_a_visitor_has_no_profile_and_leaves_no_trace(
    service: ProfileService, vectors: WatchedVectors, ledger: ForgetfulLedger
) -> None:
    assert service.load(TENANT, "stranger", "news") is None
    assert vectors.writes == 0
    assert ledger.next_revision(TENANT, "stranger") == 1


def test_an_unknown_domain_is_named(service: ProfileService) -> None:
    with pytest.raises(NotFound, match=r"'poetry'.*news, shop"):
        service.load(TENANT, "p", "poetry")


def test_tenants_do_not_meet(service: ProfileService, vectors: WatchedVectors, ledger: ForgetfulLedger) -> None:
    put_item(vectors, make_item("x"), 1, 0, tenant="other")
    did(ledger, make_event("click", "x"))
    assert service.recompute(TENANT, "p") == {}
    assert service.load("other", "p", "news") is None


def test_the_stale_writer_loses(service: ProfileService, vectors: WatchedVectors, ledger: ForgetfulLedger) -> None:
    # GIVEN a recompute that has read the ledger, and another event that is absorbed before it writes
    put_item(vectors, make_item("x"), 1, 0)
    put_item(vectors, make_item("y"), 0, 1)
    did(ledger, make_event("click", "x", seconds=1))

    def overtake() -> None:
        did(ledger, make_event("click", "y"))
        service.recompute(TENANT, "p")

    vectors.meanwhile = overtake
    # WHEN the slow one writes, THEN the newer profile stays
    service.recompute(TENANT, "p")
    kept = service.load(TENANT, "p", "news")
    assert kept is not None
    assert (kept.revision, kept.consumed) == (2, ("y", "x"))


def test_an_erased_user_stays_erased(service: ProfileService, vectors: WatchedVectors, ledger: ForgetfulLedger) -> None:
    # GIVEN a profile, and a recompute under way with the history already read
    put_item(vectors, make_item("x"), 1, 0)
    did(ledger, make_event("click", "x"))
    service.recompute(TENANT, "p")

    def erase() -> None:
        ledger.erase("p")
        vectors.delete(TENANT, "users", ["news:p", "shop:p"])

    vectors.meanwhile = erase
    # WHEN the user is erased meanwhile, THEN nothing of them comes back
    assert service.recompute(TENANT, "p") == {}
    assert vectors.count(TENANT, "users") == 0


def test_a_profile_that_outlived_its_history_goes(
    service: ProfileService, vectors: WatchedVectors, ledger: ForgetfulLedger
) -> None:
    put_item(vectors, make_item("x"), 1, 0)
    did(ledger, make_event("click", "x"))
    service.recompute(TENANT, "p")
    ledger.erase("p")
    assert service.recompute(TENANT, "p") == {}
    assert vectors.count(TENANT, "users") == 0
    assert ledger.next_revision(TENANT, "p") == 2  # and no revision was drawn, which would be a trace


def test_a_store_that_is_down_is_an_error_and_not_an_empty_profile(
    service: ProfileService, vectors: WatchedVectors
) -> None:
    vectors.down = True
    with pytest.raises(StoreUnavailable):
        service.load(TENANT, "p", "news")
