"""What whoever runs feedsmith does about callers: make, end and rotate API keys; know issuers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from feedsmith.access.base import UsagePlan
from feedsmith.access.keys import new_key, split
from feedsmith.errors import ConfigurationError, InvalidRequest, NotFound, StoreUnavailable
from feedsmith.models import ApiKey, Issuer, Scope, utcnow
from feedsmith.stores.ledger import Ledger

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made just now; ``text`` is what its holder sends, and is known here only."""

    key: ApiKey
    text: str = field(repr=False)


class AccessAdmin:
    """Keys and issuers of a deployment.

    Parameters
    ----------
    ledger
        Where they are kept.
    plan
        Where each gets its rate.
    clock
        Returns now, timezone-aware.
    """

    def __init__(self, ledger: Ledger, plan: UsagePlan, clock: Callable[[], datetime] = utcnow) -> None:
        self._ledger = ledger
        self._plan = plan
        self._clock = clock

    def create(
        self,
        tenant: str,
        *,
        scopes: Iterable[Scope] = (),
        label: str = "",
        role: Literal["service", "operator"] = "service",
        lifetime: timedelta | None = None,
        text: str | None = None,
    ) -> NewKey:
        """Make a key; an operator's has every scope.

        Parameters
        ----------
        lifetime
            Until it ends; None: without end.
        text
            The key, where it is not to be drawn.

        Raises
        ------
        ConfigurationError
            ``text`` is not of a key's form.
        InvalidRequest
            It would be of no use: no scope, expired, or there is a key of this id.
        """
        text = text or new_key()
        parts = split(text)
        if parts is None:
            raise ConfigurationError("a key looks like fs_ID_SECRET: take one that 'feedsmith keys create' made")
        now, scopes = self._clock(), frozenset(scopes)
        if role == "service" and not scopes:
            raise InvalidRequest("a key without scopes opens nothing: give at least one")
        if lifetime is not None and lifetime <= timedelta():
            raise InvalidRequest("the key would have expired already: let it live longer")
        key = ApiKey(
            id=parts[0],
            secret_hash=parts[1],
            tenant=tenant,
            role=role,
            scopes=scopes,
            label=label,
            created_at=now,
            expires_at=None if lifetime is None else now + lifetime,
        )
        # The rate first: a key without one would be refused on every route.
        self._plan.enter(key.id, label)
        if not self._ledger.save_key(key):
            raise InvalidRequest(f"there is a key {key.id} already")
        return NewKey(key, text)

    def keys(self, tenant: str | None = None) -> list[ApiKey]:
        """A tenant's keys, or all of them, newest first."""
        return sorted(self._ledger.keys(tenant), key=lambda key: (key.created_at, key.id), reverse=True)

    def revoke(self, key_id: str) -> ApiKey:
        """Let a key in no longer; answers of the authorizer that are kept live on for as long as they are kept."""
        key = self._change(key_id, lambda key: key.revoked_at or self._clock(), "revoked_at")
        self._plan.withdraw(key_id)
        return key

    def rotate(self, key_id: str, overlap: timedelta) -> NewKey:
        """Make a key in place of another, which goes on for ``overlap``; the new one lives as long as the old was to.

        Raises
        ------
        NotFound, InvalidRequest
            There is no such key, or it is not valid any more.
        """
        now, old = self._clock(), self._key(key_id)
        if not old.valid_at(now):
            raise InvalidRequest(f"key {key_id} is revoked or expired: create a new one")
        lifetime = None if old.expires_at is None else old.expires_at - old.created_at
        new = self.create(old.tenant, scopes=old.scopes, label=old.label, role=old.role, lifetime=lifetime)
        end = now + overlap
        self._change(key_id, lambda key: min(key.expires_at or end, end), "expires_at")
        return new

    def issuers(self, tenant: str | None = None) -> list[Issuer]:
        """A tenant's issuers, or all of them."""
        return self._ledger.issuers(tenant)

    def save_issuer(self, issuer: Issuer) -> Issuer:
        """Let an issuer's users in, as ``issuer`` says from now on.

        Raises
        ------
        InvalidRequest
            The issuer is another tenant's.
        """
        self._plan.enter(issuer.id, issuer.tenant)
        for _ in range(_ATTEMPTS):
            stored = self._ledger.issuer(issuer.url)
            if stored is not None and stored.tenant != issuer.tenant:
                raise InvalidRequest(f"{issuer.url} lets in users of another tenant: remove it there first")
            read = issuer.model_copy(update={"revision": 0 if stored is None else stored.revision})
            if self._ledger.save_issuer(read):
                return read
        raise _busy(issuer.url)

    def remove_issuer(self, url: str) -> Issuer:
        """Let an issuer's users in no longer."""
        issuer = self._ledger.issuer(url)
        if issuer is None:
            raise NotFound(f"no issuer {url}")
        self._ledger.delete_issuer(url)
        self._plan.withdraw(issuer.id)
        return issuer

    def _key(self, key_id: str) -> ApiKey:
        key = self._ledger.key(key_id)
        if key is None:
            raise NotFound(f"no key {key_id}")
        return key

    def _change(self, key_id: str, value: Callable[[ApiKey], datetime], name: str) -> ApiKey:
        for _ in range(_ATTEMPTS):
            key = self._key(key_id)
            changed = key.model_copy(update={name: value(key)})
            if self._ledger.save_key(changed):
                return changed
        raise _busy(key_id)


def _busy(name: str) -> StoreUnavailable:
    return StoreUnavailable(f"{name} is being changed by somebody else: try again")
