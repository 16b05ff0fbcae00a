"""The ledger in one DynamoDB table; :mod:`feedsmith.stores.records` draws its layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from feedsmith.errors import NotFound
from feedsmith.experiments import Experiment
from feedsmith.models import Event, Ingestion, IngestionStatus, TenantSettings, Wishes, utcnow
from feedsmith.stores.dynamodb_callers import CallerRecords
from feedsmith.stores.dynamodb_rights import RightsRecords
from feedsmith.stores.dynamodb_table import ABSENT
from feedsmith.stores.keyring import Sealer
from feedsmith.stores.ledger import Counter, Spending
from feedsmith.stores.records import (
    EVENT_PREFIX,
    Attributes,
    counter_key,
    counter_record,
    event_record,
    experiments_pk,
    ingestion_pk,
    primary_key,
    read_counter,
    read_event,
    readable_events,
    text_key,
    unwrap,
    user_pk,
    wrap,
)

_BY_TIME = "by_time"
SPENDING_KEPT = timedelta(days=35)  # a month's bill can still be told apart by day


class DynamoLedger(RightsRecords, CallerRecords):
    """A ledger in one table, each write one conditional item; threads may share it.

    Parameters
    ----------
    client
        Low-level ``dynamodb`` client.
    table
        Name of a table with the keys ``pk`` and ``sk``, a local index ``by_time`` (``pk``, ``time_key``), a stream of
        new images and ``expires_at`` as its TTL attribute.
    sealer
        Encrypts the events.
    clock
        Returns now, timezone-aware.
    """

    def __init__(self, client: Any, table: str, sealer: Sealer, clock: Callable[[], datetime] = utcnow) -> None:
        super().__init__(client, table)
        self._sealer = sealer
        self._clock = clock

    # -- events ----------------------------------------------------------------------------------------------

    def append(self, tenant: str, user: str, event: Event) -> bool:
        return self._put(event_record(tenant, user, event, self._sealer), ABSENT)

    def event(self, tenant: str, user: str, identity: str) -> Event | None:
        with self._translated():
            answer = self._client.get_item(
                TableName=self._table,
                Key=primary_key(user_pk(tenant, user), EVENT_PREFIX + identity),
                ConsistentRead=True,
            )
        return read_event(answer["Item"], tenant, user, self._sealer) if "Item" in answer else None

    def history(self, tenant: str, user: str, limit: int) -> list[Event]:
        newest = self._query(
            user_pk(tenant, user),
            IndexName=_BY_TIME,
            ScanIndexForward=False,
            Limit=limit,
            ProjectionExpression="event",  # the keys, which the event itself repeats, would double the answer
        )
        return readable_events(islice(newest, limit), tenant, user, self._sealer)

    def events(self, tenant: str) -> Iterator[tuple[str, Event]]:
        # A scan reads the whole table, a megabyte a page. An index of all events would double the price of each write,
        # to save a job that runs once a day; a table that has outgrown this is better exported to S3.
        for record in self._scan(user_pk(tenant, ""), EVENT_PREFIX, ProjectionExpression="pk, event"):
            user = record["pk"]["S"].removeprefix(user_pk(tenant, ""))
            yield user, read_event(record, tenant, user, self._sealer)

    def next_revision(self, tenant: str, user: str) -> int:
        key = primary_key(user_pk(tenant, user), "META")
        with self._translated():
            answer = self._client.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression="ADD revision :one",
                ExpressionAttributeValues=wrap({":one": 1}),
                ReturnValues="UPDATED_NEW",
            )
        self._refuse_erased(tenant, user, key)
        return int(answer["Attributes"]["revision"]["N"])

    # -- decisions -------------------------------------------------------------------------------------------

    def wishes(self, tenant: str, user: str) -> Wishes:
        fields = self._get(primary_key(user_pk(tenant, user), "WISHES"))
        return Wishes() if fields is None else Wishes.model_validate_json(fields["wishes"])

    def save_wishes(self, tenant: str, user: str, wishes: Wishes) -> bool:
        key = primary_key(user_pk(tenant, user), "WISHES")
        saved = self._put_revised(key, "wishes", wishes)
        self._refuse_erased(tenant, user, key)
        return saved

    def tenant_settings(self, tenant: str) -> TenantSettings:
        fields = self._get(primary_key(f"{tenant}#SETTINGS", "SETTINGS"))
        return TenantSettings() if fields is None else TenantSettings.model_validate_json(fields["settings"])

    def save_tenant_settings(self, tenant: str, settings: TenantSettings) -> bool:
        return self._put_revised(primary_key(f"{tenant}#SETTINGS", "SETTINGS"), "settings", settings)

    # -- counters --------------------------------------------------------------------------------------------

    def counters(self, tenant: str, item_ids: Sequence[str]) -> dict[str, Counter]:
        keys = [counter_key(tenant, item_id) for item_id in dict.fromkeys(item_ids)]
        return dict(map(read_counter, self._get_all(keys)))

    def save_counter(self, tenant: str, item_id: str, counter: Counter) -> bool:
        record = counter_record(tenant, item_id, counter, counter.revision + 1)
        if counter.revision == 0:
            return self._put(record, ABSENT)
        return self._put(record, "revision = :read", {":read": counter.revision})

    # -- ingestions ------------------------------------------------------------------------------------------

    def create_ingestion(self, tenant: str, ingestion_id: str, source: str) -> bool:
        now = self._now()
        begun = wrap({"status": "planning", "source": source, "started_at": now, "updated_at": now})
        return self._put(primary_key(ingestion_pk(tenant, ingestion_id), "META") | begun, ABSENT)

    def update_ingestion(
        self,
        tenant: str,
        ingestion_id: str,
        *,
        status: IngestionStatus,
        chunks: int | None = None,
        reason: str | None = None,
    ) -> None:
        values = wrap({":status": status, ":updated_at": self._now(), ":chunks": chunks, ":reason": reason})
        # Every name goes through a placeholder, for `status` is one of DynamoDB's reserved words.
        names = {f"#{value[1:]}": value[1:] for value in values}
        with self._translated():
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=primary_key(ingestion_pk(tenant, ingestion_id), "META"),
                    UpdateExpression="SET " + ", ".join(f"{name} = :{name[1:]}" for name in names),
                    ConditionExpression="attribute_exists(pk) AND #status <> :failed",
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=values | wrap({":failed": "failed"}),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self._client.exceptions.ConditionalCheckFailedException as error:
                if "Item" not in error.response:
                    raise NotFound(f"ingestion {ingestion_id!r} was never created") from error

    def finish_chunk(
        self, tenant: str, ingestion_id: str, chunk: int, *, indexed: int, unchanged: int, rejected: int
    ) -> None:
        counts = {"indexed": indexed, "unchanged": unchanged, "rejected": rejected}
        record = _chunk_key(tenant, ingestion_id, chunk)
        self._put(record | wrap({**counts, "updated_at": self._now()}), ABSENT)

    def chunk_finished(self, tenant: str, ingestion_id: str, chunk: int) -> bool:
        return self._get(_chunk_key(tenant, ingestion_id, chunk)) is not None

    def ingestion(self, tenant: str, ingestion_id: str) -> Ingestion | None:
        records = {record["sk"]["S"]: unwrap(record) for record in self._query(ingestion_pk(tenant, ingestion_id))}
        meta = records.pop("META", None)
        if meta is None:
            return None
        done = list(records.values())
        return Ingestion(
            id=ingestion_id,
            status=_status(meta["status"], meta.get("chunks"), len(done)),
            source=meta["source"],
            chunks=meta.get("chunks"),
            chunks_done=len(done),
            indexed=sum(chunk["indexed"] for chunk in done),
            unchanged=sum(chunk["unchanged"] for chunk in done),
            rejected=sum(chunk["rejected"] for chunk in done),
            reason=meta.get("reason"),
            started_at=meta["started_at"],
            updated_at=max(record["updated_at"] for record in [meta, *done]),
        )

    # -- texts -----------------------------------------------------------------------------------------------

    def cached_text(self, tenant: str, key: str, *, user: str | None) -> str | None:
        fields = self._get(text_key(tenant, key, user))
        # DynamoDB deletes expired items days late, so the reader looks at the time too.
        return fields["text"] if fields is not None and self._clock().timestamp() < fields["expires_at"] else None

    def cache_text(self, tenant: str, key: str, text: str, *, expires_at: datetime, user: str | None) -> None:
        lies_under = text_key(tenant, key, user)
        self._put(lies_under | wrap({"text": text, "expires_at": int(expires_at.timestamp())}))
        if user is not None:
            self._refuse_erased(tenant, user, lies_under)

    # -- budgets ---------------------------------------------------------------------------------------------

    def spend(
        self, tenant: str, day: date, amount: Spending, *, most_tokens: int | None = None, most_cost: int | None = None
    ) -> bool:
        limits = {"tokens": (amount.tokens, most_tokens), "cost": (amount.cost, most_cost)}
        # A condition cannot add, so it compares what is there with the room that the amount leaves.
        room = {name: most - value for name, (value, most) in limits.items() if most is not None}
        if any(left < 0 for left in room.values()):
            return False
        expires_at = datetime.combine(day + SPENDING_KEPT, time.min, UTC)
        added = ", ".join(f"#{name} :{name}" for name in asdict(amount))
        request: dict[str, Any] = {
            "TableName": self._table,
            "Key": primary_key(f"{tenant}#SPENT#{day.isoformat()}", "SPENT"),
            "UpdateExpression": f"ADD {added} SET expires_at = :expires_at",
            "ExpressionAttributeNames": {f"#{name}": name for name in asdict(amount)},
            "ExpressionAttributeValues": wrap(
                {
                    **{f":{name}": value for name, value in asdict(amount).items()},
                    ":expires_at": int(expires_at.timestamp()),
                    **{f":room_{name}": left for name, left in room.items()},
                }
            ),
        }
        if room:
            request["ConditionExpression"] = " AND ".join(
                f"(attribute_not_exists(#{name}) OR #{name} <= :room_{name})" for name in room
            )
        with self._translated():
            try:
                self._client.update_item(**request)
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def spent(self, tenant: str, day: date) -> Spending:
        fields = self._get(primary_key(f"{tenant}#SPENT#{day.isoformat()}", "SPENT"))
        return Spending(**{name: (fields or {}).get(name, 0) for name in asdict(Spending())})

    # -- experiments -----------------------------------------------------------------------------------------

    def experiments(self, tenant: str) -> list[Experiment]:
        stored = self._query(experiments_pk(tenant))
        return [Experiment.model_validate_json(record["experiment"]["S"]) for record in stored]

    def save_experiment(self, tenant: str, experiment: Experiment) -> bool:
        key = primary_key(experiments_pk(tenant), experiment.id)
        return self._put_revised(key, "experiment", experiment)

    def delete_experiment(self, tenant: str, experiment_id: str) -> None:
        self._delete(primary_key(experiments_pk(tenant), experiment_id))

    # -- batch jobs ------------------------------------------------------------------------------------------

    def open_job(self, tenant: str, job_id: str, body: str, *, expires_at: datetime) -> bool:
        noted = wrap({"job": body, "open": 1, "expires_at": int(expires_at.timestamp())})
        return self._put(_job_key(tenant, job_id) | noted, ABSENT)

    def open_jobs(self, tenant: str) -> dict[str, str]:
        records = [unwrap(record) for record in self._query(f"{tenant}#JOBS")]
        return {record["sk"].removeprefix("JOB#"): record["job"] for record in records if record["open"]}

    def close_job(self, tenant: str, job_id: str) -> bool:
        with self._translated():
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_job_key(tenant, job_id),
                    UpdateExpression="SET #open = :no",
                    ConditionExpression="#open = :yes",
                    ExpressionAttributeNames={"#open": "open"},
                    ExpressionAttributeValues=wrap({":yes": 1, ":no": 0}),
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    # -- health ----------------------------------------------------------------------------------------------

    def ping(self) -> None:
        self._get(primary_key("PING", "PING"))

    # -- calls -----------------------------------------------------------------------------------------------

    def _now(self) -> str:
        return self._clock().isoformat(timespec="microseconds")


def _status(stored: IngestionStatus, chunks: int | None, done: int) -> IngestionStatus:
    """What is stored, until the plan is known; then it follows from the chunks that ended, unless it failed."""
    if stored == "failed" or chunks is None:
        return stored
    return "succeeded" if done >= chunks else "running"


def _job_key(tenant: str, job_id: str) -> Attributes:
    return primary_key(f"{tenant}#JOBS", f"JOB#{job_id}")


def _chunk_key(tenant: str, ingestion_id: str, chunk: int) -> Attributes:
    return primary_key(ingestion_pk(tenant, ingestion_id), f"CHUNK#{chunk:05}")
