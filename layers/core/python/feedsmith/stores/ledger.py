"""The durable record: what the services need of a ledger.

Every method takes the tenant first; the adapter adds it to each key, so that no caller can forget it. Adapters raise
:class:`~feedsmith.errors.StoreUnavailable` when the store does not answer, and nothing of boto3's own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from feedsmith.experiments import Experiment
from feedsmith.models import (
    NO_ACTIVITY,
    ApiKey,
    Event,
    EventType,
    Ingestion,
    IngestionStatus,
    Issuer,
    ItemActivity,
    JsonObject,
    TenantSettings,
    Wishes,
)


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """An event as the ledger's stream delivers it.

    ``sequence`` grows within ``shard``; together they are the position that counters keep.
    """

    tenant: str
    user: str
    event: Event
    shard: str
    sequence: str


@dataclass(frozen=True, slots=True)
class Counter:
    """Absorbed events of one item.

    ``trend`` and ``activity`` are those of :class:`feedsmith.models.ItemStats`.
    ``positions``: shard -> (sequence absorbed last, unix time of that write).
    """

    counts: dict[EventType, int] = field(default_factory=dict)
    trend: float | None = None
    positions: dict[str, tuple[str, int]] = field(default_factory=dict)
    revision: int = 0
    activity: ItemActivity = NO_ACTIVITY


@dataclass(frozen=True, slots=True)
class Spending:
    """What writing took: tokens, and money in millionths of a US dollar.

    ``texts`` were given to readers, ``cached`` of them from the cache.
    """

    tokens: int = 0
    cost: int = 0
    texts: int = 0
    cached: int = 0

    def __add__(self, other: Spending) -> Spending:
        return Spending(
            self.tokens + other.tokens, self.cost + other.cost, self.texts + other.texts, self.cached + other.cached
        )

    def __sub__(self, other: Spending) -> Spending:
        return self + Spending(-other.tokens, -other.cost, -other.texts, -other.cached)


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Some of a user's records, each with its ``kind``, readable; ``cursor`` None: nothing follows."""

    records: list[JsonObject]
    cursor: str | None


class Ledger(ABC):
    """The durable record: events, counters, ingestions, cached texts, budgets. Users are pseudonyms here."""

    @abstractmethod
    def append(self, tenant: str, user: str, event: Event) -> bool:
        """Write one event on the condition that its identity is new; False: it was there already.

        ``event.user_id`` is replaced by ``user`` before anything is stored.
        """

    @abstractmethod
    def event(self, tenant: str, user: str, identity: str) -> Event | None:
        """One event, read consistently; None: it was never appended, or is erased.

        Raises
        ------
        ConfigurationError
            Another version wrote it, in a form unknown to this one.
        """

    @abstractmethod
    def history(self, tenant: str, user: str, limit: int) -> list[Event]:
        """The newest ``limit`` interactions (all but impressions), newest first, ties by identity.

        Read consistently: an event that was appended before is there. Those that another version wrote in a form
        unknown to this one are left out; the stream's consumer sets them aside as dead letters.
        """

    @abstractmethod
    def events(self, tenant: str) -> Iterator[tuple[str, Event]]:
        """All events of a tenant, impressions included, each with its user; in no order.

        For exports and training: it walks over the whole ledger. What was appended during the walk, or in the second
        before it, may be absent.
        """

    @abstractmethod
    def next_revision(self, tenant: str, user: str) -> int:
        """Increment and return the user's revision, starting at 1."""

    @abstractmethod
    def wishes(self, tenant: str, user: str) -> Wishes:
        """What a user decided, read consistently; the default ones of somebody who decided nothing."""

    @abstractmethod
    def save_wishes(self, tenant: str, user: str, wishes: Wishes) -> bool:
        """Write ``wishes`` if the stored revision is still ``wishes.revision``; stores revision + 1.

        False: somebody else wrote meanwhile, read again.
        """

    @abstractmethod
    def tenant_settings(self, tenant: str) -> TenantSettings:
        """What a tenant decided, read consistently; the defaults where it decided nothing."""

    @abstractmethod
    def save_tenant_settings(self, tenant: str, settings: TenantSettings) -> bool:
        """Write ``settings`` if the stored revision is still ``settings.revision``; stores revision + 1."""

    @abstractmethod
    def counters(self, tenant: str, item_ids: Sequence[str]) -> dict[str, Counter]:
        """Counters by item id, read consistently; items never counted are absent from the answer."""

    @abstractmethod
    def save_counter(self, tenant: str, item_id: str, counter: Counter) -> bool:
        """Write ``counter`` if the stored revision is still ``counter.revision``; stores revision + 1.

        False: it moved on, read again.
        """

    @abstractmethod
    def create_ingestion(self, tenant: str, ingestion_id: str, source: str) -> bool:
        """Begin an ingestion as ``planning``; False: it exists already."""

    @abstractmethod
    def update_ingestion(
        self,
        tenant: str,
        ingestion_id: str,
        *,
        status: IngestionStatus,
        chunks: int | None = None,
        reason: str | None = None,
    ) -> None:
        """Record the plan's end or the failure; ``failed`` is never overwritten by another status."""

    @abstractmethod
    def finish_chunk(
        self, tenant: str, ingestion_id: str, chunk: int, *, indexed: int, unchanged: int, rejected: int
    ) -> None:
        """Record one chunk's counts, once: a second call for the same chunk replaces nothing."""

    @abstractmethod
    def chunk_finished(self, tenant: str, ingestion_id: str, chunk: int) -> bool:
        """Whether ``finish_chunk`` was called for this chunk; read consistently."""

    @abstractmethod
    def ingestion(self, tenant: str, ingestion_id: str) -> Ingestion | None:
        """Progress: sums over the chunks that ended. ``succeeded`` when all planned chunks ended."""

    @abstractmethod
    def cached_text(self, tenant: str, key: str, *, user: str | None) -> str | None:
        """A cached rendition's JSON, or None when absent or expired; ``user`` as given to ``cache_text``."""

    @abstractmethod
    def cache_text(self, tenant: str, key: str, text: str, *, expires_at: datetime, user: str | None) -> None:
        """Cache a rendition; a personal one lies under its user's key, so that erasing the user erases it."""

    @abstractmethod
    def spend(
        self, tenant: str, day: date, amount: Spending, *, most_tokens: int | None = None, most_cost: int | None = None
    ) -> bool:
        """Add to what a tenant spent on a day, atomically; False: that would exceed a limit, and nothing was added.

        Negative amounts give back; None is no limit. The record goes some weeks after its day.
        """

    @abstractmethod
    def spent(self, tenant: str, day: date) -> Spending:
        """What a tenant spent on a day, read consistently."""

    @abstractmethod
    def experiments(self, tenant: str) -> list[Experiment]:
        """All experiments of a tenant, read consistently."""

    @abstractmethod
    def save_experiment(self, tenant: str, experiment: Experiment) -> bool:
        """Write ``experiment`` if the stored revision is still ``experiment.revision``; stores revision + 1."""

    @abstractmethod
    def delete_experiment(self, tenant: str, experiment_id: str) -> None:
        """Forget an experiment; an absent one does nothing."""

    @abstractmethod
    def open_job(self, tenant: str, job_id: str, body: str, *, expires_at: datetime) -> bool:
        """Note a batch job before it is started; False: one of this id was noted before."""

    @abstractmethod
    def open_jobs(self, tenant: str) -> dict[str, str]:
        """Bodies of the noted jobs that are not closed, by id; read consistently."""

    @abstractmethod
    def close_job(self, tenant: str, job_id: str) -> bool:
        """Close a job, once; False: somebody else did, or it was never noted."""

    @abstractmethod
    def key(self, key_id: str) -> ApiKey | None:
        """An API key by its id, read consistently, valid or not."""

    @abstractmethod
    def keys(self, tenant: str | None = None) -> list[ApiKey]:
        """A tenant's API keys, or everybody's, valid or not, by id."""

    @abstractmethod
    def save_key(self, key: ApiKey) -> bool:
        """Write ``key`` if the stored revision is still ``key.revision``, 0 for none; stores revision + 1."""

    @abstractmethod
    def issuer(self, url: str) -> Issuer | None:
        """An issuer by its url, read consistently."""

    @abstractmethod
    def issuers(self, tenant: str | None = None) -> list[Issuer]:
        """A tenant's issuers, or everybody's, by url."""

    @abstractmethod
    def save_issuer(self, issuer: Issuer) -> bool:
        """Write ``issuer`` if the stored revision is still ``issuer.revision``, 0 for none; stores revision + 1."""

    @abstractmethod
    def delete_issuer(self, url: str) -> None:
        """Let an issuer's users in no longer; an absent one does nothing."""

    @abstractmethod
    def tenants(self) -> list[str]:
        """All tenants that were ever given an API key or an issuer, sorted."""

    @abstractmethod
    def records(self, tenant: str, user: str, *, limit: int, cursor: str | None = None) -> RecordPage:
        """All that is held of a user, at most ``limit`` records and 1 MB at once; read consistently.

        Raises
        ------
        InvalidRequest
            The cursor is none that a page returned.
        """

    @abstractmethod
    def erase(self, tenant: str, user: str, *, until: Callable[[], bool] = lambda: False) -> dict[str, int]:
        """Delete all that is held of a user, or as much as there is until ``until`` is true; counts by kind.

        Of a user who is marked as erased (:meth:`feedsmith.stores.people.People.begin_erasure`), revisions, wishes
        and texts are refused with ``StoreUnavailable``; who appends an event has to look afterwards.
        """

    @abstractmethod
    def tenant_records(self, tenant: str) -> Iterator[JsonObject]:
        """All that is held of a tenant, keys included. It walks over the whole ledger."""

    @abstractmethod
    def erase_tenant(self, tenant: str) -> int:
        """Delete all that is held of a tenant but its name, who may call first; how many records that were."""

    @abstractmethod
    def forget_tenant(self, tenant: str) -> None:
        """Delete a tenant's name."""

    @abstractmethod
    def reseal(self, tenant: str) -> int:
        """Seal those events anew that lie under an old version of the tenant's key; how many that were."""

    @abstractmethod
    def ping(self) -> None:
        """Return when the ledger answers; raise ``StoreUnavailable`` when it does not."""
