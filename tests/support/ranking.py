"""A small catalogue with readers, for tests of the ranking: 3-D vectors, one domain, everything in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from feedsmith.content.base import Embedder, Matrix
from feedsmith.domains import load_domains
from feedsmith.domains.loader import Domain
from feedsmith.models import (
    HistoryItem,
    IndexedItem,
    Interest,
    Item,
    ItemActivity,
    ItemStats,
    Profile,
    Segment,
    Topic,
    Understanding,
)
from feedsmith.ranking.service import RankingService
from feedsmith.stores.codec import item_point, profile_key, profile_of, profile_point
from support.decisions import Decided
from support.vectors import MemoryVectors

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TENANT = "acme"
X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def log2_mass(mass: float, domain: Domain) -> float:
    """The stored ``trend`` of an item whose decayed mass at ``NOW`` is ``mass``."""
    return float(np.log2(mass)) + NOW.timestamp() / (domain.trend_half_life_hours * 3600)


def interest(vector: Sequence[float], newest: str, title: str = "An older title") -> Interest:
    """An interest named after its newest item."""
    return Interest(label="any", weight=1.0, newest_item_id=newest, newest_title=title, vector=tuple(vector))


class Axes(Embedder):
    """Embeds the words x, y and z as the three axes."""

    name = "axes@1"
    dimension = 3

    def passages(self, texts: Sequence[str]) -> Matrix:
        return np.array([{"x": X, "y": Y, "z": Z}[text] for text in texts], dtype=np.float32)

    queries = passages


class Catalogue:
    """Items, users and segments of one domain; profiles and the segment are what was put in."""

    def __init__(self, domain: str = "news") -> None:
        self.domain = load_domains()[domain]
        self.vectors = MemoryVectors(dimension=3)
        self.segment: Segment | None = None
        self.embedders_made = 0
        self.decided = Decided()
        self.ranking = RankingService(
            vectors=self.vectors,
            profiles=self,
            segments=self,
            embedder=self._embedder,
            domains=load_domains(),
            decisions=self.decided,
            clock=lambda: NOW,
        )

    def _embedder(self) -> Embedder:
        self.embedders_made += 1
        return Axes()

    def load(self, tenant: str, user: str, domain: str) -> Profile | None:
        key = profile_key(user, domain)
        hit = self.vectors.retrieve(tenant, "users", [key], with_vectors=True).get(key)
        return None if hit is None else profile_of(hit)

    def nearest(self, tenant: str, domain: str, taste: Sequence[float]) -> Segment | None:
        return self.segment

    def item(
        self,
        key: str,
        vector: Sequence[float] = X,
        *,
        topics: dict[str, float] | None = None,
        age_hours: float = 0.0,
        mass: float | None = None,
        clicks: int = 0,
        shown: int = 0,
        expires_in_hours: float | None = None,
        provider: str | None = None,
        categories: tuple[str, ...] = (),
        title: str | None = None,
        domain: str | None = None,
        tenant: str = TENANT,
    ) -> None:
        item = Item(
            id=key,
            domain=domain or self.domain.name,
            title=title or f"Title of {key}",
            provider=provider,
            categories=categories,
            published_at=NOW - timedelta(hours=age_hours),
            expires_at=None if expires_in_hours is None else NOW + timedelta(hours=expires_in_hours),
        )
        understanding = Understanding(
            language="en", topics=tuple(Topic(name=n, score=s) for n, s in (topics or {}).items())
        )
        stats = ItemStats(
            activity=ItemActivity(clicks=clicks, shown=shown),
            trend=None if mass is None else log2_mass(mass, self.domain),
        )
        indexed = IndexedItem(
            item=item, content_hash=item.content_hash, understanding=understanding, stats=stats, indexed_at=NOW
        )
        self.vectors.upsert(tenant, "items", [item_point(indexed, np.asarray(vector, dtype=np.float32))])

    def user(
        self,
        user: str,
        taste: Sequence[float] = (),
        *,
        liked: dict[str, float] | None = None,
        interests: tuple[Interest, ...] = (),
        topics: dict[str, float] | None = None,
        consumed: tuple[str, ...] = (),
        disliked: tuple[str, ...] = (),
        history: Mapping[str, Sequence[float]] | None = None,
    ) -> Profile:
        """``history``: the newest liked items' vectors, newest first."""
        profile = Profile(
            user=user,
            domain=self.domain.name,
            revision=1,
            interactions=len(consumed) + len(disliked),
            taste=tuple(taste),
            interests=interests,
            topics=topics or {},
            liked=liked or {},
            history=tuple(HistoryItem(item_id=key, weight=1.0) for key in history or {}),
            history_vectors=np.array([*(history or {}).values()], dtype=np.float16).tobytes(),
            consumed=consumed,
            disliked=disliked,
            updated_at=NOW,
        )
        self.vectors.upsert(TENANT, "users", [profile_point(profile, 3)])
        return profile

    def segment_of(self, *, liked: dict[str, float], topics: dict[str, float] | None = None) -> None:
        self.segment = Segment(
            id="s1", domain=self.domain.name, label="any", size=9, share=0.5,
            topics=topics or {}, liked=liked, computed_at=NOW,
        )  # fmt: skip
