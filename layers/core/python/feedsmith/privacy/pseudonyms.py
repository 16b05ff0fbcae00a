"""User ids become pseudonyms before anything is stored."""

from __future__ import annotations

import base64
import os
from typing import Final

from feedsmith.stores.keyring import Keyring, TenantKey
from feedsmith.stores.people import Handle, People

PSEUDONYM_BYTES: Final = 20


class Pseudonyms:
    """The random name under which all of a user lies, found by a keyed hash of the user id.

    A small record binds the hash (:meth:`~feedsmith.stores.keyring.TenantKey.handle`) to the name. A new version of
    the key rewrites that record at the user's next request, and moves nothing else; without it, nobody can tell
    whose the name was.
    """

    def __init__(self, people: People, keyring: Keyring) -> None:
        self._people = people
        self._keyring = keyring

    def __call__(self, tenant: str, user_id: str) -> str:
        """The user's pseudonym, 32 lower-case letters and digits; a new user gets one."""
        keys = self._keyring.keys(tenant)
        if keys and (found := self._find(tenant, user_id, keys)):
            return found
        # Nobody is bound under a key that was replaced meanwhile, for those who know the new one would not find them.
        keys = self._keyring.keys(tenant, fresh=True) or (self._keyring.current(tenant),)
        while True:
            found = self._find(tenant, user_id, keys)
            if found is None:
                found = self._people.bind(tenant, keys[0].handle(user_id), random_pseudonym())
            known, keys = keys, self._keyring.keys(tenant, fresh=True)
            if not keys or keys[0].version == known[0].version:
                return found

    def known(self, tenant: str, user_id: str) -> str:
        """The user's pseudonym; somebody unknown gets one that nothing is stored under, each time another."""
        found = self._find(tenant, user_id, self._keyring.keys(tenant))
        if found is None:
            found = self._find(tenant, user_id, self._keyring.keys(tenant, fresh=True))
        return found or random_pseudonym()

    def digest(self, tenant: str, text: str) -> str:
        """A keyed hash of a text, the same until the tenant's oldest key is retired; nothing is stored."""
        keys = self._keyring.keys(tenant) or (self._keyring.current(tenant),)
        return keys[-1].handle(text).digest

    def handles(self, tenant: str, user_id: str) -> tuple[Handle, ...]:
        """What the user id is under each version of the tenant's key."""
        return tuple(key.handle(user_id) for key in self._keyring.keys(tenant, fresh=True))

    def _find(self, tenant: str, user_id: str, keys: tuple[TenantKey, ...]) -> str | None:
        for key in keys:
            handle = key.handle(user_id)
            user = self._people.subject(tenant, handle)
            if user is None:
                continue
            if key is not keys[0]:
                # First the new record, then the old one goes: killed in between, both lead to the same name.
                user = self._people.bind(tenant, keys[0].handle(user_id), user)
                self._people.unbind(tenant, handle, user)
            return user
        return None


def random_pseudonym() -> str:
    """160 random bits in base 32."""
    return base64.b32encode(os.urandom(PSEUDONYM_BYTES)).decode().lower()
