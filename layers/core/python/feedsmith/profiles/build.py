"""From interactions to a profile: a pure function of the set of events."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

import numpy as np

from feedsmith.domains.loader import Domain
from feedsmith.models import Event, EventType, HistoryItem, IndexedItem, Profile
from feedsmith.profiles.interests import MIN_SIMILARITY, LikedItem, find_interests
from feedsmith.profiles.tags import HEED_ALL, Unheeded
from feedsmith.stores.vectors import Vector

MAX_LIKED = 30
MAX_HISTORY = 50
MAX_CONSUMED = 300
MAX_DISLIKED = 100
MAX_MISSING = 100
MAX_HALF_LIVES = 100.0  # beyond it nothing is felt, and squares of weights would underflow

# What a user says of an item; the newest word replaces the earlier ones.
OPINIONS: frozenset[EventType] = frozenset({"like", "dislike", "dismiss", "rate"})
REFUSALS: frozenset[EventType] = frozenset({"dislike", "dismiss"})
# After these the user knows the item. What was put aside for later (save, add_to_cart) is still to come.
CONSUMING: frozenset[EventType] = frozenset(
    {"click", "view", "like", "share", "rate", "purchase", "enroll", "complete", "watch"}
)

KnownItems: TypeAlias = Mapping[str, tuple[IndexedItem, Vector]]


def build_profile(
    user: str,
    domain: Domain,
    events: Iterable[Event],
    items: KnownItems,
    *,
    revision: int,
    now: datetime,
    min_similarity: float = MIN_SIMILARITY,
    unheeded: Unheeded = HEED_ALL,
) -> Profile:
    """Compute a user's profile in one domain.

    The answer depends on the set of events and on the items alone: not on the order or the repetition of the events,
    nor, save for ``updated_at``, on the time. Interactions lose half their weight per
    ``domain.history_half_life_days``; their age is counted from the newest of them, because a common factor changes
    neither a direction nor a share.

    An item's weight is the sum over its events, of which the newest per type counts, so that ten views of one item
    are no ten items. A newer opinion (like, dislike, dismiss, rate) replaces the earlier one, and one against the item
    everything before it: who bought it and then disliked it does not want more of it.

    Parameters
    ----------
    user
        Pseudonym.
    events
        The user's interactions in any domain; impressions and items of other domains are passed over.
    items
        Item id -> the item and its unit vector, for all items of ``events`` that are known.
    revision, now
        Recorded in the profile.
    min_similarity
        See :func:`feedsmith.profiles.interests.min_similarity_of`.
    unheeded
        What the user wants to count for nothing: such items speak for nothing, and such topics are not named.

    Returns
    -------
    Profile
        ``taste`` is unit length, float32 values; empty where likes and dislikes cancel or there are none. With
        dislikes alone it points away from them. ``liked`` is relative to the heaviest item in it.
    """
    history = _canonical(events)
    known = [e for e in history if e.item_id in items and items[e.item_id][0].item.domain == domain.name]
    telling = _telling(domain, known)
    weights = _weights(domain, telling)
    positive = _positive(weights, items, unheeded)
    counted = {item.indexed.item.id for item in positive}
    liked = positive[:MAX_LIKED]
    heaviest = max((item.weight for item in liked), default=1.0)
    return Profile(
        user=user,
        domain=domain.name,
        revision=revision,
        interactions=len(known),
        taste=_taste([(items[i][1], weight) for i, weight in weights.items() if weight < 0 or i in counted]),
        interests=find_interests(positive, min_similarity=min_similarity),
        topics=_topic_shares(positive),
        liked={item.indexed.item.id: item.weight / heaviest for item in liked},
        history=tuple(map(_described, positive[:MAX_HISTORY])),
        history_vectors=b"".join(item.vector.astype(np.float16).tobytes() for item in positive[:MAX_HISTORY]),
        consumed=_newest_ids([e for e in known if e.type in CONSUMING], MAX_CONSUMED),
        disliked=tuple(
            item_id
            for item_id, weight in weights.items()
            if weight < 0 or (weight == 0 and not REFUSALS.isdisjoint(telling[item_id]))
        )[:MAX_DISLIKED],
        missing=_newest_ids([e for e in history if e.item_id not in items], MAX_MISSING),
        updated_at=now,
    )


def decayed_weights(domain: Domain, events: Iterable[Event]) -> dict[str, float]:
    """Item id -> weight as :func:`build_profile` counts it, the item touched last first.

    ``events`` are a user's interactions with known items of the domain, in any order.
    """
    return _weights(domain, _telling(domain, _canonical(events)))


def positive_history(
    domain: Domain, events: Iterable[Event], items: KnownItems, *, unheeded: Unheeded = HEED_ALL
) -> list[LikedItem]:
    """The items that speak for an interest in the domain, newest first, as :func:`build_profile` counts them."""
    known = [e for e in events if e.item_id in items and items[e.item_id][0].item.domain == domain.name]
    return _positive(decayed_weights(domain, known), items, unheeded)


def _positive(weights: Mapping[str, float], items: KnownItems, unheeded: Unheeded) -> list[LikedItem]:
    liked = (LikedItem(*items[item_id], weight) for item_id, weight in weights.items() if weight > 0)
    return [
        replace(item, indexed=unheeded.stripped(item.indexed)) for item in liked if not unheeded.covers(item.indexed)
    ]


def _canonical(events: Iterable[Event]) -> list[Event]:
    """Interactions without repetitions, oldest first: the one order in which floats are summed."""
    dated = sorted((e.at, e.identity, e.model_dump_json(), e) for e in events if e.type != "impression")
    unique: dict[str, Event] = {}
    for _, identity, _, event in dated:
        unique.setdefault(identity, event)
    return list(unique.values())


def _telling(domain: Domain, events: Sequence[Event]) -> dict[str, dict[EventType, Event]]:
    """Item id -> type -> the event that counts; the item touched last is last."""
    telling: dict[str, dict[EventType, Event]] = {}
    for event in events:
        kept = telling.pop(event.item_id, {})
        if event.type in OPINIONS:
            against = domain.weight(event.type, event.value) < 0
            kept = {} if against else {kind: e for kind, e in kept.items() if kind not in OPINIONS}
        telling[event.item_id] = {**kept, event.type: event}
    return telling


def _weights(domain: Domain, telling: dict[str, dict[EventType, Event]]) -> dict[str, float]:
    """Item id -> decayed weight, newest item first."""
    if not telling:
        return {}
    newest = max(event.at for kept in telling.values() for event in kept.values())
    half_life = domain.history_half_life_days * 86_400.0

    def decayed(event: Event) -> float:
        half_lives = min((newest - event.at).total_seconds() / half_life, MAX_HALF_LIVES)
        return domain.weight(event.type, event.value) * math.pow(2.0, -half_lives)

    return {item_id: sum(decayed(e) for e in telling[item_id].values()) for item_id in reversed(telling)}


def _taste(weighted: Sequence[tuple[Vector, float]]) -> tuple[float, ...]:
    if not weighted:
        return ()
    weights = np.array([weight for _, weight in weighted])
    taste = (weights[:, None] * np.stack([vector for vector, _ in weighted])).sum(axis=0)
    length = np.linalg.norm(taste)
    if length <= 1e-6 * np.abs(weights).sum():  # what float32 vectors leave where likes and dislikes cancel
        return ()
    return tuple(map(float, (taste / length).astype(np.float32)))


def _described(item: LikedItem) -> HistoryItem:
    topics = {topic.name: topic.score for topic in item.indexed.understanding.topics}
    return HistoryItem(item_id=item.indexed.item.id, weight=item.weight, topics=topics)


def _topic_shares(positive: Sequence[LikedItem]) -> dict[str, float]:
    mass: dict[str, float] = defaultdict(float)
    for item in positive:
        for topic in item.indexed.understanding.topics:
            mass[topic.name] += item.weight * topic.score
    total = sum(mass.values())
    return {name: part / total for name, part in mass.items()} if total > 0 else {}


def _newest_ids(events: Sequence[Event], limit: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(e.item_id for e in reversed(events)))[:limit]
