"""The tenants' data keys, decrypted once per process: what users are called, and what events are sealed with."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

from feedsmith.errors import KeyGone, TenantGone
from feedsmith.stores.people import DataKeys, Handle, People, WrappedKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE: Final = 12  # bytes; NIST SP 800-38D, 8.2.2: random ones serve 2^32 messages of one key
KEPT_S: Final = 60.0
MOST_TENANTS: Final = 1_000


@dataclass(frozen=True)
class TenantKey:
    """One version of a tenant's data key. Each use has a key of its own, derived by HMAC (NIST SP 800-108, 4.1)."""

    version: int
    wrapped: bytes = field(repr=False)
    data_key: bytes = field(repr=False)

    @cached_property
    def _naming(self) -> bytes:
        return hmac.digest(self.data_key, b"feedsmith user ids", hashlib.sha256)

    @cached_property
    def _cipher(self) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(hmac.digest(self.data_key, b"feedsmith records", hashlib.sha256))

    def handle(self, user_id: str) -> Handle:
        """HMAC-SHA-256 of a user id, first 160 bits in base 32: 32 lower-case letters and digits."""
        digest = hmac.digest(self._naming, user_id.encode(), hashlib.sha256)
        return Handle(self.version, base64.b32encode(digest[:20]).decode().lower())

    def seal(self, text: str, bound_to: str) -> str:
        """AES-256-GCM; ``version.base64``."""
        nonce = os.urandom(_NONCE)
        sealed = self._cipher.encrypt(nonce, text.encode(), bound_to.encode())
        return f"{self.version}.{base64.b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, bound_to: str) -> str:
        """What was sealed; raises ``KeyGone`` where it was changed or belongs elsewhere."""
        from cryptography.exceptions import InvalidTag

        try:
            raw = base64.b64decode(sealed.partition(".")[2])
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], bound_to.encode()).decode()
        except (InvalidTag, ValueError):
            failed = KeyGone("a sealed record was changed, or lies where it does not belong: restore it from a backup")
        raise failed


class Sealer(Protocol):
    """Encrypts what lies in the stores, for each tenant under its own key."""

    def seal(self, tenant: str, text: str, bound_to: str) -> str:
        """As :meth:`Keyring.seal`."""

    def open(self, tenant: str, sealed: str, bound_to: str) -> str:
        """As :meth:`Keyring.open`."""


class Keyring:
    """Keys by tenant, newest first.

    A version made elsewhere is known here after ``KEPT_S`` seconds, or when something needs it.

    Parameters
    ----------
    data_keys
        Asked for at the first key that is not known: most functions need none.
    clock
        Monotonic seconds.
    """

    def __init__(
        self, people: People, data_keys: Callable[[], DataKeys], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._people = people
        self._data_keys = data_keys
        self._clock = clock
        self._lock = Lock()
        self._known: OrderedDict[str, tuple[float, tuple[TenantKey, ...]]] = OrderedDict()

    def keys(self, tenant: str, *, fresh: bool = False) -> tuple[TenantKey, ...]:
        """All versions, newest first; empty for a tenant without any."""
        with self._lock:
            until, known = self._known.get(tenant, (0.0, ()))
            if known and not fresh and self._clock() < until:
                self._known.move_to_end(tenant)
                return known
        opened = {key.wrapped: key for key in known}
        found = tuple(
            opened.get(stored.wrapped)
            or TenantKey(stored.version, stored.wrapped, self._data_keys().unwrap(tenant, stored.wrapped))
            for stored in self._people.tenant_keys(tenant)
        )
        with self._lock:
            self._known[tenant] = self._clock() + KEPT_S, found
            while len(self._known) > MOST_TENANTS:
                self._known.popitem(last=False)
        return found

    def current(self, tenant: str) -> TenantKey:
        """The newest key; the first one is made here."""
        found = self.keys(tenant) or self.keys(tenant, fresh=True)
        return found[0] if found else self._add(tenant, 1)

    def rotate(self, tenant: str) -> TenantKey:
        """Make the next version."""
        found = self.keys(tenant, fresh=True)
        return self._add(tenant, found[0].version + 1 if found else 1)

    def seal(self, tenant: str, text: str, bound_to: str) -> str:
        """Encrypt a text under the newest key; ``bound_to`` says where it belongs, and must be given to open it."""
        return self.current(tenant).seal(text, bound_to)

    def open(self, tenant: str, sealed: str, bound_to: str) -> str:
        """Decrypt a text.

        Raises
        ------
        KeyGone
            Its key was retired, or deleted with its tenant; or it is not the text that was sealed there.
        """
        version = sealed_under(sealed)
        for fresh in (False, True):
            for key in self.keys(tenant, fresh=fresh):
                if key.version == version:
                    return key.open(sealed, bound_to)
        if not self.keys(tenant):
            raise TenantGone("a record is left of a tenant whose keys were deleted: nobody can read it")
        raise KeyGone("a record is sealed under a key that was retired, or deleted with its tenant: nobody can read it")

    def _add(self, tenant: str, version: int) -> TenantKey:
        _, wrapped = self._data_keys().generate(tenant)
        # Whoever stored this version first, theirs is the key.
        self._people.add_tenant_key(tenant, WrappedKey(version, wrapped))
        return self.keys(tenant, fresh=True)[0]


def sealed_under(sealed: str) -> int:
    """The version of the key that a text is sealed under; 0 for what is not sealed."""
    version = sealed.partition(".")[0]
    return int(version) if version.isdecimal() else 0
