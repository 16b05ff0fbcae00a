"""API Gateway's usage plan: it holds each key to its rate before a function runs.

Of all throttling, only this one keeps a caller that floods the API from using up what the stage has for everybody.
API Gateway knows keys of its own; a feedsmith key's public id is entered as one, and the authorizer names it
(``usageIdentifierKey``). It opens nothing: the secret is checked by the authorizer alone.
"""

from __future__ import annotations

from typing import Any

from feedsmith.access.base import UsagePlan
from feedsmith.stores.aws import translated


class ApiGatewayUsagePlan(UsagePlan):
    """A usage plan of a REST API whose key source is the authorizer.

    Parameters
    ----------
    client
        Low-level ``apigateway`` client.
    plan_id
        The stack's output ``UsagePlanId``.
    """

    def __init__(self, client: Any, plan_id: str) -> None:
        self._client = client
        self._plan_id = plan_id

    def enter(self, usage_key: str, label: str) -> None:
        """Make an API Gateway key of this value, and let it use the plan."""
        with translated(f"usage plan {self._plan_id!r}", "FEEDSMITH_USAGE_PLAN"):
            key_id = (
                self._find(usage_key)
                or self._client.create_api_key(
                    name=usage_key, value=usage_key, description=label or "feedsmith", enabled=True
                )["id"]
            )
            try:
                self._client.create_usage_plan_key(usagePlanId=self._plan_id, keyId=key_id, keyType="API_KEY")
            except self._client.exceptions.ConflictException:
                return  # it is in the plan already

    def withdraw(self, usage_key: str) -> None:
        """Delete the API Gateway key of this value."""
        with translated(f"usage plan {self._plan_id!r}", "FEEDSMITH_USAGE_PLAN"):
            if key_id := self._find(usage_key):
                self._client.delete_api_key(apiKey=key_id)

    def _find(self, usage_key: str) -> str | None:
        found = self._client.get_api_keys(nameQuery=usage_key, limit=10)["items"]
        return next((str(key["id"]) for key in found if key["name"] == usage_key), None)
