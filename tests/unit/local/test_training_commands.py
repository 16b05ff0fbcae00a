"""The commands around training, over stores in memory."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from feedsmith import bootstrap
from feedsmith.bootstrap import Services
from feedsmith.errors import StoreUnavailable
from feedsmith.models import Event, Item
from feedsmith_local import cli
from support.callers import api_key
from support.services import fake_services


def run(*arguments: str, code: int = 0) -> str:
    """What the command says, on both channels."""
    result = CliRunner().invoke(cli.app, list(arguments), env={"TERM": "dumb"})
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Services:
    s = fake_services()
    s.ledger.save_key(api_key("a", "acme"))
    s.content.index("acme", [Item(id="a", domain="news", title="a title")])
    clicked = Event(user_id="ann@example.com", item_id="a", type="click", at=datetime(2026, 3, 1, tzinfo=UTC))
    s.ledger.append("acme", "5eed", clicked)
    monkeypatch.setattr(bootstrap, "services", lambda: s)
    return s


def test_events_and_items_are_exported(services: Services, tmp_path: Path) -> None:
    events, items = tmp_path / "events.jsonl", tmp_path / "items.jsonl"
    events.write_text("of yesterday")

    assert "1 events" in run("export", "events", "--tenant", "acme", "--out", str(events))
    assert "1 items" in run("export", "items", "--tenant", "acme", "--out", str(items))

    assert json.loads(events.read_text())["user_id"] == "5eed"
    line = json.loads(items.read_text())
    assert (line["embedder"], line["indexed"]["item"]["id"], len(line["vector"])) == ("bag@1", "a", 64)


def test_an_export_that_breaks_off_leaves_the_old_file(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("of yesterday")

    def down(tenant: str) -> Any:
        raise StoreUnavailable("throttled: try again")

    monkeypatch.setattr(services.ledger, "events", down)

    assert "throttled: try again" in run("export", "events", "--tenant", "acme", "--out", str(path), code=1)
    assert path.read_text() == "of yesterday"
    assert list(tmp_path.iterdir()) == [path]


def test_models_are_listed_and_rolled_back(services: Services) -> None:
    assert "the fixed one serves" in run("models", "list")
    assert json.loads(run("models", "list", "--json")) == []
    for version in ("v1", "v2"):
        report = {"at": "2026-03-01T12:00:00Z", "reason": f"not worse, says {version}"}
        services.models.put("acme", "news", version, b"x", report)
        services.models.promote("acme", "news", version, report)

    said = run("models", "list", "--tenant", "acme", "--domain", "news")
    lines = {version: next(line for line in said.splitlines() if f" {version} " in line) for version in ("v1", "v2")}
    assert "since" in lines["v2"]
    assert "since" not in lines["v1"]
    assert "2026-03-01 12:00" in lines["v1"]
    assert "not worse, says v1" in lines["v1"]

    assert "v1 serves acme/news within 60 s" in run("models", "rollback", "--tenant", "acme", "--domain", "news")
    assert "the fixed ranker serves" in run("models", "rollback", "--tenant", "acme", "--domain", "news")
    assert "nothing to roll back" in run("models", "rollback", "--tenant", "acme", "--domain", "news", code=1)
    assert "no domain 'typo'" in run("models", "rollback", "--tenant", "acme", "--domain", "typo", code=1)


def test_training_runs_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []

    def fake(command: list[str], *, check: bool, stdout: int | None) -> subprocess.CompletedProcess[bytes]:
        assert (check, stdout) == (False, None)
        called.append(command)
        return subprocess.CompletedProcess(command, 3)

    monkeypatch.setattr(subprocess, "run", fake)

    run("train", "ranker", "--tenant", "acme", code=3)
    run("train", "ranker", "--domain", "news", "--json", code=3)

    module = [sys.executable, "-m", "feedsmith_local.processes", "feedsmith_training.run"]
    assert called == [[*module, "--tenant=acme"], [*module, "--domain=news", "--format=json"]]


def test_the_report_of_a_process_is_printed_for_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    articles = tmp_path / "articles.jsonl"
    articles.touch()

    def fake(command: list[str], *, check: bool, stdout: int | None) -> subprocess.CompletedProcess[bytes]:
        assert stdout == 2  # what it prints goes beside the JSON
        (tmp_path / "writer.json").write_text('{"pairs": 3}')
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", fake)
    said = run("train", "writer", "--articles", str(articles), "--out", str(tmp_path / "writer.gguf"), "--json")

    assert json.loads(said) == {"pairs": 3}


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [("import sys; print(sys.argv[1:])", 0, "['--x=1']\n"), ("raise KeyboardInterrupt", 130, "")],
)
def test_a_process_runs_a_module_and_ends_quietly_when_interrupted(
    tmp_path: Path, body: str, code: int, said: str
) -> None:
    (tmp_path / "some_work.py").write_text(body)
    command = [sys.executable, "-m", "feedsmith_local.processes", "some_work", "--x=1"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (code, said, "")
