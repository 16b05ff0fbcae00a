"""The API's routes over fakes: what a caller gets, good and bad."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from feedsmith.bootstrap import Services
from support.callers import api_key
from support.events import rest_event
from support.services import absorb, fake_services
from support.vectors import MemoryVectors

FUNCTIONS = Path(__file__).resolve().parents[3] / "functions"
AT = "2026-03-01T12:00:00Z"
CUP = {"id": "cup", "domain": "news", "title": "City win the football cup final", "body": "City won the football cup."}
CUP2 = {"id": "cup2", "domain": "news", "title": "Football cup final seen by millions", "body": "The final drew fans."}
BANK = {"id": "bank", "domain": "news", "title": "Bank lifts its interest rate", "body": "The bank raised the rate."}

Call = Callable[..., tuple[int, Any]]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"tested_{name}", FUNCTIONS / name / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def services() -> Services:
    return fake_services()


@pytest.fixture
def call(services: Services, monkeypatch: pytest.MonkeyPatch) -> Call:
    module = load("api")
    monkeypatch.setattr(module, "services", lambda: services)

    def request(method: str, resource: str, **kwargs: Any) -> tuple[int, Any]:
        answer = module.app(rest_event(method, resource, **kwargs), None)
        return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None

    return request


def click(user: str, item: str, **more: Any) -> dict[str, Any]:
    return {"user_id": user, "item_id": item, "type": "click", "at": AT, **more}


def put(call: Call, *items: dict[str, Any]) -> None:
    assert call("POST", "/v1/items", body={"items": list(items)})[0] == 200


def test_items_are_indexed_once_and_again_when_they_change(call: Call) -> None:
    assert call("POST", "/v1/items", body={"items": [CUP, BANK]}) == (200, {"indexed": 2, "unchanged": 0})
    changed = BANK | {"title": "Bank cuts its interest rate"}
    assert call("POST", "/v1/items", body={"items": [CUP, changed]}) == (200, {"indexed": 1, "unchanged": 1})

    status, item = call("GET", "/v1/items/{item_id}", path={"item_id": "bank"})
    assert (status, item["item"]["title"]) == (200, "Bank cuts its interest rate")
    assert item["understanding"]["language"] == "en"


def test_an_item_of_an_unknown_domain_is_422_and_nothing_of_the_batch_is_written(call: Call) -> None:
    status, problem = call("POST", "/v1/items", body={"items": [CUP, BANK | {"domain": "weather"}]})

    assert status == 422
    assert problem["errors"][0]["path"] == "/items/1/domain"
    assert call("GET", "/v1/items/{item_id}", path={"item_id": "cup"})[0] == 404


def test_more_than_a_hundred_rows_are_413(call: Call) -> None:
    items = [CUP | {"id": f"i{n}"} for n in range(101)]
    events = [click("ann", f"i{n}") for n in range(101)]

    assert call("POST", "/v1/items", body={"items": items})[0] == 413
    assert call("POST", "/v1/events", body={"events": events})[0] == 413


@pytest.mark.parametrize(
    ("method", "resource"),
    [("GET", "/v1/items/{item_id}"), ("DELETE", "/v1/items/{item_id}"), ("GET", "/v1/items/{item_id}/similar")],
)
def test_an_unknown_item_is_404(call: Call, method: str, resource: str) -> None:
    assert call(method, resource, path={"item_id": "none"})[0] == 404


def test_a_deleted_item_is_gone_and_another_tenants_was_never_there(call: Call) -> None:
    put(call, CUP)
    other = {"tenant": "other", "role": "operator", "subject": ""}
    assert call("GET", "/v1/items/{item_id}", path={"item_id": "cup"}, authorizer=other)[0] == 404

    assert call("DELETE", "/v1/items/{item_id}", path={"item_id": "cup"}) == (204, None)
    assert call("GET", "/v1/items/{item_id}", path={"item_id": "cup"})[0] == 404


def test_an_id_may_come_percent_encoded_as_api_gateway_hands_it_on(call: Call) -> None:
    put(call, CUP | {"id": "新闻:1"})

    status, item = call("GET", "/v1/items/{item_id}", path={"item_id": "%E6%96%B0%E9%97%BB%3A1"})

    assert (status, item["item"]["id"]) == (200, "新闻:1")


def test_similar_items_are_nearest_first_and_not_the_item_itself(call: Call) -> None:
    put(call, CUP, CUP2, BANK)

    status, answer = call("GET", "/v1/items/{item_id}/similar", path={"item_id": "cup"}, query={"limit": ["1"]})

    assert status == 200
    assert [item["item_id"] for item in answer["items"]] == ["cup2"]


def test_events_are_accepted_once_and_stored_under_a_pseudonym(call: Call, services: Services) -> None:
    body = {"events": [click("ann", "cup", event_id="e1"), click("ann", "cup")]}

    assert call("POST", "/v1/events", body=body) == (202, {"accepted": 2, "duplicates": 0, "ignored": 0})
    assert call("POST", "/v1/events", body=body) == (202, {"accepted": 0, "duplicates": 2, "ignored": 0})
    pseudonym = services.pseudonym("acme", "ann")
    assert len(services.ledger.history("acme", pseudonym, 10)) == 2
    assert services.ledger.history("acme", "ann", 10) == []


def test_an_impression_echoes_its_place_and_a_propensity_of_0_is_422(call: Call) -> None:
    place = {"slate_id": "s1", "position": 9, "propensity": 0.25, "model_version": "linear-1"}
    shown = click("ann", "cup", **place) | {"type": "impression"}

    assert call("POST", "/v1/events", body={"events": [shown]}) == (202, {"accepted": 1, "duplicates": 0, "ignored": 0})
    status, problem = call("POST", "/v1/events", body={"events": [shown | {"propensity": 0.0}]})

    assert status == 422
    assert problem["errors"][0]["path"] == "/events/0/propensity"


def test_an_event_from_the_future_is_422(call: Call) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=1)).isoformat()

    status, problem = call("POST", "/v1/events", body={"events": [click("ann", "cup"), click("ann", "cup", at=ahead)]})

    assert status == 422
    assert [e["path"] for e in problem["errors"]] == ["/events/1/at"]


def test_a_click_changes_the_feed_and_the_profile(call: Call, services: Services) -> None:
    put(call, CUP, CUP2, BANK)
    call("POST", "/v1/events", body={"events": [click("ann", "cup")]})
    absorb(services)

    query = {"domain": ["news"], "limit": ["2"]}
    status, slate = call("GET", "/v1/users/{user_id}/recommendations", path={"user_id": "ann"}, query=query)
    assert (status, slate["basis"]) == (200, "personal")
    assert [item["item_id"] for item in slate["items"]] == ["cup2", "bank"]

    status, profile = call("GET", "/v1/users/{user_id}/profile", path={"user_id": "ann"}, query={"domain": ["news"]})
    assert (status, profile["interactions"], profile["consumed"]) == (200, 1, ["cup"])
    assert "taste" not in profile
    assert "user" not in profile
    assert [item["item_id"] for item in profile["history"]] == ["cup"]
    assert "history_vectors" not in profile
    assert all("vector" not in interest for interest in profile["interests"])


def test_an_unknown_user_gets_a_cold_start_feed_but_has_no_profile(call: Call) -> None:
    put(call, CUP, BANK)
    query = {"domain": ["news"]}

    status, slate = call("GET", "/v1/users/{user_id}/recommendations", path={"user_id": "new"}, query=query)
    assert (status, slate["basis"], len(slate["items"])) == (200, "general", 2)
    assert call("GET", "/v1/users/{user_id}/profile", path={"user_id": "new"}, query=query)[0] == 404


def test_an_event_before_its_item_takes_effect_once_the_item_is_there(call: Call, services: Services) -> None:
    put(call, BANK)
    assert call("POST", "/v1/events", body={"events": [click("ann", "cup")]})[0] == 202
    absorb(services)
    put(call, CUP, CUP2)

    query = {"domain": ["news"]}
    _, slate = call("GET", "/v1/users/{user_id}/recommendations", path={"user_id": "ann"}, query=query)

    assert slate["basis"] == "personal"
    assert [item["item_id"] for item in slate["items"]] == ["cup2", "bank"]
    item = call("GET", "/v1/items/{item_id}", path={"item_id": "cup"})[1]
    assert item["stats"]["counts"] == {"click": 1}


def test_exclude_category_and_search_shape_the_feed(call: Call) -> None:
    put(call, CUP | {"categories": ["Local"]}, CUP2, BANK)

    def feed(**query: list[str]) -> list[str]:
        path = {"user_id": "new"}
        answer = call("GET", "/v1/users/{user_id}/recommendations", path=path, query={"domain": ["news"], **query})
        return [item["item_id"] for item in answer[1]["items"]]

    assert sorted(feed(exclude=["cup", "bank"])) == ["cup2"]
    assert feed(category=["Local"]) == ["cup"]
    assert feed(q=["interest rate of the bank"])[0] == "bank"


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({}, "/domain"),
        ({"domain": ["News!"]}, "/domain"),
        ({"domain": ["news"], "limit": ["0"]}, "/limit"),
        ({"domain": ["news"], "limit": ["many"]}, "/limit"),
        ({"domain": ["news"], "q": [""]}, "/q"),
        ({"domain": ["news"], "exclude": ["a b"]}, "/exclude"),
    ],
)
def test_a_wrong_query_is_422_and_named(call: Call, query: dict[str, list[str]], path: str) -> None:
    status, problem = call("GET", "/v1/users/{user_id}/recommendations", path={"user_id": "ann"}, query=query or None)

    assert status == 422
    assert problem["errors"][0]["path"].startswith(path)


def test_a_domain_that_does_not_exist_is_404_and_lists_those_that_do(call: Call) -> None:
    for resource in ("/v1/users/{user_id}/recommendations", "/v1/users/{user_id}/profile", "/v1/segments"):
        status, problem = call("GET", resource, path={"user_id": "ann"}, query={"domain": ["weather"]})
        assert status == 404
        assert "news" in problem["detail"]


def test_a_text_comes_with_its_verdict(call: Call) -> None:
    put(call, CUP)

    body = {"kind": "headline", "item_id": "cup"}
    status, text = call("POST", "/v1/users/{user_id}/texts", path={"user_id": "new"}, body=body)

    assert status == 200
    assert text["text"]
    assert text["verdict"]["passed"]
    assert text["audience"] == "everyone"


def test_segments_and_ingestions_that_are_not_there(call: Call) -> None:
    assert call("GET", "/v1/segments", query={"domain": ["news"]}) == (200, {"segments": []})
    assert call("GET", "/v1/ingestions/{ingestion_id}", path={"ingestion_id": "none"})[0] == 404


def test_with_the_vector_store_down_reads_are_503_and_events_still_accepted(call: Call, services: Services) -> None:
    put(call, CUP)
    vectors = services.vectors()
    assert isinstance(vectors, MemoryVectors)
    vectors.down = True

    query = {"domain": ["news"]}
    assert call("GET", "/v1/users/{user_id}/recommendations", path={"user_id": "ann"}, query=query)[0] == 503
    assert call("POST", "/v1/events", body={"events": [click("ann", "cup")]})[0] == 202
    assert call("GET", "/v1/health/live", authorizer=None) == (200, {"status": "ok"})
    status, health = call("GET", "/v1/health/ready", authorizer=None)
    assert (status, health["detail"]) == (503, "vectors: Temporarily unavailable")

    vectors.down = False
    absorb(services)
    assert call("GET", "/v1/health/ready", authorizer=None)[0] == 200
    slate = call("GET", "/v1/users/{user_id}/recommendations", path={"user_id": "ann"}, query=query)[1]
    assert slate["items"] == []  # the only item was read: the event was not lost


def test_without_an_authorizer_every_route_but_health_is_401(call: Call) -> None:
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/v1/items", {"body": {"items": [CUP]}}),
        ("POST", "/v1/events", {"body": {"events": [click("ann", "cup")]}}),
        ("GET", "/v1/users/{user_id}/recommendations", {"path": {"user_id": "ann"}, "query": {"domain": ["news"]}}),
        ("GET", "/v1/segments", {"query": {"domain": ["news"]}}),
    ]
    for method, resource, more in requests:
        assert call(method, resource, authorizer=None, **more)[0] == 401


def test_reclustering_reports_each_tenant_and_survives_ones_failure(
    services: Services, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    module = load("segments")
    monkeypatch.setattr(module, "services", lambda: services)
    services.ledger.save_key(api_key("a", "acme"))
    put(call, CUP, CUP2, BANK)
    call("POST", "/v1/events", body={"events": [click(f"u{n}", "cup") for n in range(6)]})
    absorb(services)

    (report,) = module.recluster({}, None)["reports"]

    assert (report["tenant"], report["domain"], report["segments"]) == ("acme", "news", 1)
    _, answer = call("GET", "/v1/segments", query={"domain": ["news"]})
    assert [segment["size"] for segment in answer["segments"]] == [6]
    assert "centroid" not in answer["segments"][0]

    vectors = services.vectors()
    assert isinstance(vectors, MemoryVectors)
    vectors.down = True
    with pytest.raises(ExceptionGroup):
        module.recluster({}, None)
