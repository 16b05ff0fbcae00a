"""Keys and issuers as the ledger keeps them, and a fixed key for local stacks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from feedsmith.models import ApiKey, Issuer

LOCAL_KEY = f"fs_{'l' * 20}_{'Local-key_for_tests-only'.ljust(43, 'x')}"
"""A well-formed key for FEEDSMITH_LOCAL_KEY."""


def api_key(letter: str, tenant: str, **more: Any) -> ApiKey:
    """A key whose id is ``letter`` twenty times; nobody knows its secret."""
    fields: dict[str, Any] = {
        "scopes": frozenset({"items:write", "recommend:read"}),
        "label": "shop",
        "secret_hash": "0" * 64,
        "created_at": datetime(2026, 3, 1, 12, tzinfo=UTC),
    }
    return ApiKey(id=letter * 20, tenant=tenant, **fields | more)


def issuer(url: str, tenant: str, **more: Any) -> Issuer:
    """An issuer that publishes its keys below its url."""
    fields: dict[str, Any] = {"audiences": ("feedsmith",), "jwks_uri": f"{url}/jwks.json"}
    return Issuer(url=url, tenant=tenant, **fields | more)
