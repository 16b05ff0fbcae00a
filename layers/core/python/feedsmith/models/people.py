"""What people did, and what follows from it."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from feedsmith.models.base import Domain, Id, Model, Utc
from feedsmith.models.content import EventType


class Event(Model):
    """Something a user did with an item.

    An event's identity is (user, ``event_id``); without an id it is a hash of the event's own fields.
    """

    user_id: Id
    item_id: Id
    type: EventType
    at: Utc
    event_id: Id | None = None
    value: float | None = Field(
        None, ge=-1e9, le=1e9, description="rating in [0, 5], share watched in [0, 1], price paid"
    )
    slate_id: Id | None = Field(None, description="The recommendation this answers")
    position: int | None = Field(None, ge=0, le=10_000, description="0-based place in the slate")
    propensity: float | None = Field(None, gt=0, le=1, description="As the recommendation gave it for this place")
    model_version: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = Field(
        None, description="Of the slate this answers"
    )

    @model_validator(mode="after")
    def _value_fits_the_type(self) -> Event:
        if self.type == "rate" and (self.value is None or not 0 <= self.value <= 5):
            raise ValueError("a rating needs a value in [0, 5]")
        if self.type == "watch" and self.value is not None and not 0 <= self.value <= 1:
            raise ValueError("the value of watch is the share watched, in [0, 1]")
        return self

    @property
    def identity(self) -> str:
        """``event_id``, or a hash of the event's own fields.

        Fields that were added later count where they are given only, lest events stored before be taken for new ones.
        """
        if self.event_id is not None:
            return self.event_id
        absent = {name for name in ("propensity", "model_version") if getattr(self, name) is None}
        own = json.dumps(self.model_dump(mode="json", exclude={"event_id", *absent}), sort_keys=True)
        return "h:" + hashlib.sha256(own.encode()).hexdigest()[:32]


class Interest(Model):
    """A cluster of a user's history.

    ``weight`` in (0, 1] is its share of the history's mass; ``newest_item_id`` its newest member, named in reasons.
    ``vector`` is unit length.
    """

    label: str
    weight: float = Field(gt=0, le=1)
    newest_item_id: Id
    newest_title: str
    vector: tuple[float, ...] = Field(repr=False)


class HistoryItem(Model):
    """A liked item of a user's history.

    ``weight`` is its decayed weight, as of the user's newest interaction; ``topics`` are the item's scores in [0, 1].
    """

    item_id: Id
    weight: float = Field(gt=0)
    topics: dict[str, float] = Field(default_factory=dict)


class Profile(Model):
    """A user in one domain: a pure function of the newest interactions.

    ``taste`` is the unit-length, decayed, weighted mean of item vectors; ``topics`` sum to 1 where not empty and
    count positive mass only. ``history`` are the newest liked items, newest first, and ``history_vectors`` their unit
    vectors: float16, row after row. ``consumed`` are item ids already read, watched or bought, newest first;
    ``disliked`` those disliked or dismissed; ``missing`` ids of interactions whose item is not known (yet), and whose
    domain is therefore not known either. ``revision`` grows with each recompute; a stale writer loses.
    """

    user: str = Field(description="Pseudonym, never the caller's own user id")
    domain: Domain
    revision: int
    interactions: int = Field(ge=0)
    taste: tuple[float, ...] = Field((), repr=False)
    interests: tuple[Interest, ...] = ()
    topics: dict[str, float] = Field(default_factory=dict)
    liked: dict[Id, float] = Field(default_factory=dict, description="newest positive items and their decayed weight")
    history: tuple[HistoryItem, ...] = ()
    history_vectors: bytes = Field(b"", repr=False, exclude=True)
    consumed: tuple[Id, ...] = ()
    disliked: tuple[Id, ...] = ()
    missing: tuple[Id, ...] = ()
    updated_at: Utc


class Segment(Model):
    """A group of users with similar taste, never smaller than the k-anonymity floor.

    ``share`` is the part of clustered users in it; ``topics`` the mean of the members' topic shares;
    ``liked`` the items that most members liked, with their share of members in (0, 1]. ``size_before`` and ``drift``
    tell what became of it since the last run: its size then, and 1 less the cosine of its two centroids, in [0, 2].
    """

    id: str
    domain: Domain
    label: str
    size: int = Field(ge=1)
    share: float = Field(gt=0, le=1)
    topics: dict[str, float] = Field(default_factory=dict)
    liked: dict[Id, float] = Field(default_factory=dict)
    centroid: tuple[float, ...] = Field((), repr=False)
    silhouette: float | None = Field(None, ge=-1, le=1)
    size_before: int | None = Field(None, description="None: new in this run")
    drift: float | None = Field(None, ge=0, le=2)
    computed_at: Utc
