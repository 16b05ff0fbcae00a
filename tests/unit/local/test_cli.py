"""The commands on people and on the stack, and how every command ends when something is wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from feedsmith_local import cli, cli_stack
from feedsmith_local.terminal import STATE
from support.callers import LOCAL_KEY
from support.local_api import Api, printed, run


def test_a_feed_is_shown_with_its_reasons(api: Api) -> None:
    said = run("recommend", "ann/x", "--limit", "3")

    assert api.asked == [("GET", "/v1/users/ann%2Fx/recommendations?domain=news&limit=3")]
    assert "personal" in said
    assert all(part in said for part in ("n2", "Tennis", "1.250", "like what you read"))


def test_a_feed_for_programs_is_the_apis_answer(api: Api) -> None:
    slate = printed("recommend", "ann")

    assert slate["basis"] == "personal"
    assert [(item["item_id"], item["score"]) for item in slate["items"]] == [("n2", 1.25)]


def test_an_empty_feed_is_said(api: Api) -> None:
    api.slate = []
    assert run("recommend", "ann") == "nothing to recommend in news: no items are there, or all of them were consumed\n"


def test_a_text_is_written(api: Api) -> None:
    said = run("write", "ann", "n2", "--kind", "summary", "--language", "zh")

    assert said.startswith("A headline")
    assert '"kind": "summary"' in said
    assert '"language": "zh"' in said
    assert printed("write", "ann", "n2")["text"] == "A headline"


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Each command with its names."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(commands(typer.main.get_command(cli.app)))


def test_there_are_the_commands_that_the_documents_speak_of() -> None:
    assert {name.partition(" ")[0] for name in COMMANDS} == {
        "demo", "doctor", "erasure", "evaluate", "events", "experiments", "export", "ingest", "issuers", "keys",
        "models", "recommend", "redrive", "serve", "tenants", "train", "write",
    }  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_prints_json_for_programs_and_explains_each_option(name: str) -> None:
    options = {option: parameter for parameter in COMMANDS[name].params for option in parameter.opts}

    assert options["--json"].is_flag or name.startswith("evaluate ")  # whose report takes long, and goes to a file
    assert [option for option, parameter in options.items() if not parameter.help] == []
    assert COMMANDS[name].help


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (HTTPStatus.FORBIDDEN, "feedsmith keys create --scope"),
        (HTTPStatus.NOT_FOUND, "it answers 404"),
        (HTTPStatus.UNPROCESSABLE_ENTITY, "it answers 422"),
    ],
)
def test_a_refusal_is_one_line_with_the_remedy(api: Api, status: HTTPStatus, remedy: str) -> None:
    api.status = status

    said = run("recommend", "ann", code=1)

    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert remedy in said


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "127.0.0.1:8000", "http://x:port", "ftp://x"])
def test_nothing_that_answers_is_one_line_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FEEDSMITH_URL", url)  # 9: the discard port

    said = run("recommend", "ann", code=1)

    assert said.count("\n") == 1
    assert "feedsmith serve" in said or "give one like" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("ingest x.jsonl", "error: Missing option '--domain': see feedsmith ingest --help\n"),
        ("ingets", "error: No such command 'ingets'. Did you mean 'ingest'?: see feedsmith --help\n"),
        ("--fast", "error: No such option: --fast: see feedsmith --help\n"),
        (
            "recommend ann --limit 0",
            "'--limit': Input should be greater than or equal to 1: see feedsmith recommend --help\n",
        ),
    ],
)
def test_a_mistake_in_the_command_line_is_one_line(words: str, said: str) -> None:
    printed = run(*words.split(), code=2).replace("root", "feedsmith")

    assert printed.endswith(said)
    assert printed.count("\n") == 1


def test_without_a_command_there_is_help() -> None:
    assert "Usage" in run(code=2)
    assert "Usage" in run("keys", code=2)


def test_a_setting_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDSMITH_K_ANONYMITY", "a few")

    said = run("models", "list", code=1)

    assert said.count("\n") == 1
    assert "FEEDSMITH_K_ANONYMITY" in said


def test_an_interrupt_is_one_line(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedsmith.client.Feedsmith.recommendations", lambda *_, **__: _interrupt())

    assert run("recommend", "ann", code=130) == "error: interrupted; what was done stays done\n"


def test_a_mistake_of_ours_is_not_dressed_up(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedsmith.client.Feedsmith.recommendations", lambda *_, **__: 1 // 0)

    assert isinstance(CliRunner().invoke(cli.app, ["recommend", "ann"]).exception, ZeroDivisionError)


def test_the_key_of_a_running_serve_is_found(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FEEDSMITH_LOCAL_KEY")
    assert "does not know this key" in run("recommend", "ann", code=1)

    STATE.mkdir()
    with cli_stack._key_file(LOCAL_KEY):
        assert (STATE / "key").stat().st_mode & 0o777 == 0o600
        assert "n2" in run("recommend", "ann")
    assert not (STATE / "key").exists()


def test_serve_says_when_the_port_is_taken(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    port = os.environ["FEEDSMITH_URL"].rpartition(":")[2]

    said = run("serve", "--port", port, code=1)

    assert f"port {port}" in said
    assert "choose another" in said
    assert list(STATE.iterdir()) == []  # the vectors' folder is gone again


def test_serve_prints_where_and_with_what_key_and_ends_on_an_interrupt(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FEEDSMITH_LOCAL_KEY", LOCAL_KEY)
    monkeypatch.setattr("signal.pause", _interrupt)

    said = run("serve", "--port", "0")

    assert "http://127.0.0.1:" in said
    assert f"key: {LOCAL_KEY}" in said
    assert said.endswith("ended\n")
    assert list(STATE.iterdir()) == []

    served = printed("serve", "--port", "0")
    assert served["key"] == LOCAL_KEY
    assert served["url"].startswith("http://127.0.0.1:")


def test_demo_hands_its_options_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr("feedsmith_local.demo.main", lambda **options: given.update(options))
    monkeypatch.chdir(tmp_path)

    run("demo", "--domain", "commerce")
    assert (given["content"], given["domain"], given["report"]) == (None, "commerce", Path("reports/demo.json"))

    Path("r.json").write_text('{"items": 3}')
    assert printed("demo", "--report", "r.json") == {"items": 3}


def _interrupt() -> None:
    raise KeyboardInterrupt
