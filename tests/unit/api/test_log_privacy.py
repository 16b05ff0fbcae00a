"""No log line, at any level, says who read what: canaries through every route, over real clients."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from feedsmith import bootstrap
from feedsmith.bootstrap import Lazy, Services
from feedsmith.stores.dynamodb import DynamoLedger
from feedsmith.stores.edge import EdgeVectorStore
from support.aws import create_ledger_table, mock_region
from support.events import rest_event
from support.handlers import load_app
from support.services import BagOfWords, fake_services

USER, ITEM, QUERY, EVENT = "canary-user-7f3a", "canary-item-91bd", "canary query words", "canary-event-55e0"
BODIES: dict[str, Any] = {
    "ItemBatch": {"items": [{"id": ITEM, "domain": "news", "title": "City win the cup final", "body": "They won."}]},
    "EventBatch": {
        "events": [
            {
                "user_id": USER,
                "item_id": ITEM,
                "type": "click",
                "at": datetime(2026, 3, 1, 12, tzinfo=UTC).isoformat(),
                "event_id": EVENT,
            }
        ]
    },
    "ConsentChoice": {"analytics": True},
    "NotInterested": {"tag": "sport"},
    "TextRequest": {"kind": "headline", "item_id": ITEM},
    "SettingsBody": {"consent": {"analytics": True}},
}
QUERY_OF_ALL = {"domain": ["news"], "q": [QUERY]}


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Services]:
    with mock_region():
        from feedsmith.stores.aws import client

        made = fake_services()
        dynamodb = client("dynamodb")
        create_ledger_table(dynamodb, "ledger")
        made.ledger = DynamoLedger(dynamodb, "ledger", made.keyring)
        store = EdgeVectorStore(tmp_path, "canary")
        store.prepare(dimension=BagOfWords().dimension, embedder="bag@1")
        made.vectors = Lazy(lambda: store)
        monkeypatch.setattr(bootstrap, "_current", Lazy(lambda: made))
        yield made


def everything(record: logging.LogRecord) -> str:
    """All that a formatter could write of a record."""
    return repr({**record.__dict__, "message": record.getMessage()})


def test_no_route_logs_a_user_an_item_or_a_query(services: Services, caplog: pytest.LogCaptureFixture) -> None:
    app = load_app("api")
    caplog.set_level(logging.DEBUG)
    logging.getLogger("moto").setLevel(logging.WARNING)  # the stand-in of AWS is no part of the product, and tells much
    user = services.pseudonym("acme", USER)
    answered: dict[int, int] = {}

    def ask(operation: Any, **changes: Any) -> None:
        parameters = {"user_id": USER, "item_id": ITEM, "tag": "sport"}
        path = {name: parameters.get(name, "canary-other") for name in operation.parameters}
        body = BODIES.get(operation.body.__name__, {"item_id": ITEM}) if operation.body else None
        known = operation.query.model_fields if operation.query else {}
        query = {name: value for name, value in QUERY_OF_ALL.items() if name in known}
        request = {"path": path or None, "query": query or None, "body": body, **changes}
        answer = app(rest_event(operation.method, operation.path, **request), None)
        answered[answer["statusCode"]] = answered.get(answer["statusCode"], 0) + 1

    # erasing and deleting come last; what is wrong is asked as well as what is right
    routes = sorted(app.operations, key=lambda one: (one.method == "DELETE", one.method != "POST"))
    for operation in routes:
        ask(operation)
    for operation in routes:
        ask(operation, raw=f'{{"{USER}": "{ITEM}"', query={"domain": [USER], "limit": [QUERY]})
    # and a store that breaks in the middle, with a message of its own
    services.vectors().close()

    def broken() -> Any:
        raise ValueError(f"{USER} {user} read {ITEM}")

    services.vectors = broken  # type: ignore[assignment]  # breaks as no store of ours would
    for name in ("ranking", "profiles", "content", "writing", "segments"):
        services.__dict__.pop(name, None)
    for operation in routes:
        ask(operation)

    assert {200, 422, 500} <= answered.keys(), answered
    assert any(record.levelno >= logging.ERROR for record in caplog.records)
    said = [everything(record) for record in caplog.records]
    for canary in (USER, user, ITEM, EVENT, "canary query", "canary-other"):
        assert [line[:300] for line in said if canary in line] == [], canary


def test_libraries_that_carry_requests_are_quiet_at_any_level() -> None:
    fake_services()
    for name in ("botocore.endpoint", "botocore.parsers", "urllib3.connectionpool", "httpx", "httpcore.http11"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO), name
