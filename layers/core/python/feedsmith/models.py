"""The domain's data: what comes in, what is stored, what goes out.

All models refuse unknown fields. Times are timezone-aware UTC. Ids are opaque strings that fit a URL path segment.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias, get_args

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)

from feedsmith.languages import language_code

Id = Annotated[str, StringConstraints(pattern=r"^[\w.:@=+~-]{1,128}$")]
Domain = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]


def _to_language(value: object) -> object:
    return language_code(value) if isinstance(value, str) else value


Language = Annotated[str, BeforeValidator(_to_language), StringConstraints(pattern=r"^[a-z]{2,3}$")]
# "und" and the like say as much as no language at all.
GivenLanguage = Annotated[Language | None, BeforeValidator(_to_language)]
ShortText = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True, min_length=1)]


def _to_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:  # the first and last hours of the calendar, in zones where UTC is on its other side
        raise ValueError("out of the range of dates") from None


Utc = Annotated[AwareDatetime, AfterValidator(_to_utc)]

EventType = Literal[
    "impression", "click", "view", "like", "dislike", "dismiss", "save", "share",
    "rate", "add_to_cart", "purchase", "enroll", "complete", "watch",
]  # fmt: skip
TextKind = Literal["headline", "summary", "reason", "digest", "product_description", "study_note"]
Purpose = Literal["profiling", "generation", "analytics"]
PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)
TermGroup = Literal["content", "social", "popularity", "freshness", "context"]


class Model(BaseModel):
    """Base of all models: frozen, and an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, ser_json_timedelta="float")


# -- content -------------------------------------------------------------------------------------------------


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


# -- people --------------------------------------------------------------------------------------------------


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


class Consent(Model):
    """What a user allows, for each purpose.

    ``profiling``: rank by what this user did. ``generation``: let a model write from it, and for this user at all.
    ``analytics``: count what this user does in figures about groups, experiments included.
    """

    profiling: StrictBool
    generation: StrictBool
    analytics: StrictBool


class ConsentChoice(Model):
    """What a user chose for each purpose; None: nothing, so that the tenant's default holds."""

    profiling: StrictBool | None = None
    generation: StrictBool | None = None
    analytics: StrictBool | None = None


class Wishes(Model):
    """What a user decided about their own feed; it outlives profiles, and goes with the user.

    ``chosen_at`` is when ``consent`` was last changed. ``removed_tags`` are tags that no profile may hold;
    ``unwanted_items`` and items of ``unwanted_tags`` are never recommended. ``revision`` grows with each change.
    """

    consent: ConsentChoice = ConsentChoice()
    chosen_at: Utc | None = None
    removed_tags: tuple[ShortText, ...] = Field((), max_length=200)
    unwanted_items: tuple[Id, ...] = Field((), max_length=1_000)
    unwanted_tags: tuple[ShortText, ...] = Field((), max_length=200)
    revision: int = Field(0, ge=0)


class TenantSettings(Model):
    """What a tenant decided for all its users; ``revision`` grows with each change."""

    consent: Consent = Consent(profiling=True, generation=True, analytics=True)
    revision: int = Field(0, ge=0)


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


# -- answers -------------------------------------------------------------------------------------------------


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


class TextRequest(Model):
    """What text to write: one of an item, or with ``domain`` alone, one of the user's feed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "headline", "item_id": "n1"}]})

    kind: TextKind
    item_id: Id | None = None
    domain: Domain | None = None
    language: Language | None = None


Scope = Literal["items:write", "events:write", "recommend:read", "texts:write", "users:admin", "insight:read"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
USER_SCOPES: Final[frozenset[Scope]] = frozenset({"events:write", "recommend:read", "texts:write"})


class Caller(Model):
    """Who calls: what the authorizer found out.

    A ``service`` acts for all users of its tenant, within its scopes; a ``user`` for themselves, ``subject`` being
    their own user id. ``operator`` is a service with every scope.
    """

    tenant: Domain
    role: Literal["service", "user", "operator"] = "service"
    subject: str = ""
    scopes: frozenset[Scope] = frozenset()

    def may(self, scope: Scope, user_id: str | None = None) -> bool:
        """Whether a call that needs ``scope`` is allowed; ``user_id``: whom it is about, None for nobody.

        A user needs no scope for what is their own, and reaches nothing of another's.
        """
        if self.role == "user":
            return user_id == self.subject if user_id is not None else scope in self.scopes & USER_SCOPES
        return self.role == "operator" or scope in self.scopes


KeyId = Annotated[str, StringConstraints(pattern=r"^[a-z2-7]{20}$")]
# Without TLS, whoever sits on the way could give us keys; only this very machine needs none.
IssuerUrl = Annotated[
    str, StringConstraints(max_length=500, pattern=r"^(https://|http://(127\.0\.0\.1|localhost)[:/])[\x21-\x7e]+$")
]
SigningAlgorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


class ApiKey(Model):
    """A service's API key, as the ledger keeps it: all but the secret.

    ``secret_hash`` is the secret's SHA-256 in hex. ``revision`` grows with each change.
    """

    id: KeyId
    tenant: Domain
    role: Literal["service", "operator"] = "service"
    scopes: frozenset[Scope] = frozenset()
    label: Annotated[str, StringConstraints(max_length=100)] = ""
    secret_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(repr=False)
    created_at: Utc
    expires_at: Utc | None = Field(None, description="Not let in from this time on")
    revoked_at: Utc | None = None
    revision: int = Field(0, ge=0)

    def valid_at(self, now: datetime) -> bool:
        """Whether the key lets its holder in."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class Issuer(Model):
    """An OIDC issuer whose access tokens let a tenant's users in.

    ``url`` is the tokens' ``iss``, letter by letter. ``audiences``: the ``aud`` values that mean this API; for Cognito,
    whose access tokens have none, the ids of the app clients. ``algorithms``: those that the issuer signs with; never
    a symmetric one, for which the public key would be the secret. ``revision`` grows with each change.
    """

    url: IssuerUrl
    tenant: Domain
    audiences: tuple[Annotated[str, StringConstraints(min_length=1, max_length=500)], ...] = Field(
        min_length=1, max_length=20
    )
    jwks_uri: IssuerUrl = Field(description="Where the issuer publishes its keys")
    algorithms: tuple[SigningAlgorithm, ...] = Field(("RS256",), min_length=1)
    revision: int = Field(0, ge=0)

    @property
    def id(self) -> str:
        """A short name of the url, 32 hex digits."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:32]


JsonObject: TypeAlias = dict[str, Any]


def utcnow() -> datetime:
    """Now, timezone-aware UTC; the one clock, so that tests can replace it where it is injected."""
    return datetime.now(UTC)
