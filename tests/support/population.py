"""Readers with a planted taste: they click what is about their own subject, and of that what is longest out.

The fixed ranker knows the first half of it, and has the second the wrong way round.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from feedsmith.bootstrap import Services
from feedsmith.models import Event, Item

SUBJECTS = (
    "football goal league striker",
    "election senate vote party",
    "galaxy star orbit comet",
    "recipe oven flour butter",
)


def publish(services: Services, tenant: str, now: datetime, *, per_subject: int = 15, seed: int = 0) -> list[Item]:
    """Items about one subject each, published at random in the two days before the readers came."""
    rng = np.random.default_rng(seed)
    items = [
        Item(
            id=f"s{subject}-{number}",
            domain="news",
            title=" ".join(rng.permutation(words.split())[:3]),
            published_at=now - timedelta(days=float(rng.uniform(4.2, 6))),
        )
        for subject, words in enumerate(SUBJECTS)
        for number in range(per_subject)
    ]
    services.content.index(tenant, items)
    return items


def read(
    services: Services, tenant: str, items: list[Item], now: datetime, *,
    readers: int = 40, slates: int = 15, places: int = 8, seed: int = 0,
) -> None:  # fmt: skip
    """Show each reader random slates over the last days, one click each: after their taste nine times in ten."""
    rng = np.random.default_rng(seed)
    total = readers * slates
    for number in range(total):
        user, subject = f"reader-{number % readers}", f"s{number % readers % len(SUBJECTS)}-"
        at = now - timedelta(minutes=10 * (total - number))
        shown = [items[row] for row in rng.choice(len(items), places, replace=False)]
        own = [item for item in shown if item.id.startswith(subject)]
        liked = min(own, key=_published) if own and rng.random() < 0.9 else shown[int(rng.integers(places))]
        told = {"user_id": user, "slate_id": f"slate-{number}", "model_version": "random"}
        for place, item in enumerate(shown):
            event = Event(type="impression", item_id=item.id, position=place, at=at, propensity=1.0, **told)
            services.ledger.append(tenant, user, event)
        click = Event(type="click", item_id=liked.id, at=at + timedelta(seconds=30), **told)
        services.ledger.append(tenant, user, click)


def _published(item: Item) -> datetime:
    assert item.published_at is not None
    return item.published_at
