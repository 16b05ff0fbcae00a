"""Calls a running feedsmith over HTTP, for the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import httpx

from feedsmith.errors import FeedsmithError

Row = dict[str, Any]


class CallFailed(FeedsmithError):
    """The API answered with a problem, or not at all."""

    title = "Call failed"

    def __init__(self, message: str, errors: Sequence[dict[str, str]] = ()) -> None:
        super().__init__(message)
        self.errors = errors


class ApiClient:
    """The API at ``url``, called with ``key``."""

    def __init__(self, url: str, key: str, *, transport: httpx.BaseTransport | None = None) -> None:
        # An address of this machine must not go through a proxy that the environment names.
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=60,
            trust_env=httpx.URL(url).host not in ("127.0.0.1", "localhost", "::1"),
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(self, method: str, path: str, *, params: dict[str, Any] | None = None, body: Any = None) -> Any:
        """One call; the answer's JSON.

        Raises
        ------
        CallFailed
            With the problem's own words, or what to check when nothing answers.
        """
        try:
            answer = self._http.request(method, path, params=params, json=body)
        except httpx.HTTPError as error:
            raise CallFailed(
                f"{self._http.base_url} does not answer ({type(error).__name__}): start it with 'feedsmith serve', "
                "or name another with FEEDSMITH_URL"
            ) from error
        if answer.is_success:
            return answer.json()
        try:
            problem = answer.json()
        except ValueError:
            problem = {}
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise CallFailed("the API does not know this key: give the one that 'feedsmith serve' printed with --key")
        detail = problem.get("detail") or f"{method} answered {answer.status_code} {answer.reason_phrase}"
        raise CallFailed(detail, problem.get("errors") or ())

    def put_items(self, rows: Sequence[Row]) -> tuple[int, dict[int, str]]:
        """Index up to 100 items: how many are in now, and why each other row was refused, by its place.

        The API takes a batch whole or not at all; the rows that it names are left out, and the rest is sent again.
        """
        refused: dict[int, str] = {}
        places = list(range(len(rows)))
        while places:
            try:
                report = self.call("POST", "/v1/items", body={"items": [rows[place] for place in places]})
            except CallFailed as error:
                named = _named(error.errors)
                if not named:
                    raise
                refused |= {places[index]: why for index, why in named.items() if index < len(places)}
                places = [place for place in places if place not in refused]
            else:
                return report["indexed"] + report["unchanged"], refused
        return 0, refused


def _named(errors: Sequence[dict[str, str]]) -> dict[int, str]:
    """Rows that a 422 names with paths like ``/items/3/title``, and what is wrong with them."""
    named: dict[int, str] = {}
    for error in errors:
        _, _, place, *field = [*error["path"].split("/"), "", ""]
        if place.isdecimal():
            named.setdefault(int(place), f"{'/'.join(filter(None, field)) or 'row'}: {error['message']}")
    return named
