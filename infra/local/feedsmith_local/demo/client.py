"""The API's routes as the demo calls them."""

from __future__ import annotations

from typing import Any

from feedsmith_local.client import ApiClient, CallFailed


class Client(ApiClient):
    """Real HTTP, one method a route."""

    def events(self, events: list[dict[str, Any]]) -> None:
        """Post up to 100 events."""
        self.call("POST", "/v1/events", body={"events": events})

    def item(self, item_id: str) -> dict[str, Any] | None:
        """An item with what was understood; None: it was rejected."""
        try:
            found: dict[str, Any] = self.call("GET", f"/v1/items/{item_id}")
        except CallFailed:
            return None
        return found

    def recommendations(self, user_id: str, domain: str, limit: int = 10) -> dict[str, Any]:
        """A slate."""
        params = {"domain": domain, "limit": limit}
        slate: dict[str, Any] = self.call("GET", f"/v1/users/{user_id}/recommendations", params=params)
        return slate

    def profile(self, user_id: str, domain: str) -> dict[str, Any]:
        """What is known of a user."""
        profile: dict[str, Any] = self.call("GET", f"/v1/users/{user_id}/profile", params={"domain": domain})
        return profile

    def segments(self, domain: str) -> list[dict[str, Any]]:
        """The segments."""
        found: list[dict[str, Any]] = self.call("GET", "/v1/segments", params={"domain": domain})["segments"]
        return found

    def text(self, user_id: str, kind: str, item_id: str) -> dict[str, Any]:
        """A text of one item for one user."""
        body = {"kind": kind, "item_id": item_id}
        text: dict[str, Any] = self.call("POST", f"/v1/users/{user_id}/texts", body=body)
        return text
