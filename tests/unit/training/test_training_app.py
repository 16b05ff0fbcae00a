"""The scheduled function: its answer, and what it raises after all had their turn."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from feedsmith.bootstrap import Services
from feedsmith.errors import StoreUnavailable
from feedsmith.models import Item
from support.callers import api_key
from support.services import fake_services

APP = Path(__file__).parents[3] / "functions" / "training" / "app.py"
CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 900_000)


@pytest.fixture(scope="module")
def app() -> ModuleType:
    spec = importlib.util.spec_from_file_location("training_app", APP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def services(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Services:
    s = fake_services()
    s.ledger.save_key(api_key("a", "acme"))
    s.content.index("acme", [Item(id="a", domain="news", title="a title")])
    monkeypatch.setattr(app, "services", lambda: s)
    return s


def test_its_answer_is_the_reports(app: ModuleType, services: Services) -> None:
    (report,) = app.train({}, CONTEXT)["reports"]

    assert (report["tenant"], report["domain"], report["decision"]) == ("acme", "news", "kept")
    assert report["reason"].startswith("too little data: 0 clicks")


def test_what_failed_is_raised(app: ModuleType, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(tenant: str) -> Any:
        raise StoreUnavailable("throttled")

    monkeypatch.setattr(services.ledger, "events", down)

    with pytest.raises(ExceptionGroup, match="training failed") as raised:
        app.train({}, CONTEXT)
    assert [type(error) for error in raised.value.exceptions] == [StoreUnavailable]


def test_without_time_nothing_is_begun(app: ModuleType, services: Services) -> None:
    with pytest.raises(ExceptionGroup, match="training failed"):
        app.train({}, SimpleNamespace(get_remaining_time_in_millis=lambda: 1_000))
