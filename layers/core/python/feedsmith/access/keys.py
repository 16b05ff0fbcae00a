"""API keys: ``fs_{id}_{secret}``.

The id is public and finds the record; the secret is 256 random bits. Its SHA-256 is all that is stored: a slow hash
guards passwords that can be guessed, and there is no list of likely secrets here to go through.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from feedsmith.access.base import Admitted
from feedsmith.errors import Unauthorized
from feedsmith.models import ApiKey, Caller, utcnow
from feedsmith.stores.ledger import Ledger

PREFIX = "fs_"
_FORM = re.compile(r"fs_([a-z2-7]{20})_([A-Za-z0-9_-]{43})", re.ASCII)
_NOBODY = ApiKey(id="a" * 20, tenant="nobody", secret_hash="0" * 64, created_at=datetime.min.replace(tzinfo=UTC))


def new_key() -> str:
    """A fresh key's text."""
    key_id = base64.b32encode(secrets.token_bytes(12)).decode().lower().rstrip("=")
    return f"{PREFIX}{key_id}_{secrets.token_urlsafe(32)}"


def split(text: str) -> tuple[str, str] | None:
    """Id and SHA-256 (hex) of the secret of a key's text; None: it is no key."""
    found = _FORM.fullmatch(text)
    return None if found is None else (found[1], hashlib.sha256(found[2].encode()).hexdigest())


class KeyRing:
    """Lets the holders of API keys in."""

    def __init__(self, ledger: Ledger, clock: Callable[[], datetime] = utcnow) -> None:
        self._ledger = ledger
        self._clock = clock

    def admit(self, text: str) -> Admitted:
        """Who holds this key.

        Raises
        ------
        Unauthorized
            Nobody does, or not any more; which of these, neither the message nor the time tells.
        """
        parts = split(text)
        if parts is None:
            raise Unauthorized
        key_id, secret_hash = parts
        # An unknown key is compared as well, with what no secret hashes to.
        key = self._ledger.key(key_id) or _NOBODY
        known = secrets.compare_digest(key.secret_hash, secret_hash)
        if not (known and key.valid_at(self._clock())):
            raise Unauthorized
        return Admitted(Caller(tenant=key.tenant, role=key.role, subject=key.id, scopes=key.scopes), key.id)
