"""The ledger in one DynamoDB table; :mod:`feedsmith.stores.records` draws its layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from feedsmith.errors import NotFound, StoreUnavailable
from feedsmith.models import Event, Ingestion, IngestionStatus, TenantSettings, Wishes, utcnow
from feedsmith.stores.aws import drain, translated
from feedsmith.stores.base import Counter, Ledger, Spending
from feedsmith.stores.records import (
    EVENT_PREFIX,
    Attributes,
    counter_key,
    counter_record,
    event_record,
    ingestion_pk,
    primary_key,
    read_counter,
    read_event,
    text_key,
    unwrap,
    user_pk,
    wrap,
)

_BY_TIME = "by_time"
_BATCH = 100  # keys of one BatchGetItem, DynamoDB's limit
_ABSENT = "attribute_not_exists(pk)"
SPENDING_KEPT = timedelta(days=35)  # a month's bill can still be told apart by day


class DynamoLedger(Ledger):
    """A ledger in one table, each write one conditional item; threads may share it.

    Parameters
    ----------
    client
        Low-level ``dynamodb`` client.
    table
        Name of a table with the keys ``pk`` and ``sk``, a local index ``by_time`` (``pk``, ``time_key``), a stream of
        new images and ``expires_at`` as its TTL attribute.
    clock
        Returns now, timezone-aware.
    """

    def __init__(self, client: Any, table: str, clock: Callable[[], datetime] = utcnow) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    # -- events ----------------------------------------------------------------------------------------------

    def append(self, tenant: str, user: str, event: Event) -> bool:
        return self._put(event_record(tenant, user, event), _ABSENT)

    def history(self, tenant: str, user: str, limit: int) -> list[Event]:
        newest = self._query(
            user_pk(tenant, user),
            IndexName=_BY_TIME,
            ScanIndexForward=False,
            Limit=limit,
            ProjectionExpression="event",  # the keys, which the event itself repeats, would double the answer
        )
        return [read_event(record) for record in islice(newest, limit)]

    def events(self, tenant: str) -> Iterator[tuple[str, Event]]:
        # A scan reads the whole table, a megabyte a page. An index of all events would double the price of each write,
        # to save a job that runs once a day; a table that has outgrown this is better exported to S3.
        for record in self._scan(user_pk(tenant, ""), EVENT_PREFIX):
            event = read_event(record)
            yield event.user_id, event

    def next_revision(self, tenant: str, user: str) -> int:
        with self._translated():
            answer = self._client.update_item(
                TableName=self._table,
                Key=primary_key(user_pk(tenant, user), "META"),
                UpdateExpression="ADD revision :one",
                ExpressionAttributeValues=wrap({":one": 1}),
                ReturnValues="UPDATED_NEW",
            )
        return int(answer["Attributes"]["revision"]["N"])

    # -- decisions -------------------------------------------------------------------------------------------

    def wishes(self, tenant: str, user: str) -> Wishes:
        fields = self._get(primary_key(user_pk(tenant, user), "WISHES"))
        return Wishes() if fields is None else Wishes.model_validate_json(fields["wishes"])

    def save_wishes(self, tenant: str, user: str, wishes: Wishes) -> bool:
        return self._put_revised(primary_key(user_pk(tenant, user), "WISHES"), "wishes", wishes)

    def tenant_settings(self, tenant: str) -> TenantSettings:
        fields = self._get(primary_key(f"{tenant}#SETTINGS", "SETTINGS"))
        return TenantSettings() if fields is None else TenantSettings.model_validate_json(fields["settings"])

    def save_tenant_settings(self, tenant: str, settings: TenantSettings) -> bool:
        return self._put_revised(primary_key(f"{tenant}#SETTINGS", "SETTINGS"), "settings", settings)

    # -- counters --------------------------------------------------------------------------------------------

    def counters(self, tenant: str, item_ids: Sequence[str]) -> dict[str, Counter]:
        keys = [counter_key(tenant, item_id) for item_id in dict.fromkeys(item_ids)]
        found: dict[str, Counter] = {}
        for start in range(0, len(keys), _BATCH):
            found.update(map(read_counter, self._get_batch(keys[start : start + _BATCH])))
        return found

    def save_counter(self, tenant: str, item_id: str, counter: Counter) -> bool:
        record = counter_record(tenant, item_id, counter, counter.revision + 1)
        if counter.revision == 0:
            return self._put(record, _ABSENT)
        return self._put(record, "revision = :read", {":read": counter.revision})

    # -- ingestions ------------------------------------------------------------------------------------------

    def create_ingestion(self, tenant: str, ingestion_id: str, source: str) -> bool:
        now = self._now()
        begun = wrap({"status": "planning", "source": source, "started_at": now, "updated_at": now})
        return self._put(primary_key(ingestion_pk(tenant, ingestion_id), "META") | begun, _ABSENT)

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
        self._put(record | wrap({**counts, "updated_at": self._now()}), _ABSENT)

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
        self._put(text_key(tenant, key, user) | wrap({"text": text, "expires_at": int(expires_at.timestamp())}))

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
        request: dict[str, Any] = {
            "TableName": self._table,
            "Key": primary_key(f"{tenant}#SPENT#{day.isoformat()}", "SPENT"),
            "UpdateExpression": "ADD #tokens :tokens, #cost :cost SET expires_at = :expires_at",
            "ExpressionAttributeNames": {"#tokens": "tokens", "#cost": "cost"},
            "ExpressionAttributeValues": wrap(
                {
                    ":tokens": amount.tokens,
                    ":cost": amount.cost,
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
        return Spending() if fields is None else Spending(fields["tokens"], fields["cost"])

    # -- batch jobs ------------------------------------------------------------------------------------------

    def open_job(self, tenant: str, job_id: str, body: str, *, expires_at: datetime) -> bool:
        noted = wrap({"job": body, "open": 1, "expires_at": int(expires_at.timestamp())})
        return self._put(_job_key(tenant, job_id) | noted, _ABSENT)

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

    # -- keys ------------------------------------------------------------------------------------------------

    def tenant_of_key(self, key_hash: str) -> dict[str, str] | None:
        fields = self._get(primary_key(f"KEY#{key_hash}", "KEY"))
        return None if fields is None else {name: fields[name] for name in ("tenant", "role", "subject")}

    def save_key(self, key_hash: str, *, tenant: str, role: str, subject: str) -> None:
        # The tenant first: were the second write lost, there must not be a key whose tenant no schedule visits.
        self._put(primary_key("TENANTS", tenant))
        self._put(primary_key(f"KEY#{key_hash}", "KEY") | wrap({"tenant": tenant, "role": role, "subject": subject}))

    def tenants(self) -> list[str]:
        return sorted(record["sk"]["S"] for record in self._query("TENANTS"))

    def ping(self) -> None:
        self._get(primary_key("PING", "PING"))

    # -- calls -----------------------------------------------------------------------------------------------

    def _now(self) -> str:
        return self._clock().isoformat(timespec="microseconds")

    def _translated(self) -> AbstractContextManager[None]:
        return translated(f"DynamoDB table {self._table!r}", "FEEDSMITH_TABLE")

    def _put(self, record: Attributes, condition: str | None = None, values: Mapping[str, int] | None = None) -> bool:
        """Write a record; False: the condition does not hold."""
        request: dict[str, Any] = {"TableName": self._table, "Item": record}
        if condition is not None:
            request["ConditionExpression"] = condition
        if values is not None:
            request["ExpressionAttributeValues"] = wrap(values)
        with self._translated():
            try:
                self._client.put_item(**request)
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def _put_revised(self, key: Attributes, name: str, model: Wishes | TenantSettings) -> bool:
        """Write a model with its revision, one higher, if the stored one is still the model's."""
        stored = model.model_copy(update={"revision": model.revision + 1})
        record = key | wrap({name: stored.model_dump_json(), "revision": stored.revision})
        if model.revision == 0:
            return self._put(record, _ABSENT)
        return self._put(record, "revision = :read", {":read": model.revision})

    def _get(self, record_key: Attributes) -> dict[str, Any] | None:
        with self._translated():
            answer = self._client.get_item(TableName=self._table, Key=record_key, ConsistentRead=True)
        return unwrap(answer["Item"]) if "Item" in answer else None

    def _get_batch(self, keys: Sequence[Attributes]) -> list[Attributes]:
        """Read at most 100 records; absent ones are absent from the answer."""
        records: list[Attributes] = []

        def step(pending: Sequence[Attributes]) -> Sequence[Attributes]:
            with self._translated():
                answer = self._client.batch_get_item(
                    RequestItems={self._table: {"Keys": pending, "ConsistentRead": True}}
                )
            records.extend(answer["Responses"].get(self._table, []))
            unprocessed: Sequence[Attributes] = answer["UnprocessedKeys"].get(self._table, {}).get("Keys", [])
            return unprocessed

        if left := drain(step, keys):
            raise StoreUnavailable(
                f"DynamoDB table {self._table!r} left {len(left)} of {len(keys)} keys unread: it is throttled; try "
                "again, and if that goes on, raise its limits"
            )
        return records

    def _query(self, pk: str, **options: Any) -> Iterator[Attributes]:
        """Walk over a partition, page by page; ``options`` go to Query."""
        while True:
            with self._translated():
                answer = self._client.query(
                    TableName=self._table,
                    KeyConditionExpression="pk = :pk",
                    ExpressionAttributeValues=wrap({":pk": pk}),
                    ConsistentRead=True,
                    **options,
                )
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            options["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _scan(self, pk_prefix: str, sk_prefix: str) -> Iterator[Attributes]:
        """Walk over the table, page by page, for the events of records whose keys begin so."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "FilterExpression": "begins_with(pk, :pk) AND begins_with(sk, :sk)",
            "ExpressionAttributeValues": wrap({":pk": pk_prefix, ":sk": sk_prefix}),
            "ProjectionExpression": "event",
        }
        while True:
            with self._translated():
                answer = self._client.scan(**request)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _status(stored: IngestionStatus, chunks: int | None, done: int) -> IngestionStatus:
    """What is stored, until the plan is known; then it follows from the chunks that ended, unless it failed."""
    if stored == "failed" or chunks is None:
        return stored
    return "succeeded" if done >= chunks else "running"


def _job_key(tenant: str, job_id: str) -> Attributes:
    return primary_key(f"{tenant}#JOBS", f"JOB#{job_id}")


def _chunk_key(tenant: str, ingestion_id: str, chunk: int) -> Attributes:
    return primary_key(ingestion_pk(tenant, ingestion_id), f"CHUNK#{chunk:05}")
