"""Candidate generation: the few hundred items that are worth scoring for one reader, and the evidence about them.

Round trips to the vector store, whatever the reader: similar users, their segment, the items these point to, and one
batch of item queries.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal, Protocol

import numpy as np

from feedsmith.domains.loader import Domain
from feedsmith.models import Profile, Segment
from feedsmith.stores.codec import CANDIDATE_FIELDS, NEIGHBOUR_FIELDS, profile_key
from feedsmith.stores.vectors import Filter, Hit, Payload, Query, Vector, VectorStore

# Lengths of the lists; together they bring about two hundred different items to a reader with interests.
_PER_INTEREST = 20
_PER_LIST = 30
_SOCIAL = 30
_DISLIKED = 10
_NAMED = 10
SIMILAR_USERS = 30
TRENDING = 100
"""Trending items that are evidence for what resembles them, whether or not they are candidates."""

Source = Literal["interest", "query", "trending", "fresh", "social"]


class Segments(Protocol):
    """Finds the segment of a taste."""

    def nearest(self, tenant: str, domain: str, taste: Sequence[float], /) -> Segment | None:
        """The segment with the nearest centroid; None before there are any."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for.

    ``limit``: places to fill; ``query``: vector of the search text; ``categories`` empty: any; ``exclude``: ids of
    items not to show; ``unwanted``: topics and categories of which no item is shown.
    """

    domain: Domain
    now: datetime
    limit: int = 10
    query: Vector | None = None
    categories: Sequence[str] = ()
    exclude: Sequence[str] = ()
    unwanted: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A similar user. ``similarity``: cosine in (0, 1]; ``liked``: item -> weight relative to the heaviest, (0, 1]."""

    similarity: float
    liked: Mapping[str, float]


@dataclass(frozen=True)
class Reader:
    """What is known of the one who asks; all of it may be empty.

    ``social`` are the items that similar users and the segment liked most. ``items`` holds these points, and those of
    the newest disliked items, of the newest liked items and of the newest item of each interest; those that are gone
    are absent.
    """

    profile: Profile | None = None
    neighbours: tuple[Neighbour, ...] = ()
    segment: Segment | None = None
    social: tuple[str, ...] = ()
    items: Mapping[str, Hit] = field(default_factory=dict)

    @property
    def basis(self) -> Literal["personal", "general"]:
        """Personal from the first interaction in favour of anything; dislikes alone show no direction to look in."""
        return "personal" if self.profile is not None and _has_taste(self.profile) else "general"

    @cached_property
    def disliked(self) -> list[Hit]:
        """The newest disliked items that are still there."""
        newest = self.profile.disliked[:_DISLIKED] if self.profile is not None else ()
        return [self.items[key] for key in newest if key in self.items]

    @cached_property
    def liked(self) -> list[Hit]:
        """The newest liked items, and the newest of each interest, that are still there; newest first."""
        keys = _named(self.profile) if self.profile is not None else ()
        return [self.items[key] for key in keys if key in self.items]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item to score, and the lists that brought it."""

    key: str
    vector: Vector
    payload: Payload
    sources: frozenset[Source] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """Different items, all of them fit to be shown, possibly few or none; and the items that trend in the domain."""

    candidates: list[Candidate]
    trending: list[Hit]


class Retriever:
    """Finds candidates and evidence in the vector store."""

    def __init__(self, vectors: VectorStore, segments: Segments) -> None:
        self._vectors = vectors
        self._segments = segments

    def reader(self, tenant: str, profile: Profile | None, request: Request) -> Reader:
        """Gather what bears on this reader's choice."""
        if profile is None:
            return Reader()
        neighbours: tuple[Neighbour, ...] = ()
        segment = None
        if _has_taste(profile):
            neighbours = self._neighbours(tenant, profile)
            segment = self._segments.nearest(tenant, profile.domain, profile.taste)
        social = _most_liked(neighbours, segment, _hidden(profile, request))
        keys = list(dict.fromkeys([*social, *profile.disliked[:_DISLIKED], *_named(profile)]))
        items = self._vectors.retrieve(tenant, "items", keys, with_vectors=True, fields=CANDIDATE_FIELDS)
        return Reader(profile, neighbours, segment, tuple(social), items)

    def candidates(self, tenant: str, reader: Reader, request: Request) -> Found:
        """What to choose from."""
        asked = _item_queries(reader, request)
        trending, *answers = self._vectors.query(tenant, "items", [_trending(request), *(query for _, query in asked)])
        lists: list[tuple[Source, list[Hit]]] = [(s, hits) for (s, _), hits in zip(asked, answers, strict=True)]
        if not request.categories:
            hidden = _hidden(reader.profile, request)
            shown = [hit for hit in trending if hit.key not in hidden and _fits(hit.payload, request)]
            lists.append(("trending", shown[: _wanted(request)]))
        social = [reader.items[key] for key in reader.social if key in reader.items]
        lists.append(("social", [hit for hit in social if _fits(hit.payload, request)]))
        found: dict[str, Hit] = {}
        sources: dict[str, set[Source]] = {}
        for source, hits in lists:
            for hit in hits:
                found.setdefault(hit.key, hit)
                sources.setdefault(hit.key, set()).add(source)
        return Found([candidate(hit, sources[key]) for key, hit in found.items()], trending)

    def trending(self, tenant: str, request: Request) -> list[Hit]:
        """The items that trend in the domain, with their vectors."""
        (hits,) = self._vectors.query(tenant, "items", [_trending(request)])
        return hits

    def _neighbours(self, tenant: str, profile: Profile) -> tuple[Neighbour, ...]:
        where = Filter(
            any_of={"domain": [profile.domain]},
            none_of={"cold": ["yes"]},
            keys_not=[profile_key(profile.user, profile.domain)],
        )
        query = Query(SIMILAR_USERS, np.asarray(profile.taste, dtype=np.float32), where=where, fields=NEIGHBOUR_FIELDS)
        (hits,) = self._vectors.query(tenant, "users", [query])
        return tuple(Neighbour(hit.score, hit.payload["liked"]) for hit in hits if hit.score > 0.0)


def candidate(hit: Hit, sources: Iterable[Source] = ()) -> Candidate:
    """The candidate of a hit that was asked for with its vector."""
    if hit.vector is None:
        raise ValueError(f"item {hit.key!r} was fetched without its vector; ask with with_vectors=True")
    return Candidate(hit.key, hit.vector, hit.payload, frozenset(sources))


def _has_taste(profile: Profile) -> bool:
    return bool(profile.taste and profile.liked)


def _named(profile: Profile) -> list[str]:
    """Liked items that a reason may name: few, for each of them is fetched."""
    newest = [item.item_id for item in profile.history[:_NAMED]]
    return list(dict.fromkeys([*newest, *(interest.newest_item_id for interest in profile.interests)]))


def _hidden(profile: Profile | None, request: Request) -> set[str]:
    """Items not to show: excluded ones, disliked ones, and consumed ones unless the domain repeats them."""
    keys = set(request.exclude)
    if profile is not None:
        keys.update(profile.disliked)
        if not request.domain.repeat:
            keys.update(profile.consumed)
    return keys


def _wanted(request: Request) -> int:
    return max(_PER_LIST, request.limit)


def _trending(request: Request) -> Query:
    """The same whoever asks: what this reader knows already is no less a sign of what others like."""
    where = Filter(any_of={"domain": [request.domain.name]})
    return Query(TRENDING, order_by="trend", where=where, with_vectors=True, fields=CANDIDATE_FIELDS)


def _item_queries(reader: Reader, request: Request) -> list[tuple[Source, Query]]:
    profile, wanted = reader.profile, _wanted(request)
    where = Filter(
        any_of={"domain": [request.domain.name]}
        | ({"categories": list(request.categories)} if request.categories else {}),
        none_of={"topics": request.unwanted, "categories": request.unwanted} if request.unwanted else {},
        greater={"expires": request.now.timestamp()},
        or_absent=frozenset({"expires"}),
        keys_not=sorted(_hidden(profile, request)),
    )

    def near(vector: Sequence[float] | Vector, limit: int) -> Query:
        return Query(
            limit, np.asarray(vector, dtype=np.float32), where=where, with_vectors=True, fields=CANDIDATE_FIELDS
        )

    def first(order: str) -> Query:
        return Query(wanted, order_by=order, where=where, with_vectors=True, fields=CANDIDATE_FIELDS)

    asked: list[tuple[Source, Query]] = [("fresh", first("fresh"))]
    if request.categories:  # of which the hundred that trend may have few
        asked.append(("trending", first("trend")))
    if profile is not None and _has_taste(profile):
        # Not the taste itself: between two interests lies what is of neither (Pal et al., "PinnerSage", KDD 2020).
        directions = [interest.vector for interest in profile.interests] or [profile.taste]
        each = max(_PER_INTEREST, -(-wanted // len(directions)))
        asked += [("interest", near(direction, each)) for direction in directions]
    if request.query is not None:
        asked.append(("query", near(request.query, wanted)))
    return asked


def _fits(payload: Payload, request: Request) -> bool:
    """Whether an item fetched by key would have passed the filter of the queries."""
    expires = payload.get("expires")
    return (
        payload["domain"] == request.domain.name
        and (expires is None or expires > request.now.timestamp())
        and (not request.categories or not set(request.categories).isdisjoint(payload["categories"]))
        and set(request.unwanted).isdisjoint([*payload["scores"], *payload["categories"]])
    )


def _most_liked(neighbours: Sequence[Neighbour], segment: Segment | None, not_shown: Container[str]) -> list[str]:
    """The items with most social evidence, the best first, ties by key."""
    mass: dict[str, float] = dict(segment.liked) if segment is not None else {}
    for neighbour in neighbours:
        for key, liked in neighbour.liked.items():
            mass[key] = mass.get(key, 0.0) + neighbour.similarity * liked
    shown = [key for key in mass if key not in not_shown]
    return sorted(shown, key=lambda key: (-mass[key], key))[:_SOCIAL]
