"""What users decided about their data and their feeds, and what therefore holds now."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from feedsmith.errors import StoreUnavailable, ValidationFailed
from feedsmith.models import Consent, ConsentChoice, Purpose, TenantSettings, Wishes, utcnow
from feedsmith.privacy.anonymous import is_anonymous

ATTEMPTS: Final = 8
DEFAULTS_KEPT_S: Final = 5.0
_ANONYMOUS: Final = Consent(profiling=False, generation=False, analytics=True)


class WishLedger(Protocol):
    """What keeps wishes; a ledger does."""

    def wishes(self, tenant: str, user: str) -> Wishes:
        """As :meth:`feedsmith.stores.ledger.Ledger.wishes`."""

    def save_wishes(self, tenant: str, user: str, wishes: Wishes) -> bool:
        """As :meth:`feedsmith.stores.ledger.Ledger.save_wishes`."""

    def tenant_settings(self, tenant: str) -> TenantSettings:
        """As :meth:`feedsmith.stores.ledger.Ledger.tenant_settings`."""

    def save_tenant_settings(self, tenant: str, settings: TenantSettings) -> bool:
        """As :meth:`feedsmith.stores.ledger.Ledger.save_tenant_settings`."""


@dataclass(frozen=True, slots=True)
class InEffect:
    """What holds for a user now: ``consent`` is theirs where they chose, else the tenant's."""

    consent: Consent
    wishes: Wishes


class Decisions(Protocol):
    """Says what holds for a user; what works with a user's data asks it first."""

    def in_effect(self, tenant: str, user: str, /) -> InEffect:
        """As :meth:`WishesService.in_effect`."""


class WishesService:
    """Reads and changes users' wishes, and the tenants' defaults.

    A user's own decision is read anew each time. A tenant's default is kept for ``DEFAULTS_KEPT_S`` seconds, so that
    a change of it takes that long to reach all processes.

    Parameters
    ----------
    clock
        The time of a decision.
    timer
        Seconds that only grow.
    """

    def __init__(
        self,
        ledger: WishLedger,
        *,
        clock: Callable[[], datetime] = utcnow,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._timer = timer
        self._defaults: dict[str, tuple[float, Consent]] = {}

    def in_effect(self, tenant: str, user: str, /) -> InEffect:
        """What holds for a user, by pseudonym; nobody is profiled behind an anonymous one.

        Raises
        ------
        StoreUnavailable
            The ledger does not answer. Nothing may be assumed then, in either direction.
        """
        if is_anonymous(user):
            return InEffect(_ANONYMOUS, Wishes())
        wishes = self._ledger.wishes(tenant, user)
        chosen = wishes.consent.model_dump(exclude_none=True)
        if len(chosen) == len(Consent.model_fields):
            return InEffect(Consent(**chosen), wishes)
        return InEffect(self.default(tenant).model_copy(update=chosen), wishes)

    def allows(self, tenant: str, user: str, purpose: Purpose) -> bool:
        """Whether a user's data may be used for a purpose; raises as :meth:`in_effect` does."""
        return bool(getattr(self.in_effect(tenant, user).consent, purpose))

    def default(self, tenant: str) -> Consent:
        """What a tenant decided for those who did not, at most some seconds old."""
        until, consent = self._defaults.get(tenant, (0.0, None))
        now = self._timer()
        if consent is None or now >= until:
            consent = self._ledger.tenant_settings(tenant).consent
            self._defaults[tenant] = (now + DEFAULTS_KEPT_S, consent)
        return consent

    def set_default(self, tenant: str, choice: ConsentChoice) -> Consent:
        """Change a tenant's default; what ``choice`` does not name stays as it is."""
        changed = choice.model_dump(exclude_none=True)
        for _ in range(ATTEMPTS):
            settings = self._ledger.tenant_settings(tenant)
            consent = settings.consent.model_copy(update=changed)
            if self._ledger.save_tenant_settings(tenant, settings.model_copy(update={"consent": consent})):
                self._defaults.pop(tenant, None)
                return consent
        raise _contended()

    def choose(self, tenant: str, user: str, choice: ConsentChoice) -> InEffect:
        """Take a user's choice; a purpose that it does not name stays, one named None goes back to the default."""
        named = {purpose: getattr(choice, purpose) for purpose in choice.model_fields_set}

        def chosen(wishes: Wishes) -> dict[str, Any]:
            return {"consent": wishes.consent.model_copy(update=named), "chosen_at": self._clock()}

        self._change(tenant, user, chosen)
        return self.in_effect(tenant, user)

    def remove_tag(self, tenant: str, user: str, tag: str, *, undo: bool = False) -> Wishes:
        """Keep a tag out of a user's profiles from now on, or let it in again."""
        return self._list(tenant, user, "removed_tags", tag, undo=undo)

    def unwant_item(self, tenant: str, user: str, item_id: str, *, undo: bool = False) -> Wishes:
        """Never recommend an item to a user again, or undo that."""
        return self._list(tenant, user, "unwanted_items", item_id, undo=undo)

    def unwant_tag(self, tenant: str, user: str, tag: str, *, undo: bool = False) -> Wishes:
        """Never recommend items of a tag to a user again, or undo that."""
        return self._list(tenant, user, "unwanted_tags", tag, undo=undo)

    def _list(self, tenant: str, user: str, field: str, value: str, *, undo: bool) -> Wishes:
        def listed(wishes: Wishes) -> dict[str, Any]:
            others = tuple(one for one in getattr(wishes, field) if one != value)
            most = next(rule.max_length for rule in Wishes.model_fields[field].metadata if hasattr(rule, "max_length"))
            if not undo and len(others) >= most:
                raise ValidationFailed(
                    [{"path": f"/{field}", "message": f"holds {most} already; undo one before adding another"}]
                )
            return {field: others if undo else (*others, value)}

        return self._change(tenant, user, listed)

    def _change(self, tenant: str, user: str, change: Callable[[Wishes], Mapping[str, Any]]) -> Wishes:
        for _ in range(ATTEMPTS):
            wishes = self._ledger.wishes(tenant, user)
            changed = wishes.model_copy(update=change(wishes))
            if self._ledger.save_wishes(tenant, user, changed):
                return changed
        raise _contended()


def _contended() -> StoreUnavailable:
    return StoreUnavailable(f"ledger: others changed the same settings {ATTEMPTS} times meanwhile; try again")
