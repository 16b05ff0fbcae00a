"""Who does what in a chaos run, and in which disorder it is posted."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from feedsmith.models import Event, EventType, IndexedItem, Item, Topic, Understanding
from feedsmith.stores.vectors import Vector
from feedsmith_local.chaos.faults import Faults

TENANT: Final = "chaos"
DOMAIN: Final = "news"
DIMENSION: Final = 32
SESSION: Final = 10
SITTING: Final = 25
TOGETHER: Final = 3
DAYS: Final = 20.0
KINDS: Final[dict[EventType, int]] = {
    "impression": 35, "click": 20, "view": 15, "like": 10, "rate": 6, "save": 5, "watch": 4, "dislike": 3, "dismiss": 2,
}  # fmt: skip

Post = list[Event]


@dataclass(frozen=True, slots=True)
class World:
    """Items with their vectors, and the events of all users; ``poison``: ids that arrive in a form nobody can read.

    ``damaged``: those of them whose image the stream damages; the others lie so in the ledger.
    """

    items: list[tuple[IndexedItem, Vector]]
    events: list[Event]
    damaged: frozenset[str]
    strange: frozenset[str]

    @property
    def poison(self) -> frozenset[str]:
        """Both kinds."""
        return self.damaged | self.strange


def make_world(seed: int, events: int, users: int, items: int, now: datetime, poison_rate: float) -> World:
    """The same for the same arguments."""
    chance = random.Random(f"{seed} world")  # noqa: S311 - a seeded experiment
    happened = [_event(chance, number, users, items, now) for number in range(events)]
    spoilt = chance.sample(happened, round(events * poison_rate))
    ids = [str(event.event_id) for event in spoilt]
    return World(list(_items(seed, items, now)), happened, frozenset(ids[::2]), frozenset(ids[1::2]))


def make_posts(world: World, faults: Faults) -> tuple[list[Post], list[Post]]:
    """Requests in the order in which they are made, and those of events that were held back, for the end.

    A session's events are posted together; some sessions are late, some shuffled, some are posted twice.
    """
    chance = random.Random(f"{faults.seed} posts")  # noqa: S311 - a seeded experiment
    sessions: dict[str, list[Event]] = {}
    posts, held = [], []
    for event in world.events:
        if chance.random() < 0.02:
            held.append(event)
            continue
        session = sessions.setdefault(event.user_id, [])
        session.append(event)
        if len(session) == SESSION:
            posts.append(sessions.pop(event.user_id))
    posts += sessions.values()
    faults.count("delay", len(held))
    for index, post in enumerate(posts):
        if chance.random() < 0.05:
            chance.shuffle(post)
            other = chance.randrange(len(posts))
            posts[index], posts[other] = posts[other], post
            faults.count("reordering", len(post))
    for post in chance.sample(posts, len(posts) // 30):
        posts.insert(chance.randrange(len(posts)), post)
        faults.count("duplicates", len(post))
    return posts, [held[start : start + SESSION] for start in range(0, len(held), SESSION)]


def post_body(post: Post) -> dict[str, Any]:
    """The body of POST /v1/events."""
    return {"events": [event.model_dump(mode="json", exclude_none=True) for event in post]}


def _event(chance: random.Random, number: int, users: int, items: int, now: datetime) -> Event:
    kind = chance.choices(list(KINDS), list(KINDS.values()))[0]
    value = {"rate": chance.uniform(0, 5), "watch": chance.random()}.get(kind)
    return Event(
        # A few users at a time, each of whom comes again later.
        user_id=f"user-{(number // (SITTING * TOGETHER) * TOGETHER + chance.randrange(TOGETHER)) % users}",
        item_id=f"item-{min(int(chance.paretovariate(0.7)) - 1, chance.randrange(items))}",
        type=kind,
        at=now - timedelta(days=DAYS * chance.random()),
        event_id=f"e{number}",
        value=None if value is None else round(value, 3),
        position=chance.randrange(20) if kind == "impression" else None,
    )


def _items(seed: int, number: int, now: datetime) -> Iterator[tuple[IndexedItem, Vector]]:
    vectors = np.random.default_rng(seed).normal(size=(number, DIMENSION)).astype(np.float32)
    for index, vector in enumerate(vectors):
        item = Item(id=f"item-{index}", domain=DOMAIN, title=f"Item {index}")
        understanding = Understanding(language="en", topics=(Topic(name=f"topic-{index % 7}", score=0.5),))
        indexed = IndexedItem(item=item, content_hash=item.content_hash, understanding=understanding, indexed_at=now)
        yield indexed, vector / np.linalg.norm(vector)
