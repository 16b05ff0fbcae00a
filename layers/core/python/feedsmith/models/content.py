"""Content: what its owner describes, and what was understood and counted of it."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

from pydantic import Field, StringConstraints

from feedsmith.models.base import Domain, GivenLanguage, Id, Language, Model, ShortText, Utc

EventType = Literal[
    "impression", "click", "view", "like", "dislike", "dismiss", "save", "share",
    "rate", "add_to_cart", "purchase", "enroll", "complete", "watch",
]  # fmt: skip


class Item(Model):
    """A piece of content as its owner describes it.

    ``id`` is unique within a tenant, over all domains.
    """

    id: Id
    domain: Domain
    title: Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
    body: Annotated[str, StringConstraints(max_length=200_000)] = ""
    language: GivenLanguage = Field(None, description="ISO 639 or BCP 47, kept as ISO 639; detected when absent")
    url: Annotated[str, StringConstraints(max_length=2_000)] | None = None
    provider: ShortText | None = Field(None, description="Publisher, brand or author; unit of exposure fairness")
    categories: tuple[ShortText, ...] = Field((), max_length=20)
    published_at: Utc | None = None
    expires_at: Utc | None = Field(None, description="Not recommended from this time on")
    attributes: dict[str, str | float | int | bool] = Field(default_factory=dict, max_length=50)

    @property
    def content_hash(self) -> str:
        """SHA-256 over all fields, first 32 hex digits; equal hashes mean nothing needs doing again."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Topic(Model):
    """A topic of the domain's taxonomy; ``score`` in [0, 1], the scores of one item sum to at most 1."""

    name: str
    score: float = Field(ge=0, le=1)


class Entity(Model):
    """A named thing in the text; ``kind`` is the extractor's own label (person, org, place, ...)."""

    text: str
    kind: str


QualityFlag = Literal[
    "empty", "markup_only", "too_short", "enormous", "foreign_language", "gibberish", "repetitive", "spam", "mojibake",
]  # fmt: skip


class Understanding(Model):
    """What was learned from an item's text.

    ``method`` says who read it: rules and lexicons, or a language model. ``quality`` are the reasons for which no text
    should be written from the item; empty for a good one.
    """

    language: Language | None
    topics: tuple[Topic, ...] = ()
    keywords: tuple[str, ...] = ()
    sentiment: float | None = Field(None, ge=-1, le=1, description="None: no lexicon for the language")
    entities: tuple[Entity, ...] = ()
    quality: tuple[QualityFlag, ...] = ()
    method: Literal["light", "llm"] = "light"


class ItemActivity(NamedTuple):
    """What an item has had from everybody since its domain is known.

    ``clicks`` counts events of positive weight, ``shown`` impressions, and ``exposure`` sums the probabilities that
    these were looked at: ``1 / log2(2 + position)``, 1 where the position is not known. ``recent_``: the same, as
    log2 of forward-decayed mass like :class:`ItemStats`' ``trend``, None for none. ``first``: unix seconds of the
    earliest impression.
    """

    recent_clicks: float | None = None
    recent_exposure: float | None = None
    recent_shown: float | None = None
    clicks: float = 0.0
    exposure: float = 0.0
    shown: float = 0.0
    first: float | None = None


NO_ACTIVITY: Final = ItemActivity()


class ItemStats(Model):
    """Counters of an item, as absorbed from the event stream.

    ``trend`` is a forward-decayed popularity on a log2 scale: ``log2(sum_i w_i 2^(t_i / h))`` with event times t
    and the domain's trend half-life h, so that two items compare the same at any later time (Cormode et al.,
    "Forward decay", ICDE 2009). ``activity`` is what ranking reads, and not shown in answers.
    """

    counts: dict[EventType, int] = Field(default_factory=dict)
    trend: float | None = None
    activity: ItemActivity = Field(NO_ACTIVITY, exclude=True)


class IndexedItem(Model):
    """An item with what was understood and counted, as held in the vector store's payload."""

    item: Item
    content_hash: str
    understanding: Understanding
    stats: ItemStats = ItemStats()
    indexed_at: Utc


class Rejected(Model):
    """A row that could not be read: where, why, and the row itself."""

    line: int = Field(ge=1)
    reason: str
    row: str


IngestionStatus: TypeAlias = Literal["planning", "running", "succeeded", "failed"]


class Ingestion(Model):
    """Progress of one upload. Counts are rows."""

    id: Id
    status: IngestionStatus
    source: str
    chunks: int | None = Field(None, description="None while planning")
    chunks_done: int = 0
    indexed: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejects: str | None = Field(None, description="s3:// prefix of the rejected rows")
    reason: str | None = Field(None, description="Why it failed")
    started_at: Utc
    updated_at: Utc
