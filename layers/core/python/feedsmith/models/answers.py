"""What is shown to a reader, and how it came about."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from feedsmith.models.base import Domain, Id, Language, Model, Utc
from feedsmith.models.content import Topic

TextKind = Literal["headline", "summary", "reason", "digest", "product_description", "study_note"]
TermGroup = Literal["content", "social", "popularity", "freshness", "context"]


class Term(Model):
    """One addend of a score: the named feature's ``value`` times its weight is ``contribution``."""

    name: str
    group: TermGroup
    value: float
    contribution: float


class Reason(Model):
    """Why an item is shown: a term of its score in words."""

    term: str
    text: str
    item_id: Id | None = Field(None, description="The read item that this reason names")


class RecommendedItem(Model):
    """One place of a slate. ``score`` is the sum of ``terms`` within 1e-5.

    ``explored`` places were filled by chance; ``propensity`` is the probability that this item got the place, given
    the places above. Both belong on the impression, as ``slate_id``, ``position`` and ``model_version`` do.
    """

    item_id: Id
    title: str
    url: str | None = None
    provider: str | None = None
    topics: tuple[Topic, ...] = ()
    published_at: Utc | None = None
    position: int = Field(ge=0)
    score: float
    terms: tuple[Term, ...]
    reasons: tuple[Reason, ...]
    propensity: float = Field(1.0, gt=0, le=1)
    explored: bool = False


class Recommendation(Model):
    """A slate for one user, ready to be shown and logged.

    ``basis`` says what it was made from: the person's own history, the segment's, or neither; ``non_profiled`` where
    nothing of the person was looked at, for want of their consent.
    """

    slate_id: Id
    domain: Domain
    basis: Literal["personal", "segment", "general", "non_profiled"]
    model_version: str
    items: tuple[RecommendedItem, ...]
    variants: dict[str, str] = Field(default_factory=dict, description="experiment -> this reader's variant")


class Check(Model):
    """One check of the gate on one text."""

    name: str
    passed: bool
    detail: str = ""


class Verdict(Model):
    """What the gate says of one text against its source."""

    passed: bool
    checks: tuple[Check, ...] = ()


class Ground(Model):
    """What ties a text to its reader: one item this reader read."""

    item_id: Id
    title: str


class Rendition(Model):
    """A text for one audience: what the reader gets, and how it came about.

    ``source`` is where the words come from: ``model`` (passed the gate), ``extractive`` (sentences of the item) or
    ``original`` (the item's own title or lead). ``note`` says why it is not the model's, where a model was asked.
    """

    kind: TextKind
    item_ids: tuple[Id, ...]
    language: str | None
    text: str
    source: Literal["model", "extractive", "original"]
    audience: Literal["person", "segment", "everyone"]
    ground: Ground | None = None
    verdict: Verdict
    rejected: int = Field(0, ge=0, description="Candidates that the gate dropped")
    writer: str
    prompt_version: str
    cached: bool = False
    tokens: int = Field(0, ge=0, description="Tokens, read and written, that this text took; 0 from shared drafts")
    cost: float | None = Field(0.0, ge=0, description="US dollars for them; None: the writer's price is not known")
    note: str | None = None
    disclaimer: str | None = None
    variants: dict[str, str] = Field(default_factory=dict, description="experiment -> this reader's variant")


class TextRequest(Model):
    """What text to write: one of an item, or with ``domain`` alone, one of the user's feed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "headline", "item_id": "n1"}]})

    kind: TextKind
    item_id: Id | None = None
    domain: Domain | None = None
    language: Language | None = None
