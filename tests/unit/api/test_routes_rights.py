"""The routes of export and erasure, as a caller sees them."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from feedsmith import bootstrap
from feedsmith.bootstrap import Lazy, Services
from feedsmith.models import Event, Item
from feedsmith.privacy.proof import verify
from feedsmith.web import Api
from support.events import rest_event
from support.services import absorb, fake_services

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
USER, EXPORT = "/v1/users/{user_id}", "/v1/users/{user_id}/export"
LAMBDA_ANSWER = 6 * 2**20  # bytes, AWS's limit

Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Services:
    made = fake_services()
    monkeypatch.setattr(bootstrap, "_current", Lazy(lambda: made))
    made.content.index("acme", [Item(id="cup", domain="news", title="City win the cup", body="City won the cup.")])
    return made


@pytest.fixture
def call(services: Services) -> Call:
    path = Path(__file__).resolve().parents[3] / "functions" / "api" / "routes_rights.py"
    spec = importlib.util.spec_from_file_location("tested_routes_rights", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    app = Api("tested", max_body_bytes=1024)
    module.add_routes(app)

    def request(method: str, resource: str, **kwargs: Any) -> tuple[int, Any]:
        answer = app(rest_event(method, resource, **kwargs), None)
        assert len(answer["body"]) < LAMBDA_ANSWER
        return answer["statusCode"], json.loads(answer["body"])

    return request


def post(services: Services, count: int = 1) -> None:
    user = services.pseudonym("acme", "ann")
    for number in range(count):
        at = AT + timedelta(seconds=number)
        event = Event(user_id="ann", item_id="cup", type="click", at=at, event_id=f"e{number:05}")
        services.ledger.append("acme", user, event)


def test_an_export_shows_all_that_is_held_in_words_and_numbers(call: Call, services: Services) -> None:
    post(services)
    absorb(services)
    status, body = call("GET", EXPORT, path={"user_id": "ann"})
    assert status == 200
    assert body["user_id"] == "ann"
    assert {record["kind"] for record in body["records"]} == {"event", "revision"}
    (profile,) = body["profiles"]
    assert profile["domain"] == "news"
    assert profile["history"][0]["item_id"] == "cup"
    assert len(profile["taste"]) == len(profile["history_vectors"][0]) == 64
    assert sum(number**2 for number in profile["taste"]) == pytest.approx(1, abs=1e-4)
    assert profile["segment"] is None
    # Nothing shows the pseudonym, not even to the user.
    assert services.pseudonym("acme", "ann") not in json.dumps(body)


def test_twenty_thousand_events_come_in_pages_that_fit(call: Call, services: Services) -> None:
    post(services, 20_000)
    seen, cursor = [], None
    for _ in range(100):
        query = {"limit": ["5000"]} | ({"cursor": [cursor]} if cursor else {})
        status, body = call("GET", EXPORT, path={"user_id": "ann"}, query=query)
        assert status == 200
        seen += [record["event_id"] for record in body["records"] if record["kind"] == "event"]
        if (cursor := body["cursor"]) is None:
            break
    assert seen == [f"e{number:05}" for number in range(20_000)]


def test_somebody_unknown_has_an_empty_export(call: Call) -> None:
    assert call("GET", EXPORT, path={"user_id": "nobody"}) == (
        200, {"user_id": "nobody", "profiles": [], "records": [], "cursor": None},
    )  # fmt: skip


@pytest.mark.parametrize("query", [{"limit": ["0"]}, {"limit": ["5001"]}, {"other": ["1"]}])
def test_a_wrong_page_is_refused(call: Call, query: dict[str, list[str]]) -> None:
    assert call("GET", EXPORT, path={"user_id": "ann"}, query=query)[0] == 422


def test_a_foreign_cursor_is_a_bad_request(call: Call) -> None:
    assert call("GET", EXPORT, path={"user_id": "ann"}, query={"cursor": ["%%"]})[0] == 400


def test_an_erasure_answers_with_its_proof(call: Call, services: Services) -> None:
    post(services)
    status, body = call("DELETE", USER, path={"user_id": "ann"})
    assert (status, body["complete"], body["erased"]) == (200, True, {"event": 1})
    assert verify(body["proof"], "ann", services.signer.public_key()).erased == {"event": 1}
    assert call("GET", EXPORT, path={"user_id": "ann"})[1]["records"] == []


@pytest.mark.parametrize(("method", "resource"), [("GET", EXPORT), ("DELETE", USER)])
def test_a_user_reaches_their_own_alone(call: Call, method: str, resource: str) -> None:
    ann = {"tenant": "acme", "role": "user", "subject": "ann", "scopes": "users:admin"}
    assert call(method, resource, path={"user_id": "ann"}, authorizer=ann)[0] == 200
    assert call(method, resource, path={"user_id": "bob"}, authorizer=ann)[0] == 403
    reader = {"tenant": "acme", "role": "service", "scopes": "recommend:read events:write"}
    assert call(method, resource, path={"user_id": "ann"}, authorizer=reader)[0] == 403
