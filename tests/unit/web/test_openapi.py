"""The OpenAPI document, the page and the summary say what the routes do, and nothing else."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from chalice.app import Response
from openapi_spec_validator import validate

from feedsmith.client import AsyncFeedsmith, Feedsmith
from feedsmith.errors import NotFound
from feedsmith.messages import EventBatch, EventReport
from feedsmith.models import Id, Model
from feedsmith.web import Api
from feedsmith.web.documents import add_documents
from feedsmith.web.openapi import document, failures
from support.events import rest_event

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = {"openapi_json", "docs", "llms_txt"}


def load_app() -> Api:
    """The real app, without its services."""
    path = ROOT / "functions" / "api" / "app.py"
    sys.path.insert(0, str(path.parent))
    try:
        spec = importlib.util.spec_from_file_location("documented_api", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    app: Api = module.app
    return app


APP = load_app()


class FindQuery(Model):
    """What to find."""

    word: str | None = None
    tag: tuple[str, ...] = ()


@pytest.fixture
def api() -> Api:
    app = Api("test", max_body_bytes=1000)

    @app.route("/v1/users/{user_id}/events", methods=["POST"], scope="events:write", status=202, raises=(NotFound,))
    def add(user_id: Id, body: EventBatch) -> EventReport:
        """Add events.

        They count once.
        """
        return EventReport(accepted=len(body.events), duplicates=0)

    @app.route("/v1/things", methods=["GET"], scope=None, media_type="text/plain")
    def find(query: FindQuery) -> Response:
        """Find <things>."""
        return Response(body="")

    @app.route("/v1/things", methods=["DELETE"], scope="items:write")
    def clear() -> None:
        """Delete all things."""

    add_documents(app)
    return app


def ask(api: Api, path: str, stage: str = "/prod") -> tuple[str, dict[str, str]]:
    event = rest_event("GET", path, authorizer=None)
    event["requestContext"]["path"] = stage + path
    answer = api(event, None)
    assert answer["statusCode"] == 200
    return answer["body"], answer["headers"]


def test_a_route_s_declaration_is_all_in_the_document(api: Api) -> None:
    made = json.loads(ask(api, "/openapi.json")[0])

    assert made["openapi"].startswith("3.1")
    assert made["servers"] == [{"url": "/prod"}]
    add = made["paths"]["/v1/users/{user_id}/events"]["post"]
    assert (add["operationId"], add["summary"], add["tags"]) == ("add", "Add events.", ["users"])
    assert add["description"] == "They count once.\n\nNeeds the scope `events:write`."
    assert add["security"] == [{"apiKey": ["events:write"]}, {"userToken": ["events:write"]}]
    assert add["requestBody"]["content"]["application/json"]["schema"]["$ref"] == "#/components/schemas/EventBatch"
    assert add["responses"]["202"]["content"]["application/json"]["schema"]["$ref"].endswith("/EventReport")
    assert sorted(map(int, add["responses"])) == [202, 400, 401, 403, 404, 413, 415, 422, 429, 500, 503, 504]
    assert made["components"]["schemas"]["EventBatch"]["examples"]


def test_a_query_s_fields_are_parameters_and_no_null_is_among_them(api: Api) -> None:
    find = json.loads(ask(api, "/openapi.json")[0])["paths"]["/v1/things"]["get"]

    word, tag = find["parameters"]
    assert (word["name"], word["in"], word["required"], word["schema"]) == ("word", "query", False, {"type": "string"})
    assert tag["schema"]["type"] == "array"
    assert find["security"] == []
    assert find["responses"]["200"]["content"] == {"text/plain": {"schema": {"type": "string"}}}


def test_an_empty_answer_has_no_content(api: Api) -> None:
    clear = json.loads(ask(api, "/openapi.json")[0])["paths"]["/v1/things"]["delete"]

    assert "content" not in clear["responses"]["204"]
    assert clear["security"] == [{"apiKey": ["items:write"]}]  # not a user's own


def test_the_page_has_every_operation_and_asks_no_other_host(api: Api) -> None:
    page, headers = ask(api, "/docs")

    assert headers["Content-Type"].startswith("text/html")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert all(f'<article id="{name}">' in page for name in ("add", "find", "clear", *DOCUMENTS))
    assert "Find &lt;things&gt;." in page
    assert not re.search(r"<script|https?://|src=|style=|@import|url\(", page)
    anchors = set(re.findall(r'href="#([^"]+)"', page))
    assert anchors <= set(re.findall(r'id="([^"]+)"', page))


def test_the_summary_has_a_line_for_every_operation(api: Api) -> None:
    summary, headers = ask(api, "/llms.txt")

    assert headers["Content-Type"].startswith("text/plain")
    assert summary.startswith("# feedsmith\n\n> ")
    assert "- `POST /prod/v1/users/{user_id}/events`: Add events. Body: EventBatch. Scope: events:write." in summary
    assert "- `GET /prod/v1/things (word?, tag?)`: Find <things>." in summary


# -- the real API --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real() -> dict[str, Any]:
    return document(APP.operations)


def test_the_document_is_openapi_3_1(real: dict[str, Any]) -> None:
    validate(real)


def test_it_has_the_app_s_routes_and_no_others(real: dict[str, Any]) -> None:
    routes = {(path, method.lower()) for path, methods in APP.routes.items() for method in methods}

    assert {(path, method) for path, methods in real["paths"].items() for method in methods} == routes
    names = [declared.name for declared in APP.operations]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("declared", APP.operations, ids=lambda o: o.name)
def test_each_route_is_documented_as_declared(real: dict[str, Any], declared: Any) -> None:
    said = real["paths"][declared.path][declared.method.lower()]

    assert said["summary"]
    assert {int(status) for status in said["responses"]} == {declared.status, *failures(declared)}
    sent = {(p["in"], p["name"]) for p in said.get("parameters", ())}
    query = {f.alias or n for n, f in declared.query.model_fields.items()} if declared.query else set()
    assert sent == {("path", name) for name in declared.parameters} | {("query", name) for name in query}
    assert ("requestBody" in said) == (declared.body is not None)


def test_every_reference_leads_somewhere_and_no_description_has_markup(real: dict[str, Any]) -> None:
    text = json.dumps(real)

    for kind, name in re.findall(r"#/components/(\w+)/([\w-]+)", text):
        assert name in real["components"][kind]
    assert "``" not in text
    assert ":class:" not in text


def test_the_clients_have_a_method_for_every_operation() -> None:
    operations = {declared.name for declared in APP.operations} - DOCUMENTS

    for client in (Feedsmith, AsyncFeedsmith):
        assert operations - set(dir(client)) == set(), "add them to feedsmith/client/calls.py and clients.py"


def test_nothing_of_it_is_loaded_before_it_is_asked_for() -> None:
    probe = (
        "import sys, app; print([m for m in sys.modules if m.startswith(('feedsmith.web.openapi', "
        "'feedsmith.web.reference', 'feedsmith.client', 'httpx'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, cwd=ROOT / "functions" / "api", check=True
    )

    assert done.stdout.strip() == "[]"
