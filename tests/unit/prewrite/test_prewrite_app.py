"""The scheduled function: every tenant has its turn, and the end of a batch starts no other."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from feedsmith.errors import StoreUnavailable
from feedsmith.writing.batch import Collected
from feedsmith.writing.prewriting import Written

APP = Path(__file__).resolve().parents[3] / "functions" / "prewrite" / "app.py"
CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 900_000)
SCHEDULE = {"source": "aws.scheduler"}
ENDED = {"source": "aws.bedrock", "detail-type": "Batch Inference Job State Change"}


class Prewriting:
    """Both prewriters: three tasks are missing in each domain; with ``batch`` two of a tenant's become a job."""

    def __init__(self) -> None:
        self.down: str | None = None
        self.wrote: list[tuple[str, int]] = []

    def missing(self, tenant: str, domain: str) -> list[str]:
        if tenant == self.down:
            raise StoreUnavailable("no vectors")
        return [domain] * 3

    def write(self, tenant: str, tasks: list[str], time_left: Any) -> Written:
        assert time_left() == 900
        self.wrote.append((tenant, len(tasks)))
        return Written(written=len(tasks))

    def submit(self, tenant: str, tasks: list[str]) -> tuple[int, list[str]]:
        return 2, tasks[2:]

    def collect(self, tenant: str) -> Collected:
        return Collected(written=5)


@pytest.fixture
def prewriting() -> Prewriting:
    return Prewriting()


@pytest.fixture
def app(prewriting: Prewriting) -> Any:
    spec = importlib.util.spec_from_file_location("prewrite_app", APP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.batch = None
    module.services = lambda: SimpleNamespace(
        ledger=SimpleNamespace(tenants=lambda: ["acme", "beta"]),
        domains=["news", "commerce"],
        prewriter=prewriting,
        batch_prewriter=module.batch,
    )
    return module


def test_each_tenant_s_missing_texts_are_written(app: Any, prewriting: Prewriting) -> None:
    answer = app.prewrite(SCHEDULE, CONTEXT)
    assert prewriting.wrote == [("acme", 6), ("beta", 6)]
    assert answer["reports"][0] == {"tenant": "acme", "submitted": 0, "written": 6, "failed": 0, "exhausted": False}


def test_what_is_too_little_for_a_batch_is_written_here(app: Any, prewriting: Prewriting) -> None:
    app.batch = prewriting
    report = app.prewrite(SCHEDULE, CONTEXT)["reports"][0]
    assert (report["submitted"], report["written"], report["collected"]["written"]) == (2, 4, 5)


def test_the_end_of_a_batch_is_collected_and_starts_nothing(app: Any, prewriting: Prewriting) -> None:
    app.batch = prewriting
    answer = app.prewrite(ENDED, CONTEXT)
    assert [report["collected"]["written"] for report in answer["reports"]] == [5, 5]
    assert prewriting.wrote == []


def test_one_tenant_s_failure_keeps_no_other_from_its_texts(app: Any, prewriting: Prewriting) -> None:
    prewriting.down = "acme"
    with pytest.raises(ExceptionGroup, match="writing ahead failed") as raised:
        app.prewrite(SCHEDULE, CONTEXT)
    assert [type(error) for error in raised.value.exceptions] == [StoreUnavailable]
    assert prewriting.wrote == [("beta", 6)]
