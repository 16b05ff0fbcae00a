"""The stand-in for Lambda does what Lambda does."""

from __future__ import annotations

from pathlib import Path

import pytest
from artefacts.layout import Artefact
from artefacts.process import FunctionDied, FunctionProcess

HANDLER = """
import os

count = 0

def answer(event, context):
    global count
    count += 1
    if event == "raise":
        raise ValueError("as asked")
    if event == "exit":
        os._exit(3)
    return {
        "event": event,
        "count": count,
        "home": os.environ.get("HOME"),
        "seconds": context.get_remaining_time_in_millis() / 1000,
        "function": context.invoked_function_arn.rpartition(":")[2],
    }
"""


def function(folder: Path, interpreter: Path, code: str) -> FunctionProcess:
    (folder / "app.py").write_text(code)
    return FunctionProcess(Artefact("Example", "app.answer", folder, ()), interpreter, {})


def test_one_process_answers_several_events(tmp_path: Path, interpreter: Path) -> None:
    with function(tmp_path, interpreter, HANDLER) as process:
        first, failed, last = (process.invoke(event, 30) for event in ({"a": "é"}, "raise", 3))

    assert first.payload["event"] == {"a": "é"}
    assert 0 < first.payload["seconds"] <= 30
    assert first.payload["function"] == "Example"
    assert failed.error is not None
    assert (failed.error["errorType"], failed.error["errorMessage"]) == ("ValueError", "as asked")
    assert (last.payload["event"], last.payload["count"]) == (3, 3)
    assert process.first_answer_s is not None


def test_the_machine_s_own_environment_stays_outside(tmp_path: Path, interpreter: Path) -> None:
    with function(tmp_path, interpreter, HANDLER) as process:
        assert process.invoke({}).payload["home"] is None


def test_a_module_that_cannot_be_imported_is_an_answer(tmp_path: Path, interpreter: Path) -> None:
    with function(tmp_path, interpreter, "import no_such_module") as process:
        answer = process.invoke({})

    assert answer.error is not None
    assert answer.error["errorType"] == "Runtime.ImportModuleError"


def test_a_process_that_ends_is_noticed(tmp_path: Path, interpreter: Path) -> None:
    with function(tmp_path, interpreter, HANDLER) as process, pytest.raises(FunctionDied, match="ended with 3"):
        process.invoke("exit")
