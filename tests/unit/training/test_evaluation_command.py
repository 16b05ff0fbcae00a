"""``feedsmith evaluate ranking``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from feedsmith_local import cli_evaluate, processes
from feedsmith_local.cli import app

ASKED = ["evaluate", "ranking", "--news", "n.tsv", "--train", "b.tsv", "--json", "r.json"]


def test_the_evaluation_runs_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], *, check: bool, stdout: int | None) -> subprocess.CompletedProcess[str]:
        assert (check, stdout) == (False, None)
        ran.append(command)
        return subprocess.CompletedProcess(command, 7)

    monkeypatch.setattr(processes, "find_spec", lambda _: object())
    monkeypatch.setattr(processes.subprocess, "run", run)
    done = CliRunner().invoke(app, [*ASKED, "--test", "c.tsv"])

    assert done.exit_code == 7
    assert ran == [[
        sys.executable, "-m", "feedsmith_local.processes", "feedsmith_training.evaluation", "--format=mind",
        "--items=n.tsv", "--train=b.tsv", "--test=c.tsv", "--domain=news", "--json=r.json",
    ]]  # fmt: skip


def test_writers_are_evaluated_into_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], *, check: bool, stdout: int | None) -> subprocess.CompletedProcess[str]:
        ran.append(command[3:])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(processes, "find_spec", lambda _: object())
    monkeypatch.setattr(processes.subprocess, "run", run)
    asked = ["--articles", "a", "--cases", "c", "--json", "w.json", "--most", "3"]

    assert CliRunner().invoke(app, ["evaluate", "writing", *asked]).exit_code == 0
    assert ran == [
        ["feedsmith_training.writing.evaluation", "--articles=a", "--cases=c", "--json=w.json", "--most=3"],
    ]  # fmt: skip


def test_without_the_training_extra_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "find_spec", lambda name: None if name == "torch" else object())
    done = CliRunner().invoke(app, ASKED)

    assert done.exit_code == 1
    assert done.stderr.splitlines() == ["error: evaluating needs torch: run `make install`"]


def test_formats_are_those_that_can_be_read() -> None:
    from feedsmith_training.formats.sources import FORMATS

    assert tuple(cli_evaluate.Format) == FORMATS


def test_make_refuses_data_that_are_not_there(tmp_path: Path) -> None:
    makefile = Path(__file__).parents[3] / "Makefile"
    command = ["make", "-f", makefile, "-o", "install", "evaluate-ranking", f"DATA={tmp_path}", "FORMAT=movies"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=makefile.parent, check=False)

    assert done.returncode != 0
    assert "no movies data: set DATA=folder" in done.stderr
