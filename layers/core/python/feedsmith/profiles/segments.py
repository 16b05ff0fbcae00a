"""Segments: groups of users with similar taste, recomputed on a schedule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from feedsmith.content.base import Matrix
from feedsmith.domains.loader import Domain
from feedsmith.models import Segment, utcnow
from feedsmith.profiles.clustering import cluster
from feedsmith.profiles.map import TasteMap, taste_map
from feedsmith.stores import codec
from feedsmith.stores.vectors import Filter, Query, Vector, VectorStore

MAX_LIKED: Final = 50
MAX_SHOWN: Final = 1_000  # users on a map
SAME_SEGMENT: Final = 0.5  # least cosine of an old and a new centroid that pass for one segment


@dataclass(frozen=True, slots=True)
class SegmentReport:
    """What a re-clustering found; ``users`` is how many had a taste to cluster, ``silhouette`` None below two."""

    segments: tuple[Segment, ...]
    users: int
    silhouette: float | None

    @property
    def k(self) -> int:
        """Number of segments."""
        return len(self.segments)


@dataclass(frozen=True, slots=True)
class _Member:
    """What a segment tells of a user."""

    topics: Mapping[str, float]
    liked: frozenset[str]


class SegmentService:
    """Clusters users, and finds the segment of a taste.

    Who is in a segment is not stored: it is whoever's taste has its centroid for the nearest. Nothing is told of a
    segment that fewer than ``k_anonymity`` of its members share.
    """

    def __init__(
        self,
        vectors: VectorStore,
        domains: Mapping[str, Domain],
        *,
        k_anonymity: int,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._vectors = vectors
        self._domains = domains
        self._k_anonymity = k_anonymity
        self._clock = clock

    def recluster(self, tenant: str, domain: str) -> SegmentReport:
        """Cluster the domain's users anew and replace its segments; fewer users than the floor have none.

        A segment that lives on, by its centroid, keeps its id; a new one gets the number after the greatest there
        was before this run. Holds all tastes in memory: 1.5 KB a user at 384 dimensions.

        Raises
        ------
        NotFound
            There is no such domain.
        StoreUnavailable
            The vector store does not answer; segments may be those of before, or both for some of them.
        """
        tastes, members = self._members(tenant, self._domains[domain].name)
        old = self.list(tenant, domain)
        segments: list[Segment] = []
        silhouette = None
        if len(members) >= self._k_anonymity:
            found = cluster(tastes, floor=self._k_anonymity)
            silhouette = found.silhouette
            for number, segment_id in enumerate(segment_ids(old, found.centroids)):
                own = [member for member, label in zip(members, found.labels, strict=True) if label == number]
                centroid = tuple(map(float, found.centroids[number]))
                share = len(own) / len(members)
                segments.append(self._describe(self._domains[domain], segment_id, own, share, centroid, silhouette))
            segments = [_since(segment, old) for segment in segments]
            self._vectors.upsert(tenant, "segments", [codec.segment_point(segment) for segment in segments])
        if gone := {segment.id for segment in old} - {segment.id for segment in segments}:
            self._vectors.delete(tenant, "segments", [f"{domain}:{segment_id}" for segment_id in sorted(gone)])
        return SegmentReport(tuple(segments), len(members), silhouette)

    def nearest(self, tenant: str, domain: str, taste: Sequence[float] | Vector) -> Segment | None:
        """The segment of a taste, without its centroid; None: no taste, or no segments (yet)."""
        if len(taste) == 0:
            return None
        query = Query(limit=1, vector=np.asarray(taste, dtype=np.float32), where=_of(domain))
        hits = self._vectors.query(tenant, "segments", [query])[0]
        return codec.segment_of(hits[0]) if hits else None

    def list(self, tenant: str, domain: str) -> list[Segment]:
        """All segments of a domain, largest first."""
        page = self._vectors.scroll(tenant, "segments", where=_of(domain), with_vectors=True)  # never more than a page
        return sorted(map(codec.segment_of, page.hits), key=lambda segment: (-segment.size, segment.id))

    def map(self, tenant: str, domain: str) -> tuple[Sequence[Segment], TasteMap | None]:
        """The segments, and where they and up to 1,000 users lie on a plane; None where there are no segments.

        Fewer users than the floor, all of them together, are not shown.
        """
        segments = self.list(tenant, domain)
        where = Filter(any_of={"domain": [domain]}, none_of={"cold": ["yes"]})
        # Points are stored in the order of hashes, so that the first are as good a sample as any.
        page = self._vectors.scroll(tenant, "users", where=where, limit=MAX_SHOWN, with_vectors=True, fields=("cold",))
        tastes = [hit.vector for hit in page.hits if hit.vector is not None]
        if not segments or len(tastes) < self._k_anonymity:
            return segments, None
        centroids = np.array([segment.centroid for segment in segments], dtype=np.float32)
        return segments, taste_map(np.array(tastes, dtype=np.float32), centroids)

    def _members(self, tenant: str, domain: str) -> tuple[Matrix, Sequence[_Member]]:
        where = Filter(any_of={"domain": [domain]}, none_of={"cold": ["yes"]})
        tastes: list[Vector] = []
        members: list[_Member] = []
        cursor = None
        while True:
            page = self._vectors.scroll(
                tenant, "users", where=where, cursor=cursor, with_vectors=True, fields=codec.MEMBER_FIELDS
            )
            for hit in page.hits:
                if hit.vector is not None:
                    profile = codec.profile_of(hit)
                    tastes.append(hit.vector)
                    members.append(_Member(profile.topics, frozenset(profile.liked)))
            cursor = page.cursor
            if cursor is None:
                return np.array(tastes, dtype=np.float32), members

    def _describe(
        self,
        domain: Domain,
        segment_id: str,
        members: Sequence[_Member],
        share: float,
        centroid: tuple[float, ...],
        silhouette: float | None,
    ) -> Segment:
        size = len(members)
        having = Counter(name for member in members for name in member.topics)
        liking = Counter(item_id for member in members for item_id in member.liked)
        topics = {
            name: sum(member.topics.get(name, 0.0) for member in members) / size
            for name, count in sorted(having.items())
            if count >= self._k_anonymity
        }
        liked = sorted(liking.items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_LIKED]
        return Segment(
            id=segment_id,
            domain=domain.name,
            label=_label(domain, topics),
            size=size,
            share=share,
            topics=topics,
            liked={item_id: count / size for item_id, count in liked if count >= self._k_anonymity},
            centroid=centroid,
            silhouette=silhouette,
            computed_at=self._clock(),
        )


def _since(segment: Segment, old: Sequence[Segment]) -> Segment:
    """The segment with what became of it since the last run."""
    for before in old:
        if before.id == segment.id:
            cosine = float(np.dot(before.centroid, segment.centroid))
            return segment.model_copy(update={"size_before": before.size, "drift": min(max(1.0 - cosine, 0.0), 2.0)})
    return segment


def segment_ids(old: Sequence[Segment], centroids: Matrix) -> list[str]:
    """Ids for new centroids, shape (k, d): the old segment's where one matches, else the next numbers (``s1``, ...).

    Old and new are paired so that the sum of cosines is greatest (Kuhn, 1955); pairs below 0.5 are none. No id of
    ``old`` goes to another segment.
    """
    from scipy.optimize import linear_sum_assignment

    names: dict[int, str] = {}
    if old:
        similarity = centroids @ np.array([segment.centroid for segment in old], dtype=np.float32).T
        for new_row, old_row in zip(*linear_sum_assignment(similarity, maximize=True), strict=True):
            if similarity[new_row, old_row] >= SAME_SEGMENT:
                names[int(new_row)] = old[int(old_row)].id
    number = max((int(segment.id[1:]) for segment in old), default=0)
    for row in range(len(centroids)):
        if row not in names:
            number += 1
            names[row] = f"s{number}"
    return [names[row] for row in range(len(centroids))]


def _label(domain: Domain, topics: Mapping[str, float]) -> str:
    """The main topic, and the next where it has at least half its share; sensitive topics label nobody."""
    plain = {n: s for n, s in topics.items() if n not in domain.taxonomy or not domain.taxonomy[n].sensitive}
    ranked = sorted(plain, key=lambda name: (-plain[name], name))[:2]
    return " & ".join(name for name in ranked if plain[name] >= plain[ranked[0]] / 2) or domain.label.en


def _of(domain: str) -> Filter:
    return Filter(any_of={"domain": [domain]})
