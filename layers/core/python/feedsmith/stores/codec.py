"""How items, profiles and segments lie in the vector store.

Payload fields that queries filter or order by, and those that ranking reads, stand at the top level; the model itself
is one field beside them, so that a request for hundreds of candidates need not bring their bodies.
"""

from __future__ import annotations

import base64
import math

import numpy as np

from feedsmith.models import NO_ACTIVITY, IndexedItem, ItemStats, Profile, Segment
from feedsmith.stores.vectors import Hit, Payload, Point, Vector

# (field, kind) of all payload indexes: what `Filter` and `order_by` may name.
INDEXED_FIELDS: tuple[tuple[str, str], ...] = (
    ("domain", "keyword"),
    ("language", "keyword"),
    ("topics", "keyword"),
    ("categories", "keyword"),
    ("provider", "keyword"),
    ("cold", "keyword"),
    ("fresh", "float"),
    ("expires", "float"),
    ("trend", "float"),
)


# What ranking reads of a candidate.
CANDIDATE_FIELDS: tuple[str, ...] = (
    "domain", "categories", "provider", "fresh", "expires", "trend", "activity", "scores", "title", "url",
    "published",
)  # fmt: skip
# What ranking reads of a similar user.
NEIGHBOUR_FIELDS: tuple[str, ...] = ("liked",)
# What clustering reads of a user.
MEMBER_FIELDS: tuple[str, ...] = ("cold", "liked", "profile", "interest_vectors")


def item_point(indexed: IndexedItem, vector: Vector) -> Point:
    """An item under its own id.

    ``fresh`` and ``expires`` are unix seconds, ``scores`` topic -> score.
    """
    item, understanding = indexed.item, indexed.understanding
    payload: Payload = {
        "domain": item.domain,
        "language": understanding.language,
        "topics": [topic.name for topic in understanding.topics],
        "categories": list(item.categories),
        "provider": item.provider,
        "title": item.title,
        "url": item.url,
        "published": item.published_at.isoformat() if item.published_at else None,
        "scores": {topic.name: topic.score for topic in understanding.topics},
        "fresh": (item.published_at or indexed.indexed_at).timestamp(),
        "indexed": indexed.model_dump(mode="json", exclude={"stats"}),
        **stats_payload(indexed.stats),
    }
    if item.expires_at is not None:
        payload["expires"] = item.expires_at.timestamp()
    return Point(item.id, vector, payload)


def stats_payload(stats: ItemStats) -> Payload:
    """An item's counters as its payload shows them; ``activity`` is the list of ``ItemActivity``'s fields."""
    payload: Payload = {"stats": stats.model_dump(mode="json"), "activity": list(stats.activity)}
    return payload if stats.trend is None else {**payload, "trend": stats.trend}


def item_of(hit: Hit) -> IndexedItem:
    """The item of a hit in ``items``."""
    activity = hit.payload.get("activity", NO_ACTIVITY)  # absent from what was stored by earlier versions
    return IndexedItem.model_validate(
        {**hit.payload["indexed"], "stats": {**hit.payload["stats"], "activity": activity}}
    )


def profile_key(user: str, domain: str) -> str:
    """Key of a user's point in one domain."""
    return f"{domain}:{user}"


def profile_point(profile: Profile, dimension: int) -> Point:
    """A profile under ``domain:user``; one without a taste gets a placeholder vector and is marked ``cold``.

    Vectors of interests and history are in base64, row after row, float32 and float16: the points of similar users
    are read at each request, and thousands of numbers in JSON would take most of its time.
    """
    cold = not profile.taste
    vector = np.full(dimension, 1 / math.sqrt(dimension)) if cold else np.asarray(profile.taste)
    interests = np.array([interest.vector for interest in profile.interests], dtype=np.float32)
    payload = {
        "domain": profile.domain,
        "revision": profile.revision,
        "cold": "yes" if cold else "no",
        "liked": profile.liked,
        "interest_vectors": base64.b64encode(interests.tobytes()).decode(),
        "history_vectors": base64.b64encode(profile.history_vectors).decode(),
        "profile": profile.model_dump(
            mode="json", exclude={"taste": True, "liked": True, "interests": {"__all__": {"vector"}}}
        ),
    }
    return Point(profile_key(profile.user, profile.domain), vector.astype(np.float32), payload)


def profile_of(hit: Hit) -> Profile:
    """The profile of a hit in ``users``.

    Its taste is there only when the hit brings its vector, and its ``history_vectors`` when it brings that field.
    """
    payload = hit.payload
    profile: Payload = {**payload["profile"], "liked": payload["liked"]}
    if hit.vector is not None and payload["cold"] == "no":
        profile["taste"] = hit.vector.tolist()
    if "interest_vectors" in payload and profile["interests"]:  # earlier versions left them where they were
        vectors = np.frombuffer(base64.b64decode(payload["interest_vectors"]), dtype=np.float32)
        rows = vectors.reshape(len(profile["interests"]), -1).tolist()
        profile["interests"] = [one | {"vector": row} for one, row in zip(profile["interests"], rows, strict=True)]
    profile["history_vectors"] = base64.b64decode(payload.get("history_vectors", ""))
    return Profile.model_validate(profile)


def segment_point(segment: Segment) -> Point:
    """A segment under ``domain:id``, at its centroid."""
    payload = {"domain": segment.domain, "segment": segment.model_dump(mode="json", exclude={"centroid"})}
    return Point(f"{segment.domain}:{segment.id}", np.asarray(segment.centroid, dtype=np.float32), payload)


def segment_of(hit: Hit) -> Segment:
    """The segment of a hit in ``segments``; its centroid is there only when the hit brings its vector."""
    centroid = tuple(map(float, hit.vector)) if hit.vector is not None else ()
    return Segment.model_validate({**hit.payload["segment"], "centroid": centroid})


def history_rows(profile: Profile) -> list[list[float]]:
    """The vectors of a profile's history as numbers, newest first."""
    vectors = np.frombuffer(profile.history_vectors, dtype=np.float16)
    rows: list[list[float]] = vectors.reshape(len(profile.history), -1).tolist() if profile.history else []
    return rows
