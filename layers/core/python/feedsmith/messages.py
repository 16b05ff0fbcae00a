"""What the HTTP API is asked and answers, where that is not the domain's data itself (:mod:`feedsmith.models`).

Each is a promise to callers: what a stored model has besides is not shown.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from feedsmith.models import (
    ConsentChoice,
    Domain,
    Event,
    HistoryItem,
    Id,
    IndexedItem,
    Item,
    Language,
    Model,
    Rejected,
    ShortText,
    Utc,
)

MAX_ROWS = 100  # of one request

UserId = Annotated[Id, Field(description="Your own id of the user", examples=["ann"])]
ItemId = Annotated[Id, Field(description="Your own id of the item", examples=["n1"])]
Limit = Annotated[int, Field(ge=1, le=100, description="Most items in the answer")]


class ItemBatch(Model):
    """Items to index, at most 100."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "id": "n1",
                            "domain": "news",
                            "title": "Striker scores twice as City win the cup final",
                            "body": "City won the cup on Saturday. Their striker scored twice in the second half.",
                            "categories": ["sport"],
                            "published_at": "2026-11-20T08:00:00Z",
                        }
                    ]
                }
            ]
        }
    )

    items: tuple[Item, ...] = Field(min_length=1, json_schema_extra={"maxItems": MAX_ROWS})


class IndexReport(Model):
    """What became of a batch: ``unchanged`` items were there already, word for word."""

    indexed: int = Field(ge=0)
    unchanged: int = Field(ge=0)


class ItemQuery(Model):
    """Which items."""

    domain: Domain = Field(examples=["news"])
    q: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = Field(
        None, description="Words to search for; without them, the newest"
    )
    limit: Limit = 20


class Items(Model):
    """Items, the best first."""

    items: tuple[IndexedItem, ...]


class DomainReport(Model):
    """A domain: its label and its topics' labels, by language."""

    name: Domain
    label: dict[str, str]
    topics: dict[str, dict[str, str]]
    languages: tuple[str, ...]


class Domains(Model):
    """All domains."""

    domains: tuple[DomainReport, ...]


_UPLOAD_NAME: Final = r"^\w[\w .()+-]{0,118}\.(jsonl|csv|json)$"


def _upload_name(name: str) -> str:
    if re.search(_UPLOAD_NAME, name) is None:
        raise ValueError("a name ends in .jsonl, .csv or .json, such as news.jsonl, and has no slash in it")
    return name


class Upload(Model):
    """A small file; ``name`` tells the format: .jsonl, .csv or .json."""

    domain: Domain = Field(examples=["news"])
    # The pattern is checked here, not by pydantic, so that who chose a wrong file reads words.
    name: Annotated[
        str,
        AfterValidator(_upload_name),
        Field(examples=["news.jsonl"], json_schema_extra={"pattern": _UPLOAD_NAME}),
    ]
    content: Annotated[str, StringConstraints(min_length=1, max_length=4 * 2**20)]


class UploadReport(Model):
    """The ingestion that an upload began."""

    ingestion_id: Id


class RejectsQuery(Model):
    """How many rows."""

    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


class Rejects(Model):
    """Refused rows by line; ``more``: there are others."""

    rows: tuple[Rejected, ...]
    more: bool


class WhyQuery(Model):
    """In which language."""

    language: Language = Field("en", description="Of the reasons' words")


class SimilarQuery(Model):
    """How many similar items."""

    limit: Limit = 10


class SimilarItem(Model):
    """An item near another; ``similarity`` is the cosine of their vectors, in [-1, 1]."""

    item_id: Id
    title: str
    similarity: float


class SimilarItems(Model):
    """Nearest first."""

    items: tuple[SimilarItem, ...]


class EventBatch(Model):
    """Events to record, at most 100."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "events": [
                        {
                            "event_id": "e1",
                            "user_id": "ann",
                            "item_id": "n1",
                            "type": "click",
                            "at": "2026-11-20T08:00:00Z",
                        }
                    ]
                }
            ]
        }
    )

    events: tuple[Event, ...] = Field(min_length=1, json_schema_extra={"maxItems": MAX_ROWS})


class EventReport(Model):
    """Events that are new, those that were known already and do not count again, and those not kept.

    ``ignored`` are events of users who allow neither profiling nor analytics.
    """

    accepted: int = Field(ge=0)
    duplicates: int = Field(ge=0)
    ignored: int = Field(0, ge=0)


class DomainQuery(Model):
    """Which domain."""

    domain: Domain = Field(description="Such as news; a domain is one file of the deployment", examples=["news"])


class RecommendationQuery(DomainQuery):
    """What a slate is made of."""

    limit: Limit = 10
    q: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = Field(
        None, description="Words to search for; the feed is made of what they find"
    )
    category: tuple[ShortText, ...] = Field((), description="Only items of one of these categories")
    exclude: tuple[Id, ...] = Field((), description="Items to leave out, such as those on the page already")
    language: Language = Field("en", description="Of the reasons' words")


class ProfileInterest(Model):
    """A cluster of what a user reads; ``weight`` in (0, 1] is its share of the history."""

    label: str
    weight: float = Field(gt=0, le=1)
    newest_item_id: Id
    newest_title: str


class UserProfile(Model):
    """What is known of a user in one domain.

    ``topics`` sum to 1 where not empty. ``liked`` are the newest positive items and their decayed weights, ``history``
    the newest first; ``missing`` are items that the user had to do with and that are not known (yet).
    """

    domain: Domain
    revision: int
    interactions: int = Field(ge=0)
    interests: tuple[ProfileInterest, ...] = ()
    topics: dict[str, float] = Field(default_factory=dict)
    liked: dict[Id, float] = Field(default_factory=dict)
    history: tuple[HistoryItem, ...] = ()
    consumed: tuple[Id, ...] = ()
    disliked: tuple[Id, ...] = ()
    missing: tuple[Id, ...] = ()
    updated_at: Utc
    segment: str | None = Field(None, description="The nearest segment, once there are segments")
    segment_label: str | None = None


class SegmentSummary(Model):
    """A group of users with similar taste, never smaller than the k-anonymity floor.

    ``share`` is the part of clustered users in it; ``topics`` the mean of the members' topic shares;
    ``liked`` the items that most members liked, with their share of members in (0, 1].
    """

    id: str
    domain: Domain
    label: str
    size: int = Field(ge=1)
    share: float = Field(gt=0, le=1)
    topics: dict[str, float] = Field(default_factory=dict)
    liked: dict[Id, float] = Field(default_factory=dict)
    silhouette: float | None = Field(None, ge=-1, le=1)
    size_before: int | None = Field(None, description="Of the run before; None: new in this one")
    drift: float | None = Field(None, ge=0, le=2, description="1 less the cosine of the two runs' centroids")
    computed_at: Utc


class MapSegment(Model):
    """A segment on the map: its centroid, and what became of it since the last run."""

    id: str
    label: str
    size: int = Field(ge=1)
    x: float
    y: float
    size_before: int | None = Field(None, description="None: new in the last run")
    drift: float | None = Field(None, ge=0, le=2, description="1 less the cosine of the two centroids")


class MapPoint(Model):
    """A user on the map, unnamed."""

    x: float
    y: float
    segment: str


class SegmentMap(Model):
    """Tastes on the plane of their first two principal components.

    ``explained``: the share of their variance that it shows; ``users``: at most 1,000.
    """

    explained: float = Field(0.0, ge=0, le=1)
    segments: tuple[MapSegment, ...] = ()
    users: tuple[MapPoint, ...] = ()


class Segments(Model):
    """The segments of one domain."""

    segments: tuple[SegmentSummary, ...]


class PurposeReport(Model):
    """Whether a purpose is allowed, and whether the user decided that or the tenant's default holds."""

    allowed: bool
    decided_by: Literal["user", "tenant"]


class ConsentReport(Model):
    """What may be done with a user's data.

    ``profiling``: rank by what they did; ``generation``: let a model write for them; ``analytics``: count what they do.
    """

    profiling: PurposeReport
    generation: PurposeReport
    analytics: PurposeReport
    chosen_at: Utc | None = Field(None, description="When the user last chose")


class LanguageQuery(Model):
    """In which language."""

    language: Language = Field("en", description="Of the labels: zh, or English for any other")


class TagReport(Model):
    """``weight`` in (0, 1]: the tag's share in its domain; ``items``: how many items it comes from."""

    tag: str
    label: str
    weight: float = Field(gt=0, le=1)
    items: int = Field(ge=1)


class TagsReport(Model):
    """The tags of a user's profile, by domain, the heaviest first, and those that the user removed."""

    domains: dict[Domain, tuple[TagReport, ...]]
    removed: tuple[str, ...]


class NotInterested(Model):
    """Either an item, or a tag: the name of a topic or of a category."""

    item_id: Id | None = None
    tag: ShortText | None = None
    undo: bool = False

    @model_validator(mode="after")
    def _one_thing(self) -> NotInterested:
        if (self.item_id is None) == (self.tag is None):
            raise ValueError("give either item_id or tag")
        return self

    @property
    def chosen_tag(self) -> str:
        """The tag, where there is no item."""
        return self.tag or ""


class NotInterestedReport(Model):
    """All that the user is not interested in now."""

    items: tuple[Id, ...]
    tags: tuple[str, ...]


class SettingsBody(Model):
    """What a tenant decided for users who did not decide themselves."""

    consent: ConsentChoice


class ErasureReport(Model):
    """What an erasure deleted.

    While ``complete`` is false, the erasure goes on by itself within some minutes, or at once when the call is made
    again. The proof is a JWS (ES256) that names nobody; keep it, for it is stored nowhere.
    """

    complete: bool
    erased: dict[str, int] = Field(description="Deleted records by kind; empty for somebody of whom nothing was held")
    proof: str | None


class Health(Model):
    """The process runs, and where that was asked, each store answers."""

    status: Literal["ok"] = "ok"


class FieldError(Model):
    """A field that is wrong: a JSON pointer to it, and what is wrong."""

    path: str
    message: str


class Problem(Model):
    """What went wrong, where, and how to mend it (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int = Field(ge=400, le=599)
    detail: str = ""
    errors: tuple[FieldError, ...] = Field((), description="Of a 422: each field that is wrong")
