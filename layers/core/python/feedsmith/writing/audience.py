"""Whom a text is for, and what ties it to its reader."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from feedsmith.content.cleaning import clean
from feedsmith.domains.loader import Domain
from feedsmith.models import Ground, IndexedItem, Profile, Segment
from feedsmith.stores.codec import item_of
from feedsmith.stores.vectors import Vector, VectorStore

LEAST_INTERACTIONS = 3
SAME_SUBJECT = 0.35  # least cosine of a ground with the item
_GROUNDS_LOOKED_AT = 50
_SEGMENT_TOPICS = 2


class Profiles(Protocol):
    """Finds a user's profile."""

    def load(self, tenant: str, user: str, domain: str, /) -> Profile | None:
        """The profile with its taste; None where nothing is known of the user."""


class Segments(Protocol):
    """Finds the segment of a taste."""

    def nearest(self, tenant: str, domain: str, taste: Sequence[float], /) -> Segment | None:
        """The segment; None where there are none."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Readers of one text.

    ``key`` is the user's pseudonym or the segment's id, empty for everyone. ``interests`` are unit vectors, shape
    (d,), of what the readers like: a text fits the better, the closer it is to the one nearest to its item.
    ``focus`` says in words what a segment's readers care about.
    """

    kind: Literal["person", "segment", "everyone"] = "everyone"
    key: str = ""
    interests: tuple[Vector, ...] = ()
    focus: str | None = None

    def direction(self, item: Vector) -> Vector | None:
        """The reader's interest closest to an item; None for everyone."""
        return max(self.interests, key=lambda interest: float(interest @ item), default=None)

    @property
    def taste(self) -> str:
        """What a segment's readers like, as SHA-256 in hex: another segment may get the same id. Empty for others."""
        if self.kind != "segment":
            return ""
        digest = hashlib.sha256((self.focus or "").encode())
        for interest in self.interests:
            digest.update((np.round(interest, 2) + 0.0).astype("<f4").tobytes())  # + 0.0: there is no -0.0
        return digest.hexdigest()


EVERYONE = Audience()


class AudienceFinder:
    """Finds the audience of a reader, and the ground of a text."""

    def __init__(self, vectors: VectorStore, profiles: Profiles, segments: Segments) -> None:
        self._vectors = vectors
        self._profiles = profiles
        self._segments = segments

    def find(self, tenant: str, user: str, domain: Domain, language: str | None) -> tuple[Audience, Profile | None]:
        """The person, after three interactions and with a taste; else the nearest segment; else everyone.

        The profile comes along for a person only.
        """
        profile = self._profiles.load(tenant, user, domain.name)
        if profile is None or not profile.taste:
            return EVERYONE, None
        if profile.interactions >= LEAST_INTERACTIONS:
            likings = [interest.vector for interest in profile.interests] or [profile.taste]
            return Audience("person", user, tuple(np.asarray(v, dtype=np.float32) for v in likings)), profile
        segment = self._segments.nearest(tenant, domain.name, profile.taste)
        if segment is None:
            return EVERYONE, None
        key = f"{domain.name}:{segment.id}"
        stored = self._vectors.retrieve(tenant, "segments", [key], with_vectors=True).get(key)
        centroid = () if stored is None or stored.vector is None else (stored.vector,)
        return Audience("segment", segment.id, centroid, focus_of(segment, domain, language)), None

    def focus(self, tenant: str, profile: Profile, domain: Domain, language: str | None) -> str | None:
        """What the nearest segment's readers care about, for a person's text that says nothing of the person."""
        segment = self._segments.nearest(tenant, domain.name, profile.taste)
        return focus_of(segment, domain, language) if segment is not None else None

    def reads(
        self, tenant: str, profile: Profile, item: IndexedItem, vector: Vector, domain: Domain, most: int
    ) -> list[Ground]:
        """The liked or consumed items closest to ``item``, at most ``most``, the closest first.

        None where none is close, or the item is of a sensitive topic; those that are themselves are left out.
        """
        if _sensitive(item, domain):
            return []
        known = dict.fromkeys([*profile.liked, *profile.consumed])
        keys = [key for key in known if key != item.item.id and key not in profile.disliked][:_GROUNDS_LOOKED_AT]
        close: list[tuple[float, Ground]] = []
        for hit in self._vectors.retrieve(tenant, "items", keys, with_vectors=True).values():
            if hit.vector is None or float(hit.vector @ vector) < SAME_SUBJECT:
                continue
            read = item_of(hit)
            title = clean(read.item.title)
            if title and read.item.domain == domain.name and not _sensitive(read, domain):
                close.append((float(hit.vector @ vector), Ground(item_id=read.item.id, title=title)))
        close.sort(key=lambda found: -found[0])
        return [ground for _, ground in close[:most]]


def _sensitive(item: IndexedItem, domain: Domain) -> bool:
    topics = (domain.taxonomy.get(topic.name) for topic in item.understanding.topics)
    return any(topic is not None and topic.sensitive for topic in topics)


def focus_of(segment: Segment, domain: Domain, language: str | None) -> str | None:
    """Labels of the segment's largest topics, sensitive ones left out."""
    named = {name: domain.taxonomy[name] for name in segment.topics if name in domain.taxonomy}
    ranked = sorted((n for n in named if not named[n].sensitive), key=lambda n: (-segment.topics[n], n))
    comma = "、" if language == "zh" else ", "
    return comma.join(named[name].label.get(language) for name in ranked[:_SEGMENT_TOPICS]) or None
