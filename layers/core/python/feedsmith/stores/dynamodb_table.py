"""Calls to the one table, which all of its adapters share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any

from feedsmith.errors import StoreUnavailable
from feedsmith.stores.aws import drain, translated
from feedsmith.stores.dynamodb_callers import Revised
from feedsmith.stores.records import Attributes, unwrap, wrap

ABSENT = "attribute_not_exists(pk)"
# DynamoDB's limits of one BatchWriteItem and one BatchGetItem.
_DELETED_AT_ONCE = 25
_READ_AT_ONCE = 100


class DynamoTable:
    """A table with the keys ``pk`` and ``sk``; threads may share it.

    Parameters
    ----------
    client
        Low-level ``dynamodb`` client.
    table
        Its name.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

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

    def _put_revised(self, key: Attributes, name: str, model: Revised) -> bool:
        """Write a model with its revision, one higher, if the stored one is still the model's."""
        stored = model.model_copy(update={"revision": model.revision + 1})
        record = key | wrap({name: stored.model_dump_json(), "revision": stored.revision})
        if model.revision == 0:
            return self._put(record, ABSENT)
        return self._put(record, "revision = :read", {":read": model.revision})

    def _delete(self, record_key: Attributes) -> None:
        with self._translated():
            self._client.delete_item(TableName=self._table, Key=record_key)

    def _get(self, record_key: Attributes) -> dict[str, Any] | None:
        with self._translated():
            answer = self._client.get_item(TableName=self._table, Key=record_key, ConsistentRead=True)
        return unwrap(answer["Item"]) if "Item" in answer else None

    def _delete_all(self, keys: Iterable[Attributes], until: Callable[[], bool] = lambda: False) -> int:
        """Delete records, 25 at a time, while ``until`` is false; how many were."""
        deleted = 0

        def step(pending: Sequence[Attributes]) -> Sequence[Attributes]:
            with self._translated():
                answer = self._client.batch_write_item(
                    RequestItems={self._table: [{"DeleteRequest": {"Key": key}} for key in pending]}
                )
            left = answer["UnprocessedItems"].get(self._table, [])
            return [entry["DeleteRequest"]["Key"] for entry in left]

        rest = iter(keys)
        while (some := list(islice(rest, _DELETED_AT_ONCE))) and not until():
            if left := drain(step, some):
                raise StoreUnavailable(
                    f"DynamoDB table {self._table!r} left {len(left)} of {len(some)} records undeleted: it is "
                    "throttled; try again, and if that goes on, raise its limits"
                )
            deleted += len(some)
        return deleted

    def _get_all(self, keys: Sequence[Attributes]) -> Iterator[Attributes]:
        """Read records, 100 at a time; absent ones are absent from the answer."""
        for start in range(0, len(keys), _READ_AT_ONCE):
            yield from self._get_batch(keys[start : start + _READ_AT_ONCE])

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

    def _query_page(self, pk: str, **options: Any) -> dict[str, Any]:
        """One page of a partition, at most 1 MB."""
        with self._translated():
            answer: dict[str, Any] = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues=wrap({":pk": pk}),
                ConsistentRead=True,
                **options,
            )
        return answer

    def _query(self, pk: str, **options: Any) -> Iterator[Attributes]:
        """Walk over a partition, page by page; ``options`` go to Query."""
        while True:
            answer = self._query_page(pk, **options)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            options["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _scan(self, pk_prefix: str, sk_prefix: str = "", **options: Any) -> Iterator[Attributes]:
        """Walk over the table, page by page, for the records whose keys begin so; ``options`` go to Scan."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "FilterExpression": "begins_with(pk, :pk) AND begins_with(sk, :sk)",
            "ExpressionAttributeValues": wrap({":pk": pk_prefix, ":sk": sk_prefix}),
            **options,
        }
        while True:
            with self._translated():
                answer = self._client.scan(**request)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
