"""All records of a user, and of a tenant: to be read, and to be erased."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from feedsmith.errors import InvalidRequest, StoreUnavailable
from feedsmith.models import JsonObject
from feedsmith.stores.dynamodb_table import DynamoTable
from feedsmith.stores.keyring import Sealer, sealed_under
from feedsmith.stores.ledger import Ledger, RecordPage
from feedsmith.stores.people import erased_mark
from feedsmith.stores.records import (
    EVENT_PREFIX,
    Attributes,
    erased_key,
    primary_key,
    read_event,
    unwrap,
    user_pk,
    wrap,
)

# What begins the sort keys under a user, and how a record of that kind is called to the outside.
_KINDS: Final = {"E#": "event", "T#": "text", "META": "revision", "WISHES": "wishes"}
# Partitions of several tenants, and the attribute that holds a record's own model, which names its tenant.
_SHARED: Final = {"KEYS": "key", "ISSUERS": "issuer"}


class RightsRecords(DynamoTable, Ledger):
    """The part of :class:`~feedsmith.stores.dynamodb.DynamoLedger` that shows and erases."""

    _sealer: Sealer

    def records(self, tenant: str, user: str, *, limit: int, cursor: str | None = None) -> RecordPage:
        options: dict[str, Any] = {"Limit": limit}
        if cursor is not None:
            options["ExclusiveStartKey"] = primary_key(user_pk(tenant, user), _sort_key(cursor))
        answer = self._query_page(user_pk(tenant, user), **options)
        last = answer.get("LastEvaluatedKey")
        following = None if last is None else base64.urlsafe_b64encode(last["sk"]["S"].encode()).decode()
        return RecordPage([self._shown(tenant, user, record) for record in answer["Items"]], following)

    def erase(self, tenant: str, user: str, *, until: Callable[[], bool] = lambda: False) -> dict[str, int]:
        counts: dict[str, int] = {}

        def keys() -> Iterator[Attributes]:
            for key in self._query(user_pk(tenant, user), ProjectionExpression="pk, sk"):
                kind = _kind(key["sk"]["S"])
                counts[kind] = counts.get(kind, 0) + 1
                yield key

        self._delete_all(keys(), until)
        return counts

    def tenant_records(self, tenant: str) -> Iterator[JsonObject]:
        for record in self._of_tenant(tenant):
            owner, of_user, user = record["pk"]["S"].partition("#U#")
            if of_user and owner == tenant:
                yield {"user": user, **self._shown(tenant, user, record)}
            else:
                yield unwrap(record)

    def erase_tenant(self, tenant: str) -> int:
        return self._delete_all(primary_key(r["pk"]["S"], r["sk"]["S"]) for r in self._of_tenant(tenant))

    def forget_tenant(self, tenant: str) -> None:
        self._delete(primary_key("TENANTS", tenant))

    def reseal(self, tenant: str) -> int:
        changed = 0
        for record in self._scan(user_pk(tenant, ""), EVENT_PREFIX):
            old, pk = record["event"]["S"], record["pk"]["S"]
            new = self._sealer.seal(tenant, self._sealer.open(tenant, old, pk), pk)
            if sealed_under(new) != sealed_under(old):
                changed += self._replace(record, old, new)
        return changed

    def _replace(self, record: Mapping[str, Mapping[str, str]], old: str, new: str) -> bool:
        with self._translated():
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=primary_key(record["pk"]["S"], record["sk"]["S"]),
                    UpdateExpression="SET event = :new",
                    ConditionExpression="event = :old",
                    ExpressionAttributeValues=wrap({":old": old, ":new": new}),
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False  # erased or resealed by somebody else
        return True

    def _of_tenant(self, tenant: str) -> Iterator[Attributes]:
        for partition, name in _SHARED.items():
            for record in self._query(partition):
                if json.loads(record[name]["S"]).get("tenant") == tenant:
                    yield record
        yield from (r for r in self._query("ERASURES") if r["sk"]["S"].startswith(f"{tenant}#"))
        yield from self._scan(f"{tenant}#")

    def _shown(self, tenant: str, user: str, record: Mapping[str, Mapping[str, str]]) -> JsonObject:
        kind = _kind(record["sk"]["S"])
        if kind == "event":
            event = read_event(record, tenant, user, self._sealer)
            return {"kind": kind, **event.model_dump(mode="json", exclude={"user_id"}, exclude_none=True)}
        fields = {name: value for name, value in unwrap(record).items() if name not in ("pk", "sk")}
        return {"kind": kind, **{name: _json(value) for name, value in fields.items()}}

    def _refuse_erased(self, tenant: str, user: str, key: Attributes) -> None:
        """Take a record back whose user was erased meanwhile: there was no one to look at before it was written."""
        if self._get(erased_key(tenant, erased_mark(tenant, user))) is not None:
            self._delete(key)
            raise StoreUnavailable("this user was erased while the call was under way; call again to start anew")


def _kind(sort_key: str) -> str:
    return next((kind for prefix, kind in _KINDS.items() if sort_key.startswith(prefix)), "other")


def _json(value: Any) -> Any:
    """What is JSON inside a record, as JSON; texts and numbers as they are."""
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _sort_key(cursor: str) -> str:
    try:
        return base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise InvalidRequest("the cursor is not one that a page returned: start again without one") from error
