"""A post of events that breaks off in the middle: what landed stays, and sending all again counts nothing twice."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from feedsmith.errors import StoreUnavailable
from feedsmith.models import Event
from support.events import rest_event
from support.ledger import InMemoryLedger
from support.services import absorb, fake_services

API = Path(__file__).resolve().parents[3] / "functions" / "api" / "app.py"
EVENTS = [
    {"user_id": "ann", "item_id": "cup", "type": "click", "at": f"2026-03-01T12:00:0{n}Z", "event_id": f"e{n}"}
    for n in range(5)
]


class Throttled(InMemoryLedger):
    """Refuses the appends whose numbers are in ``refused``; ``late``: those take effect, and nobody hears of it."""

    def __init__(self, refused: set[int], late: set[int]) -> None:
        super().__init__()
        self.calls = 0
        self._refused = refused
        self._late = late

    def append(self, tenant: str, user: str, event: Event) -> bool:
        self.calls += 1
        if self.calls in self._refused:
            raise StoreUnavailable("ledger: throttled", retry_after_s=3)
        new = super().append(tenant, user, event)
        if self.calls in self._late:
            raise StoreUnavailable("ledger: no answer in time")
        return new


def post(app: Any) -> dict[str, Any]:
    answer: dict[str, Any] = app(rest_event("POST", "/v1/events", body={"events": EVENTS}), None)
    return answer


@pytest.mark.parametrize(
    ("refused", "late", "duplicates"),
    [
        ({3}, set(), 2),  # two were written before the third was throttled
        (set(), {3}, 3),  # the third was written too, though the answer was lost: it counts as a duplicate then
    ],
)
def test_all_are_sent_again_and_each_counts_once(
    monkeypatch: pytest.MonkeyPatch, refused: set[int], late: set[int], duplicates: int
) -> None:
    services = fake_services()
    services.ledger = Throttled(refused, late)
    services.embedder()  # prepares the vector store
    spec = importlib.util.spec_from_file_location("api_under_faults", API)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "services", lambda: services)

    broken = post(module.app)
    assert broken["statusCode"] == 503
    assert int(broken["headers"]["Retry-After"]) >= 1
    again = post(module.app)
    assert again["statusCode"] == 202
    said = json.loads(again["body"])
    assert (said["accepted"], said["duplicates"]) == (5 - duplicates, duplicates)
    absorb(services)
    assert services.ledger.counters("acme", ["cup"])["cup"].counts == {"click": 5}
