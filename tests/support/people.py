"""A small domain, items in few dimensions, and what people do with them: numbers that can be worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from feedsmith.domains.loader import Domain, DomainSet
from feedsmith.models import Event, EventType, IndexedItem, Item, Topic, Understanding
from feedsmith.stores import codec
from feedsmith.stores.vectors import Vector, VectorStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TENANT = "acme"


def make_domain(name: str = "news", **changes: Any) -> Domain:
    """History half-life one day, trend half-life one hour; powers of two for weights."""
    text = {"en": name.title(), "zh": name}
    weights = dict.fromkeys(
        ["taste", "interest", "topics", "similar_users", "segment", "popularity", "freshness", "query"], 1.0
    )
    return Domain.model_validate(
        {
            "name": name,
            "label": text,
            "kinds": ["summary"],
            "history_half_life_days": 1,
            "trend_half_life_hours": 1,
            "freshness_half_life_hours": 1,
            "event_weights": {
                "click": 1, "view": 0.5, "like": 2, "save": 1, "rate": 2, "purchase": 4, "watch": 1,
                "dislike": -2, "dismiss": -1,
            },
            "taxonomy": {
                "sport": {"label": text, "examples": ["sport"]},
                "health": {"label": text, "examples": ["health"], "sensitive": True},
            },
            "weights": {**weights, "disliked": -1},
            "reranking": {"mmr": 1, "max_per_provider": 10},
            **changes,
        }
    )  # fmt: skip


DOMAINS = DomainSet({"news": make_domain("news"), "shop": make_domain("shop", trend_half_life_hours=2)})


def make_item(
    item_id: str,
    *,
    domain: str = "news",
    topics: dict[str, float] | None = None,
    keywords: Sequence[str] = (),
) -> IndexedItem:
    item = Item(id=item_id, domain=domain, title=f"Title of {item_id}")
    understanding = Understanding(
        language="en",
        topics=tuple(Topic(name=name, score=score) for name, score in (topics or {}).items()),
        keywords=tuple(keywords),
    )
    return IndexedItem(item=item, content_hash=item.content_hash, understanding=understanding, indexed_at=NOON)


def unit(*coordinates: float) -> Vector:
    vector = np.array(coordinates, dtype=np.float32)
    return vector / np.linalg.norm(vector)


def make_event(
    kind: EventType,
    item_id: str,
    *,
    days: float = 0.0,
    seconds: float = 0.0,
    value: float | None = None,
    event_id: str | None = None,
) -> Event:
    """An event so long before noon."""
    at = NOON - timedelta(days=days, seconds=seconds)
    return Event(user_id="u", item_id=item_id, type=kind, at=at, value=value, event_id=event_id)


def put_item(vectors: VectorStore, indexed: IndexedItem, *coordinates: float, tenant: str = TENANT) -> None:
    vectors.upsert(tenant, "items", [codec.item_point(indexed, unit(*coordinates))])
