"""User ids become pseudonyms before anything is stored."""

from __future__ import annotations

import base64
import hashlib
import hmac


class Pseudonymizer:
    """HMAC-SHA-256 of (tenant, user id) under a secret key, first 160 bits in base 32.

    The same user has unrelated pseudonyms in two tenants. Without the key a pseudonym can neither be reversed nor
    tried out from a list of ids (NIST SP 800-188, 4.3.2).
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("the pseudonym key needs at least 16 bytes")
        self._key = key

    def __call__(self, tenant: str, user_id: str) -> str:
        """Lower-case letters and digits, 32 characters."""
        digest = hmac.digest(self._key, f"{tenant}\0{user_id}".encode(), hashlib.sha256)
        return base64.b32encode(digest[:20]).decode().lower()
