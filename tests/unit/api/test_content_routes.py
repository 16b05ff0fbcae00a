"""What there is to read, small uploads, why an item is shown, and the map of tastes, over fakes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from routes_content import add_routes

from feedsmith import bootstrap
from feedsmith.bootstrap import Services
from feedsmith.web import Api
from support.events import rest_event
from support.services import absorb, fake_services

CUP = {"id": "cup", "domain": "news", "title": "City win the football cup", "published_at": "2026-02-01T00:00:00Z"}
BANK = {"id": "bank", "domain": "news", "title": "Bank lifts its interest rate", "published_at": "2026-02-02T00:00:00Z"}


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Services:
    made = fake_services()
    monkeypatch.setattr(bootstrap, "services", lambda: made)
    return made


@pytest.fixture
def api() -> Api:
    api = Api("content", max_body_bytes=5 * 2**20)
    add_routes(api)
    return api


def call(api: Api, method: str, resource: str, **kwargs: Any) -> tuple[int, Any]:
    answer = api(rest_event(method, resource, **kwargs), None)
    return answer["statusCode"], json.loads(answer["body"])


def index(services: Services, *items: dict[str, Any]) -> None:
    from feedsmith.models import Item

    services.content.index("acme", [Item.model_validate(item) for item in items])


def test_items_are_listed_newest_first_or_by_words(services: Services, api: Api) -> None:
    index(services, CUP, BANK, {"id": "film", "domain": "entertainment", "title": "A film"})

    def ids(**query: list[str]) -> list[str]:
        status, found = call(api, "GET", "/v1/items", query=query)
        assert status == 200
        return [one["item"]["id"] for one in found["items"]]

    assert ids(domain=["news"]) == ["bank", "cup"]
    assert ids(domain=["news"], q=["football cup"], limit=["1"]) == ["cup"]
    assert call(api, "GET", "/v1/items", query={"domain": ["weather"]})[0] == 404


def test_domains_come_with_their_topics_labels(services: Services, api: Api) -> None:
    status, found = call(api, "GET", "/v1/domains")
    assert status == 200
    (news,) = [one for one in found["domains"] if one["name"] == "news"]
    assert news["topics"]["sport"] == {"en": "Sport", "zh": "体育"}


def test_an_upload_begins_an_ingestion_and_its_rejects_are_told(services: Services, api: Api) -> None:
    rows = '{"id": "a", "title": "One"}\n{"id": "b"}\n'
    # WHEN two rows are uploaded, of which one has no title
    status, begun = call(api, "POST", "/v1/uploads", body={"domain": "news", "name": "two rows.jsonl", "content": rows})
    assert status == 202
    (key,) = services.blobs.keys("feedsmith-uploads", "acme/news/")
    assert services.blobs.read("feedsmith-uploads", key) == rows.encode()
    # AND the planner and a worker did their part
    from support.ledger import InMemoryQueue

    queue = InMemoryQueue()
    services.queue = queue
    services.upload_planner.plan("feedsmith-uploads", key, "1")
    for chunk in queue.sent:
        services.chunk_worker.work(chunk)
    # THEN the good row is in, and the other one is told with its line
    told = {"ingestion_id": begun["ingestion_id"]}
    status, refused = call(api, "GET", "/v1/ingestions/{ingestion_id}/rejects", path=told)
    assert (status, refused["more"]) == (200, False)
    assert [(row["line"], json.loads(row["row"])) for row in refused["rows"]] == [(2, {"id": "b"})]
    assert "title" in refused["rows"][0]["reason"]
    assert services.content.get("acme", "a").item.title == "One"


@pytest.mark.parametrize("name", ["../x.jsonl", "a/b.csv", "x.exe", "x.jsonl.gz", ".jsonl"])
def test_a_name_that_is_a_path_or_no_known_format_is_refused(services: Services, api: Api, name: str) -> None:
    body = {"domain": "news", "name": name, "content": "{}"}
    status, problem = call(api, "POST", "/v1/uploads", body=body)
    assert status == 422
    assert problem["errors"][0]["path"] == "/name"
    assert "ends in .jsonl, .csv or .json" in problem["errors"][0]["message"]


def test_the_rejects_of_nothing_are_not_found(services: Services, api: Api) -> None:
    path = {"ingestion_id": "i-0"}
    assert call(api, "GET", "/v1/ingestions/{ingestion_id}/rejects", path=path)[0] == 404


def test_why_is_the_sum_of_terms(services: Services, api: Api) -> None:
    index(services, CUP, BANK)
    path = {"user_id": "ann", "item_id": "cup"}
    status, told = call(api, "GET", "/v1/users/{user_id}/items/{item_id}/why", path=path)
    assert status == 200
    assert abs(sum(term["contribution"] for term in told["terms"]) - told["score"]) < 1e-5
    nobody = path | {"item_id": "gone"}
    assert call(api, "GET", "/v1/users/{user_id}/items/{item_id}/why", path=nobody)[0] == 404


def test_the_map_shows_nobody_before_there_are_segments(services: Services, api: Api) -> None:
    index(services, CUP, BANK)
    empty = {"explained": 0.0, "segments": [], "users": []}
    assert call(api, "GET", "/v1/segments/map", query={"domain": ["news"]}) == (200, empty)


def test_the_map_shows_users_unnamed_in_their_segments(services: Services, api: Api) -> None:
    from datetime import UTC, datetime

    from feedsmith.models import Event

    index(services, CUP, BANK)
    # GIVEN five readers of each, which is the floor
    for number in range(10):
        event = Event(
            user_id=f"reader-{number}", item_id="cup" if number % 2 else "bank", type="click",
            at=datetime(2026, 3, 1, tzinfo=UTC),
        )  # fmt: skip
        services.ledger.append("acme", services.pseudonym("acme", event.user_id), event)
    absorb(services)
    services.segments.recluster("acme", "news")
    # WHEN they are clustered a second time and shown
    services.segments.recluster("acme", "news")
    status, shown = call(api, "GET", "/v1/segments/map", query={"domain": ["news"]})
    # THEN there are two segments of five that did not move, and ten points with a place and a segment
    assert status == 200
    assert [(one["size"], one["size_before"], round(one["drift"], 6)) for one in shown["segments"]] == [(5, 5, 0)] * 2
    assert sorted(point["segment"] for point in shown["users"]) == sorted([one["id"] for one in shown["segments"]] * 5)
    assert all(point.keys() == {"x", "y", "segment"} for point in shown["users"])
    # all there is lies on one line
    assert shown["explained"] == pytest.approx(1.0)
