"""Written texts, kept until something they depend on changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from feedsmith.models import Rendition, TextKind
from feedsmith.stores.base import Ledger


@dataclass(frozen=True, slots=True)
class TextKey:
    """All that a text depends on.

    Not the profile: a shift of taste does not rewrite what was written, another ground does. ``items`` are (id,
    content hash) in order; ``audience`` is its kind, its key and, for a segment, the hash of what its readers like.
    """

    tenant: str
    items: tuple[tuple[str, str], ...]
    kind: TextKind
    audience: tuple[str, str, str]
    language: str | None
    prompt_version: str
    writer: str
    ground: tuple[str, str] | None

    @property
    def digest(self) -> str:
        """SHA-256 over the fields, in hex."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    @property
    def user(self) -> str | None:
        """The user under whose key the text lies; None for shared ones."""
        kind, key, _ = self.audience
        return key if kind == "person" else None


class TextCache:
    """Renditions in the ledger."""

    def __init__(self, ledger: Ledger, ttl_s: int, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._ttl = timedelta(seconds=ttl_s)
        self._clock = clock

    def get(self, key: TextKey) -> Rendition | None:
        """The rendition, marked as cached; None when absent, expired, or written by a version with other fields."""
        stored = self._ledger.cached_text(key.tenant, key.digest, user=key.user)
        if stored is None:
            return None
        try:
            return Rendition.model_validate_json(stored).model_copy(update={"cached": True})
        except ValidationError:
            return None

    def put(self, key: TextKey, rendition: Rendition) -> None:
        """Keep a rendition."""
        self._ledger.cache_text(
            key.tenant, key.digest, rendition.model_dump_json(), expires_at=self._clock() + self._ttl, user=key.user
        )
