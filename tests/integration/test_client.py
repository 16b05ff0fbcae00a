"""The Python clients, sync and async, do what raw HTTP does; and the document tells schemathesis the truth."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from feedsmith.client import AsyncFeedsmith, Feedsmith, NotFound, Unauthorized, ValidationFailed
from feedsmith_local.stack import LocalStack

ITEMS = [
    {"id": "n1", "domain": "news", "title": "Striker scores twice as City win the cup final", "body": "City won."},
    {"id": "n2", "domain": "news", "title": "Champion beaten in the tennis open", "body": "The champion lost."},
    {
        "id": "n3",
        "domain": "news",
        "title": "Bank lifts its interest rate to four per cent",
        "body": "The bank said so.",
    },
]
AT = "2026-03-01T12:00:00Z"
WAIT_S = 20.0
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance"
)

# One call by its operation's name: the answer as JSON, or (status, problem).
Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[LocalStack]:
    environment = {"FEEDSMITH_MODELS_PATH": str(models)}
    with LocalStack(tmp_path_factory.mktemp("state"), port=0, environment=environment) as running:
        yield running


def raw(stack: LocalStack) -> Ask:
    """The same calls as anybody would make them without the client."""

    def ask(name: str, *args: Any, **kwargs: Any) -> Any:
        user = args[0] if args else ""
        method, path, query, body = {
            "put_items": lambda: ("POST", "/v1/items", {}, {"items": args[0]}),
            "get_item": lambda: ("GET", f"/v1/items/{args[0]}", {}, None),
            "delete_item": lambda: ("DELETE", f"/v1/items/{args[0]}", {}, None),
            "similar_items": lambda: ("GET", f"/v1/items/{args[0]}/similar", kwargs, None),
            "post_events": lambda: ("POST", "/v1/events", {}, {"events": args[0]}),
            "recommendations": lambda: (
                "GET", f"/v1/users/{user}/recommendations", {"domain": args[1], **kwargs}, None,
            ),
            "texts": lambda: ("POST", f"/v1/users/{user}/texts", {}, {"kind": args[1], **kwargs}),
            "profile": lambda: ("GET", f"/v1/users/{user}/profile", {"domain": args[1]}, None),
            "segments": lambda: ("GET", "/v1/segments", {"domain": args[0]}, None),
            "ready": lambda: ("GET", "/v1/health/ready", {}, None),
        }[name]()  # fmt: skip
        headers = {"Authorization": f"Bearer {stack.key}"}
        with httpx.Client(base_url=stack.base_url, headers=headers, trust_env=False, timeout=30) as http:
            answer = http.request(method, path, params=query, json=body)
        if answer.is_success:
            return answer.json() if answer.content else None
        return answer.status_code, answer.json()

    return ask


def of_client(call: Callable[..., Any]) -> Ask:
    def ask(*args: Any, **kwargs: Any) -> Any:
        try:
            answer = call(*args, **kwargs)
        except (NotFound, ValidationFailed) as error:
            return error.problem.status, error.problem.model_dump(mode="json", exclude_defaults=True)
        return None if answer is None else answer.model_dump(mode="json")

    return ask


def sync(stack: LocalStack) -> Ask:
    def call(name: str, *args: Any, **kwargs: Any) -> Any:
        with Feedsmith(stack.base_url, stack.key) as client:
            return getattr(client, name)(*args, **kwargs)

    return of_client(call)


def asynchronous(stack: LocalStack) -> Ask:
    async def call(name: str, *args: Any, **kwargs: Any) -> Any:
        async with AsyncFeedsmith(stack.base_url, stack.key) as client:
            return await getattr(client, name)(*args, **kwargs)

    return of_client(lambda *args, **kwargs: asyncio.run(call(*args, **kwargs)))


@pytest.fixture(params=[raw, sync, asynchronous], ids=lambda make: make.__name__)
def ask(request: pytest.FixtureRequest, stack: LocalStack) -> Ask:
    found: Ask = request.param(stack)
    found("put_items", ITEMS)
    return found


@pytest.fixture
def user() -> str:
    return f"user-{uuid.uuid4().hex[:8]}"


def test_items_in_and_out(ask: Ask) -> None:
    assert ask("put_items", ITEMS) == {"indexed": 0, "unchanged": 3}
    assert ask("get_item", "n1")["item"]["title"] == ITEMS[0]["title"]
    similar = ask("similar_items", "n1", limit=1)["items"]
    assert len(similar) == 1
    assert -1 <= similar[0]["similarity"] <= 1


def test_a_click_changes_the_feed_and_counts_once(ask: Ask, user: str) -> None:
    click = {"event_id": "e1", "user_id": user, "item_id": "n1", "type": "click", "at": AT}

    reports = [ask("post_events", [click]) for _ in range(2)]
    assert [(report["accepted"], report["duplicates"]) for report in reports] == [(1, 0), (0, 1)]

    deadline = time.monotonic() + WAIT_S
    while (slate := ask("recommendations", user, "news", limit=5))["basis"] != "personal":
        assert time.monotonic() < deadline
    assert {item["item_id"] for item in slate["items"]} == {"n2", "n3"}
    assert slate["items"][0]["score"] == pytest.approx(
        sum(term["contribution"] for term in slate["items"][0]["terms"]), abs=1e-5
    )
    assert ask("profile", user, "news")["interactions"] == 1


def test_a_text_comes_with_its_verdict(ask: Ask, user: str) -> None:
    text = ask("texts", user, "headline", item_id="n2")

    assert text["text"]
    assert text["verdict"]["passed"]


def test_what_is_not_there_and_what_is_wrong(ask: Ask, user: str) -> None:
    assert ask("segments", "news") == {"segments": []}
    status, problem = ask("get_item", "nowhere")
    assert (status, problem["title"]) == (404, "Not found")
    status, problem = ask("recommendations", user, "news", limit=0)
    assert (status, problem["errors"][0]["path"]) == (422, "/limit")
    status, problem = ask("post_events", [{"user_id": user, "item_id": "n1", "type": "gaze", "at": AT}])
    assert (status, problem["errors"][0]["path"]) == (422, "/events/0/type")


def test_an_item_is_deleted(ask: Ask) -> None:
    extra = {"id": "extra", "domain": "news", "title": "A title of its own"}
    assert ask("put_items", [extra])["indexed"] == 1

    assert ask("delete_item", "extra") is None

    assert ask("get_item", "extra")[0] == 404


def test_a_key_that_nobody_knows(stack: LocalStack) -> None:
    with Feedsmith(stack.base_url, "nonsense") as client, pytest.raises(Unauthorized):
        client.segments("news")
    with Feedsmith(stack.base_url) as client:
        assert client.ready().status == "ok"


def test_events_in_the_background_land_before_the_client_closes(stack: LocalStack, user: str) -> None:
    with Feedsmith(stack.base_url, stack.key) as client:
        client.put_items(ITEMS)
        slate = client.recommendations(user, "news")
        client.events.show(user, slate)
        client.events.record(user, slate.items[0].item_id, "click", slate=slate)
        assert client.events.flush(WAIT_S)
        stack.settle()
        assert client.profile(user, "news").consumed == (slate.items[0].item_id,)


def test_schemathesis_accepts_the_document_and_the_answers_keep_to_it(stack: LocalStack, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run",
            f"{stack.base_url}/openapi.json", "--header", f"Authorization: Bearer {stack.key}",
            "--phases", "examples,fuzzing", "--max-examples", "3", "--seed", "1",
            "--checks", CHECKS,
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-6000:]
