"""API keys and issuers in the ledger's table."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from feedsmith.experiments import Experiment
from feedsmith.models import ApiKey, Issuer, TenantSettings, Wishes
from feedsmith.stores.ledger import Ledger
from feedsmith.stores.records import Attributes, primary_key

Revised: TypeAlias = ApiKey | Experiment | Issuer | TenantSettings | Wishes
"""Models that are written on the condition that nobody else wrote since they were read."""


class CallerRecords(Ledger):
    """The part of :class:`~feedsmith.stores.dynamodb.DynamoLedger` that says who may call."""

    def key(self, key_id: str) -> ApiKey | None:
        fields = self._get(primary_key("KEYS", key_id))
        return None if fields is None else ApiKey.model_validate_json(fields["key"])

    def keys(self, tenant: str | None = None) -> list[ApiKey]:
        found = [ApiKey.model_validate_json(record["key"]["S"]) for record in self._query("KEYS")]
        return [key for key in found if tenant in (None, key.tenant)]

    def save_key(self, key: ApiKey) -> bool:
        # The tenant first: were the second write lost, there must not be a key whose tenant no schedule visits.
        self._put(primary_key("TENANTS", key.tenant))
        return self._put_revised(primary_key("KEYS", key.id), "key", key)

    def issuer(self, url: str) -> Issuer | None:
        fields = self._get(primary_key("ISSUERS", url))
        return None if fields is None else Issuer.model_validate_json(fields["issuer"])

    def issuers(self, tenant: str | None = None) -> list[Issuer]:
        found = [Issuer.model_validate_json(record["issuer"]["S"]) for record in self._query("ISSUERS")]
        return [issuer for issuer in found if tenant in (None, issuer.tenant)]

    def save_issuer(self, issuer: Issuer) -> bool:
        self._put(primary_key("TENANTS", issuer.tenant))
        return self._put_revised(primary_key("ISSUERS", issuer.url), "issuer", issuer)

    def delete_issuer(self, url: str) -> None:
        self._delete(primary_key("ISSUERS", url))

    def tenants(self) -> list[str]:
        return sorted(record["sk"]["S"] for record in self._query("TENANTS"))

    # -- calls, made by the ledger ---------------------------------------------------------------------------

    @abstractmethod
    def _get(self, record_key: Attributes) -> dict[str, Any] | None: ...

    @abstractmethod
    def _put(
        self, record: Attributes, condition: str | None = None, values: Mapping[str, int] | None = None
    ) -> bool: ...

    @abstractmethod
    def _put_revised(self, key: Attributes, name: str, model: Revised) -> bool: ...

    @abstractmethod
    def _delete(self, record_key: Attributes) -> None: ...

    @abstractmethod
    def _query(self, pk: str, **options: Any) -> Iterator[Attributes]: ...
