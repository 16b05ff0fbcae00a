"""The commands on experiments, over the real services and a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import pytest
from typer.testing import CliRunner

from feedsmith.bootstrap import Services
from feedsmith.errors import FeedsmithError
from feedsmith.experiments import Plan
from feedsmith.insight.messages import ExperimentView, Results
from feedsmith.models import Event, Item
from feedsmith_local import cli
from feedsmith_local.exposition import Exposition
from feedsmith_local.gateway import Answer, Gateway, Request, problem
from feedsmith_local.http import LocalHttpServer
from feedsmith_local.operations import Operations
from support.callers import LOCAL_KEY
from support.services import fake_services

PLAN = {"domain": "news", "variants": [{"name": "old"}, {"name": "new", "ranker": "linear"}]}


class Api(Gateway):
    """The routes of experiments, without the functions around them."""

    def __init__(self, services: Services) -> None:
        super().__init__([], None)
        self._services = services

    def answer(self, request: Request) -> Answer:
        name = request.target.rpartition("/")[2]
        s = self._services
        try:
            if request.method == "PUT":
                made = s.experiments.put("acme", name, Plan.model_validate_json(request.body))
                return self._json(ExperimentView.of(made))
            if request.target == "/v1/insight/experiments":
                results = tuple(s.figures.result("acme", one) for one in s.experiments.list("acme"))
                return self._json(Results(experiments=results))
            found = s.experiments.get("acme", name)
            return self._json(
                s.figures.result("acme", found) if "/insight/" in request.target else ExperimentView.of(found)
            )
        except FeedsmithError as error:
            return problem(HTTPStatus(error.status), error.detail)

    @staticmethod
    def _json(model: ExperimentView | Results | object) -> Answer:
        body = model.model_dump_json().encode()  # type: ignore[attr-defined]  # any of the answers' models
        return Answer(200, [("Content-Type", "application/json")], body)


@pytest.fixture
def services() -> Services:
    return fake_services(experiments_refresh_s=0)


@pytest.fixture
def plan(services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A file with a plan, beside a running API."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(PLAN))
    with LocalHttpServer(Api(services), 0) as server:
        monkeypatch.setenv("FEEDSMITH_URL", server.base_url)
        monkeypatch.setenv("FEEDSMITH_LOCAL_KEY", LOCAL_KEY)
        yield path


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli.app, ["experiments", *arguments], env={"COLUMNS": "200"})
    assert result.exit_code == code, result.output
    return result.output


def test_an_experiment_from_its_start_to_its_end(plan: Path, services: Services) -> None:
    assert "ranker is running from 20" in run("start", "ranker", "--plan", str(plan))
    services.content.index("acme", [Item(id="cup", domain="news", title="City win the cup")])
    for number in range(20):
        event = Event(user_id="u", item_id="cup", type="impression", at=datetime.now(UTC))
        services.ledger.append("acme", f"user-{number}", event)
    services.counting.count("acme")

    assert "needs at least 100 users and 50 clicks" in run("list")
    shown = run("show", "ranker")
    assert "ranker: running, ctr in news; counted 20" in shown
    assert "0 / " in shown
    assert "alpha 0.05" in shown
    assert json.loads(run("show", "ranker", "--json"))["contrasts"][0]["why"] == "too_little_data"
    assert len(json.loads(run("list", "--json"))["experiments"]) == 1
    assert json.loads(run("stop", "ranker", "--json"))["plan"]["status"] == "stopped"


def test_a_draft_starts_by_its_name(plan: Path, services: Services) -> None:
    services.experiments.put("acme", "ranker", Plan.model_validate(PLAN))

    assert "not counted yet" in run("show", "ranker")
    assert "running" in run("start", "ranker")
    assert "ranker is stopped" in run("stop", "ranker")


@pytest.mark.parametrize(
    ("content", "says"),
    [("{", "is no plan of an experiment: plan: Invalid JSON"), ('{"domain": "news"}', "variants: Field required")],
)
def test_a_file_that_is_no_plan(plan: Path, content: str, says: str) -> None:
    plan.write_text(content)

    assert says in run("start", "ranker", "--plan", str(plan), code=1)


def test_the_api_s_own_words_reach_the_terminal(plan: Path) -> None:
    assert "no experiment 'ranker'" in run("stop", "ranker", code=1)
    plan.write_text(json.dumps(PLAN | {"variants": [{"name": "a"}, {"name": "b", "writer": "gguf:x"}]}))
    assert "must be one of: extractive" in run("start", "ranker", "--plan", str(plan), code=1)


def test_prometheus_needs_no_key_and_gets_nothing_else(services: Services) -> None:
    operations = Operations(Gateway([], None), services.access, LOCAL_KEY, Exposition(dict))

    scraped = operations.answer(Request("GET", "/v1/metrics", [], b"", "127.0.0.1"))
    assert scraped.status == 200
    assert b"feedsmith_events_accepted_total 0.0" in scraped.body
    assert operations.answer(Request("POST", "/v1/metrics", [], b"", "127.0.0.1")).status == 404
