"""Written texts and the drafts behind them, kept until something they depend on changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from feedsmith.models import Rendition, TextKind
from feedsmith.writing.composer import Gated

_GATED = TypeAdapter(Gated)


@dataclass(frozen=True, slots=True)
class TextKey:
    """All that a text, or the drafts of a text, depend on.

    Not the profile: a shift of taste does not rewrite what was written, another ground does. ``items`` are (id,
    content hash) in order; ``audience`` is its kind, its key and, for a segment, the hash of what its readers like.
    Drafts that many readers share have the audience ``("shared", "", focus)``: all that their prompt says of readers.
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


class Texts(Protocol):
    """Where texts are kept; a ledger does."""

    def cached_text(self, tenant: str, key: str, *, user: str | None) -> str | None:
        """As :meth:`feedsmith.stores.ledger.Ledger.cached_text`."""

    def cache_text(self, tenant: str, key: str, text: str, *, expires_at: datetime, user: str | None) -> None:
        """As :meth:`feedsmith.stores.ledger.Ledger.cache_text`."""


class TextCache:
    """Renditions and drafts in the ledger."""

    def __init__(self, ledger: Texts, ttl_s: int, clock: Callable[[], datetime]) -> None:
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
        self._keep(key, rendition.model_dump_json())

    def drafts(self, key: TextKey) -> Gated | None:
        """The judged drafts of a text; None as for :meth:`get`."""
        stored = self._ledger.cached_text(key.tenant, key.digest, user=key.user)
        try:
            return _GATED.validate_json(stored) if stored is not None else None
        except ValidationError:
            return None

    def put_drafts(self, key: TextKey, gated: Gated) -> None:
        """Keep judged drafts."""
        self._keep(key, _GATED.dump_json(gated).decode())

    def _keep(self, key: TextKey, text: str) -> None:
        self._ledger.cache_text(key.tenant, key.digest, text, expires_at=self._clock() + self._ttl, user=key.user)
