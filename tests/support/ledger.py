"""In-memory ledger, blobs and queue: they pass the same contracts as the AWS adapters, without a client."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from threading import RLock

from feedsmith.errors import NotFound, UploadError
from feedsmith.experiments import Experiment
from feedsmith.models import ApiKey, Event, Ingestion, IngestionStatus, Issuer, TenantSettings, Wishes, utcnow
from feedsmith.stores.ledger import Counter, Spending, StreamRecord
from feedsmith.stores.objects import Blobs, Chunk, ChunkQueue
from support.ledger_rights import InMemoryRights
from support.rights import InMemoryPeople

BLOCK = 1024 * 1024


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@dataclass
class _Ingestion:
    source: str
    started_at: datetime
    updated_at: datetime
    status: IngestionStatus = "planning"
    chunks: int | None = None
    reason: str | None = None


@dataclass(frozen=True)
class _DoneChunk:
    indexed: int
    unchanged: int
    rejected: int
    updated_at: datetime


class InMemoryLedger(InMemoryRights):
    """A ledger in dictionaries.

    ``stream`` holds what the table's stream would deliver, in order, all in one shard.
    """

    def __init__(self, clock: Callable[[], datetime] = utcnow, people: InMemoryPeople | None = None) -> None:
        self.people = people or InMemoryPeople()
        self.stream: list[StreamRecord] = []
        self._clock = clock
        self._lock = RLock()
        self._events: dict[tuple[str, str], dict[str, Event]] = defaultdict(dict)
        self._revisions: dict[tuple[str, str], int] = defaultdict(int)
        self._counters: dict[tuple[str, str], Counter] = {}
        self._ingestions: dict[tuple[str, str], _Ingestion] = {}
        self._chunks: dict[tuple[str, str], dict[int, _DoneChunk]] = defaultdict(dict)
        self._texts: dict[tuple[str, str | None, str], tuple[str, datetime]] = {}
        self._wishes: dict[tuple[str, str], Wishes] = {}
        self._settings: dict[str, TenantSettings] = {}
        self._keys: dict[str, ApiKey] = {}
        self._issuers: dict[str, Issuer] = {}
        self._tenants: set[str] = set()
        self._spent: dict[tuple[str, date], Spending] = defaultdict(Spending)
        self._experiments: dict[tuple[str, str], Experiment] = {}
        self._jobs: dict[tuple[str, str], str | None] = {}

    def append(self, tenant: str, user: str, event: Event) -> bool:
        stored = event.model_copy(update={"user_id": user})
        with self._lock:
            events = self._events[tenant, user]
            if stored.identity in events:
                return False
            events[stored.identity] = stored
            sequence = str(len(self.stream) + 1)
            self.stream.append(StreamRecord(tenant, user, stored, "shard-0", sequence))
            return True

    def event(self, tenant: str, user: str, identity: str) -> Event | None:
        with self._lock:
            return self._events[tenant, user].get(identity)

    def history(self, tenant: str, user: str, limit: int) -> list[Event]:
        with self._lock:
            events = list(self._events[tenant, user].values())
        interactions = [event for event in events if event.type != "impression"]
        return sorted(interactions, key=lambda event: (event.at, event.identity), reverse=True)[:limit]

    def events(self, tenant: str) -> Iterator[tuple[str, Event]]:
        with self._lock:
            held = {user: list(events.values()) for (owner, user), events in self._events.items() if owner == tenant}
        for user, events in held.items():
            for event in events:
                yield user, event

    def next_revision(self, tenant: str, user: str) -> int:
        with self._lock:
            self._revisions[tenant, user] += 1
            self._refuse_erased(tenant, user, self._revisions, (tenant, user))
            return self._revisions[tenant, user]

    def wishes(self, tenant: str, user: str) -> Wishes:
        with self._lock:
            return self._wishes.get((tenant, user), Wishes())

    def save_wishes(self, tenant: str, user: str, wishes: Wishes) -> bool:
        with self._lock:
            if self.wishes(tenant, user).revision != wishes.revision:
                return False
            self._wishes[tenant, user] = wishes.model_copy(update={"revision": wishes.revision + 1})
            self._refuse_erased(tenant, user, self._wishes, (tenant, user))
            return True

    def tenant_settings(self, tenant: str) -> TenantSettings:
        with self._lock:
            return self._settings.get(tenant, TenantSettings())

    def save_tenant_settings(self, tenant: str, settings: TenantSettings) -> bool:
        with self._lock:
            if self.tenant_settings(tenant).revision != settings.revision:
                return False
            self._settings[tenant] = settings.model_copy(update={"revision": settings.revision + 1})
            return True

    def counters(self, tenant: str, item_ids: Sequence[str]) -> dict[str, Counter]:
        with self._lock:
            return {key: self._counters[tenant, key] for key in item_ids if (tenant, key) in self._counters}

    def save_counter(self, tenant: str, item_id: str, counter: Counter) -> bool:
        with self._lock:
            if self._counters.get((tenant, item_id), Counter()).revision != counter.revision:
                return False
            self._counters[tenant, item_id] = replace(
                counter, counts=dict(counter.counts), positions=dict(counter.positions), revision=counter.revision + 1
            )
            return True

    def create_ingestion(self, tenant: str, ingestion_id: str, source: str) -> bool:
        with self._lock:
            if (tenant, ingestion_id) in self._ingestions:
                return False
            self._ingestions[tenant, ingestion_id] = _Ingestion(source, self._clock(), self._clock())
            return True

    def update_ingestion(
        self,
        tenant: str,
        ingestion_id: str,
        *,
        status: IngestionStatus,
        chunks: int | None = None,
        reason: str | None = None,
    ) -> None:
        with self._lock:
            if (tenant, ingestion_id) not in self._ingestions:
                raise NotFound(f"ingestion {ingestion_id!r} was never created")
            ingestion = self._ingestions[tenant, ingestion_id]
            if ingestion.status == "failed":
                return
            ingestion.status, ingestion.updated_at = status, self._clock()
            ingestion.chunks = ingestion.chunks if chunks is None else chunks
            ingestion.reason = ingestion.reason if reason is None else reason

    def finish_chunk(
        self, tenant: str, ingestion_id: str, chunk: int, *, indexed: int, unchanged: int, rejected: int
    ) -> None:
        with self._lock:
            done = _DoneChunk(indexed, unchanged, rejected, self._clock())
            self._chunks[tenant, ingestion_id].setdefault(chunk, done)

    def chunk_finished(self, tenant: str, ingestion_id: str, chunk: int) -> bool:
        with self._lock:
            return chunk in self._chunks.get((tenant, ingestion_id), {})

    def ingestion(self, tenant: str, ingestion_id: str) -> Ingestion | None:
        with self._lock:
            if (tenant, ingestion_id) not in self._ingestions:
                return None
            stored = self._ingestions[tenant, ingestion_id]
            status, done = stored.status, list(self._chunks[tenant, ingestion_id].values())
            if status != "failed" and stored.chunks is not None:
                status = "succeeded" if len(done) >= stored.chunks else "running"
            return Ingestion(
                id=ingestion_id,
                status=status,
                source=stored.source,
                chunks=stored.chunks,
                chunks_done=len(done),
                indexed=sum(chunk.indexed for chunk in done),
                unchanged=sum(chunk.unchanged for chunk in done),
                rejected=sum(chunk.rejected for chunk in done),
                reason=stored.reason,
                started_at=stored.started_at,
                updated_at=max([stored.updated_at, *(chunk.updated_at for chunk in done)]),
            )

    def cached_text(self, tenant: str, key: str, *, user: str | None) -> str | None:
        text, expires_at = self._texts.get((tenant, user, key), (None, None))
        return text if expires_at is not None and self._clock() < expires_at else None

    def cache_text(self, tenant: str, key: str, text: str, *, expires_at: datetime, user: str | None) -> None:
        self._texts[tenant, user, key] = (text, expires_at)
        if user is not None:
            self._refuse_erased(tenant, user, self._texts, (tenant, user, key))

    def spend(
        self, tenant: str, day: date, amount: Spending, *, most_tokens: int | None = None, most_cost: int | None = None
    ) -> bool:
        with self._lock:
            spent = self._spent[tenant, day]
            after = spent + amount
            if most_tokens is not None and after.tokens > most_tokens:
                return False
            if most_cost is not None and after.cost > most_cost:
                return False
            self._spent[tenant, day] = after
            return True

    def spent(self, tenant: str, day: date) -> Spending:
        with self._lock:
            return self._spent[tenant, day]

    def experiments(self, tenant: str) -> list[Experiment]:
        with self._lock:
            return [held for (owner, _), held in self._experiments.items() if owner == tenant]

    def save_experiment(self, tenant: str, experiment: Experiment) -> bool:
        with self._lock:
            stored = self._experiments.get((tenant, experiment.id))
            if (0 if stored is None else stored.revision) != experiment.revision:
                return False
            revised = experiment.model_copy(update={"revision": experiment.revision + 1})
            self._experiments[tenant, experiment.id] = revised
            return True

    def delete_experiment(self, tenant: str, experiment_id: str) -> None:
        with self._lock:
            self._experiments.pop((tenant, experiment_id), None)

    def open_job(self, tenant: str, job_id: str, body: str, *, expires_at: datetime) -> bool:
        with self._lock:
            if (tenant, job_id) in self._jobs:
                return False
            self._jobs[tenant, job_id] = body
            return True

    def open_jobs(self, tenant: str) -> dict[str, str]:
        with self._lock:
            return {key: body for (owner, key), body in self._jobs.items() if owner == tenant and body is not None}

    def close_job(self, tenant: str, job_id: str) -> bool:
        with self._lock:
            open_now = self._jobs.get((tenant, job_id)) is not None
            if open_now:
                self._jobs[tenant, job_id] = None
            return open_now

    def key(self, key_id: str) -> ApiKey | None:
        return self._keys.get(key_id)

    def keys(self, tenant: str | None = None) -> list[ApiKey]:
        with self._lock:
            return [key for _, key in sorted(self._keys.items()) if tenant in (None, key.tenant)]

    def save_key(self, key: ApiKey) -> bool:
        with self._lock:
            stored = self._keys.get(key.id)
            if (0 if stored is None else stored.revision) != key.revision:
                return False
            self._keys[key.id] = key.model_copy(update={"revision": key.revision + 1})
            self._tenants.add(key.tenant)
            return True

    def issuer(self, url: str) -> Issuer | None:
        return self._issuers.get(url)

    def issuers(self, tenant: str | None = None) -> list[Issuer]:
        with self._lock:
            return [issuer for _, issuer in sorted(self._issuers.items()) if tenant in (None, issuer.tenant)]

    def save_issuer(self, issuer: Issuer) -> bool:
        with self._lock:
            stored = self._issuers.get(issuer.url)
            if (0 if stored is None else stored.revision) != issuer.revision:
                return False
            self._issuers[issuer.url] = issuer.model_copy(update={"revision": issuer.revision + 1})
            self._tenants.add(issuer.tenant)
            return True

    def delete_issuer(self, url: str) -> None:
        with self._lock:
            self._issuers.pop(url, None)

    def tenants(self) -> list[str]:
        return sorted(self._tenants)

    def ping(self) -> None:
        return


class InMemoryBlobs(Blobs):
    """Versioned objects in a dictionary; each write is a new version, named "1", "2", ..."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, str], list[bytes]] = defaultdict(list)

    def stream(self, bucket: str, key: str, version: str | None = None) -> Iterator[bytes]:
        body = self._body(bucket, key, version)
        for start in range(0, len(body), BLOCK):
            yield body[start : start + BLOCK]

    def read_range(self, bucket: str, key: str, start: int, end: int, version: str | None = None) -> bytes:
        body = self._body(bucket, key, version)
        if end > len(body):
            raise UploadError(f"s3://{bucket}/{key} ends before byte {end}: upload it again")
        return body[start:end]

    def write(self, bucket: str, key: str, body: bytes) -> str | None:
        self._versions[bucket, key].append(body)
        return str(len(self._versions[bucket, key]))

    def delete(self, bucket: str, prefix: str) -> int:
        names = [(owner, key) for owner, key in self._versions if owner == bucket and key.startswith(prefix)]
        return sum(len(self._versions.pop(name)) for name in names)

    def read(self, bucket: str, key: str) -> bytes | None:
        versions = self._versions.get((bucket, key))
        return versions[-1] if versions else None

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        return sorted(key for owner, key in self._versions if owner == bucket and key.startswith(prefix))

    def _body(self, bucket: str, key: str, version: str | None) -> bytes:
        versions = self._versions.get((bucket, key), [])
        number = len(versions) if version is None else int(version) if version.isdecimal() else 0
        if not 1 <= number <= len(versions):
            raise UploadError(f"s3://{bucket}/{key} (version {version}) is not there: upload it again")
        return versions[number - 1]


class InMemoryQueue(ChunkQueue):
    """A queue that keeps what was sent in ``sent``."""

    def __init__(self) -> None:
        self.sent: list[Chunk] = []

    def send(self, chunks: Iterable[Chunk]) -> None:
        self.sent.extend(chunks)
