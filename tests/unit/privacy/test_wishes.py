"""Wishes: what a user decided, what the tenant decided, and which of both holds."""

from __future__ import annotations

import pytest

from feedsmith.errors import StoreUnavailable, ValidationFailed
from feedsmith.models import Consent, ConsentChoice, TenantSettings, Wishes
from feedsmith.privacy.wishes import ATTEMPTS, DEFAULTS_KEPT_S, WishesService
from support.ledger import FakeClock, InMemoryLedger

NO = Consent(profiling=False, generation=False, analytics=False)


class Timer:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Busy(InMemoryLedger):
    """Somebody else writes first, ``times`` times."""

    times = 0

    def save_wishes(self, tenant: str, user: str, wishes: Wishes) -> bool:
        if self.times:
            self.times -= 1
            super().save_wishes(tenant, user, self.wishes(tenant, user))
        return super().save_wishes(tenant, user, wishes)

    def save_tenant_settings(self, tenant: str, settings: TenantSettings) -> bool:
        if self.times:
            self.times -= 1
            return False
        return super().save_tenant_settings(tenant, settings)


@pytest.fixture
def ledger() -> Busy:
    return Busy()


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def wishes(ledger: Busy, timer: Timer) -> WishesService:
    return WishesService(ledger, clock=FakeClock(), timer=timer)


def test_who_decided_nothing_has_the_tenant_s_default(wishes: WishesService) -> None:
    assert wishes.in_effect("acme", "u").consent == Consent(profiling=True, generation=True, analytics=True)
    wishes.set_default("acme", ConsentChoice(generation=False))
    assert wishes.in_effect("acme", "u").consent == Consent(profiling=True, generation=False, analytics=True)
    assert wishes.allows("globex", "u", "generation")


def test_what_a_user_chose_outlasts_the_default_and_the_rest_follows_it(wishes: WishesService) -> None:
    # GIVEN a user who chose about profiling only
    held = wishes.choose("acme", "u", ConsentChoice(profiling=True))
    assert held.wishes.chosen_at == FakeClock().now
    # WHEN the tenant forbids all
    wishes.set_default("acme", ConsentChoice(profiling=False, generation=False, analytics=False))
    # THEN only what the user chose stays
    assert wishes.in_effect("acme", "u").consent == NO.model_copy(update={"profiling": True})
    # AND null gives it back to the default, while what is left out stays
    wishes.choose("acme", "u", ConsentChoice(analytics=True))
    assert wishes.choose("acme", "u", ConsentChoice(profiling=None)).consent == NO.model_copy(
        update={"analytics": True}
    )


def test_a_user_s_own_choice_is_read_anew_and_a_default_within_seconds(
    wishes: WishesService, ledger: Busy, timer: Timer
) -> None:
    other = WishesService(ledger, timer=timer)
    assert wishes.allows("acme", "u", "profiling")
    other.set_default("acme", ConsentChoice(profiling=False))
    other.choose("acme", "v", ConsentChoice(generation=False))

    assert not wishes.allows("acme", "v", "generation")
    assert wishes.allows("acme", "u", "profiling")
    timer.now += DEFAULTS_KEPT_S
    assert not wishes.allows("acme", "u", "profiling")


def test_who_chose_all_needs_no_default(wishes: WishesService, ledger: Busy, monkeypatch: pytest.MonkeyPatch) -> None:
    wishes.choose("acme", "u", ConsentChoice(**NO.model_dump()))
    monkeypatch.setattr(ledger, "tenant_settings", None)
    assert wishes.in_effect("acme", "u").consent == NO


def test_nobody_is_profiled_behind_an_anonymous_event(wishes: WishesService) -> None:
    assert [wishes.allows("acme", "anon-x", p) for p in ("profiling", "generation", "analytics")] == [
        False,
        False,
        True,
    ]


def test_a_list_holds_each_thing_once_the_newest_last_and_undo_takes_it_out(wishes: WishesService) -> None:
    for item in ("a", "b", "a"):
        held = wishes.unwant_item("acme", "u", item)
    assert held.unwanted_items == ("b", "a")
    assert wishes.unwant_item("acme", "u", "b", undo=True).unwanted_items == ("a",)
    assert wishes.unwant_item("acme", "u", "never", undo=True).unwanted_items == ("a",)
    assert wishes.remove_tag("acme", "u", "sport").removed_tags == ("sport",)
    assert wishes.unwant_tag("acme", "u", "sport").unwanted_tags == ("sport",)


def test_a_full_list_says_so_and_takes_what_it_has(wishes: WishesService) -> None:
    for number in range(200):
        wishes.remove_tag("acme", "u", f"t{number}")
    with pytest.raises(ValidationFailed, match="holds 200 already"):
        wishes.remove_tag("acme", "u", "one more")
    assert len(wishes.remove_tag("acme", "u", "t7").removed_tags) == 200


def test_two_decisions_at_once_are_both_kept_and_endless_contention_is_told(
    wishes: WishesService, ledger: Busy
) -> None:
    ledger.times = 2
    wishes.remove_tag("acme", "u", "sport")
    assert ledger.wishes("acme", "u").removed_tags == ("sport",)
    ledger.times = ATTEMPTS
    with pytest.raises(StoreUnavailable, match="try again"):
        wishes.remove_tag("acme", "u", "politics")
    ledger.times = ATTEMPTS
    with pytest.raises(StoreUnavailable, match="try again"):
        wishes.set_default("acme", ConsentChoice(profiling=False))
