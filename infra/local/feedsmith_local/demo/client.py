"""The demo's HTTP client: what any caller of the API would write."""

from __future__ import annotations

from typing import Any

import httpx


class Client:
    """Calls the API over real HTTP with a key; an answer of 400 and above is raised with its problem text."""

    def __init__(self, base_url: str, key: str) -> None:
        # The local server stands on this machine, so no proxy of the environment may come between.
        self._http = httpx.Client(
            base_url=base_url, headers={"Authorization": f"Bearer {key}"}, timeout=30, trust_env=False
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def _call(self, method: str, path: str, **kwargs: Any) -> Any:
        answer = self._http.request(method, path, **kwargs)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def events(self, events: list[dict[str, Any]]) -> None:
        """Post up to 100 events."""
        self._call("POST", "/v1/events", json={"events": events})

    def item(self, item_id: str) -> dict[str, Any] | None:
        """An item with what was understood, or None."""
        answer = self._http.get(f"/v1/items/{item_id}")
        return None if answer.is_error else answer.json()

    def recommendations(self, user_id: str, domain: str, limit: int = 10) -> dict[str, Any]:
        """A slate."""
        path = f"/v1/users/{user_id}/recommendations"
        slate: dict[str, Any] = self._call("GET", path, params={"domain": domain, "limit": limit})
        return slate

    def profile(self, user_id: str, domain: str) -> dict[str, Any]:
        """What is known of a user."""
        profile: dict[str, Any] = self._call("GET", f"/v1/users/{user_id}/profile", params={"domain": domain})
        return profile

    def segments(self, domain: str) -> list[dict[str, Any]]:
        """The segments."""
        found: list[dict[str, Any]] = self._call("GET", "/v1/segments", params={"domain": domain})["segments"]
        return found

    def text(self, user_id: str, kind: str, item_id: str) -> dict[str, Any]:
        """A text of one item for one user."""
        text: dict[str, Any] = self._call("POST", f"/v1/users/{user_id}/texts", json={"kind": kind, "item_id": item_id})
        return text
