"""Who is who, erasures and the tenants' keys, in the ledger's table."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from feedsmith.stores.dynamodb_table import ABSENT, DynamoTable
from feedsmith.stores.people import ERASED_KEPT, Erasure, Handle, People, WrappedKey, erased_mark
from feedsmith.stores.records import Attributes, erased_key, handle_key, primary_key, unwrap, wrap

_ERASURES = "ERASURES"


class DynamoPeople(DynamoTable, People):
    """People in one table, each write one conditional item; threads may share it."""

    def tenant_keys(self, tenant: str) -> list[WrappedKey]:
        stored = [unwrap(record) for record in self._query(f"{tenant}#DATAKEYS", ScanIndexForward=False)]
        return [WrappedKey(int(fields["sk"]), base64.b64decode(fields["wrapped"])) for fields in stored]

    def add_tenant_key(self, tenant: str, key: WrappedKey) -> bool:
        wrapped = wrap({"wrapped": base64.b64encode(key.wrapped).decode()})
        return self._put(_data_key(tenant, key.version) | wrapped, ABSENT)

    def drop_tenant_key(self, tenant: str, version: int) -> None:
        self._delete(_data_key(tenant, version))

    def subject(self, tenant: str, handle: Handle) -> str | None:
        fields = self._get(handle_key(tenant, handle))
        return None if fields is None else fields["subject"]

    def bind(self, tenant: str, handle: Handle, user: str) -> str:
        with self._translated():
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=handle_key(tenant, handle) | wrap({"subject": user}),
                    ConditionExpression=ABSENT,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self._client.exceptions.ConditionalCheckFailedException as error:
                return str(error.response["Item"]["subject"]["S"])
        return user

    def unbind(self, tenant: str, handle: Handle, user: str) -> bool:
        with self._translated():
            try:
                self._client.delete_item(
                    TableName=self._table,
                    Key=handle_key(tenant, handle),
                    ConditionExpression="subject = :subject",
                    ExpressionAttributeValues=wrap({":subject": user}),
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def bound(self, tenant: str, version: int) -> Iterator[tuple[Handle, str]]:
        for record in self._scan(handle_key(tenant, Handle(version, ""))["pk"]["S"], "WHO"):
            fields = unwrap(record)
            yield Handle(version, fields["pk"].rpartition("#")[2]), fields["subject"]

    def begin_erasure(self, erasure: Erasure) -> None:
        # The note first: were the second write lost, a schedule would find it; a mark without a note, nobody.
        end = int((erasure.begun_at + ERASED_KEPT).timestamp())
        begun = wrap({"note": erasure.note, "begun_at": int(erasure.begun_at.timestamp()), "done": int(erasure.done)})
        self._put(_note_key(erasure.tenant, erasure.mark) | begun)
        self._put(erased_key(erasure.tenant, erasure.mark) | wrap({"expires_at": end}))

    def finish_erasure(self, tenant: str, mark: str) -> None:
        with self._translated():
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_note_key(tenant, mark),
                    UpdateExpression="SET done = :yes",
                    ConditionExpression="attribute_exists(pk)",
                    ExpressionAttributeValues=wrap({":yes": 1}),
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return  # forgotten meanwhile, which is done and more

    def forget_erasure(self, tenant: str, mark: str) -> None:
        self._delete(erased_key(tenant, mark))
        self._delete(_note_key(tenant, mark))

    def erasures(self, tenant: str | None = None) -> list[Erasure]:
        found = [_erasure(unwrap(record)) for record in self._query(_ERASURES)]
        return [erasure for erasure in found if tenant in (None, erasure.tenant)]

    def erased(self, tenant: str, users: Iterable[str]) -> set[str]:
        marks = {erased_mark(tenant, user): user for user in users}
        keys = [erased_key(tenant, mark) for mark in marks]
        return {marks[record["pk"]["S"].rpartition("#")[2]] for record in self._get_all(keys)}


def _data_key(tenant: str, version: int) -> Attributes:
    return primary_key(f"{tenant}#DATAKEYS", f"{version:06}")


def _note_key(tenant: str, mark: str) -> Attributes:
    return primary_key(_ERASURES, f"{tenant}#{mark}")


def _erasure(fields: dict[str, Any]) -> Erasure:
    tenant, _, mark = fields["sk"].partition("#")
    begun_at = datetime.fromtimestamp(fields["begun_at"], UTC)
    return Erasure(tenant, mark, fields["note"], begun_at, bool(fields["done"]))
