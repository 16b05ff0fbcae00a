"""On the local stack, with the real functions: what a user decides shows in the very next feed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from feedsmith_local.stack import LocalStack
from support.callers import LOCAL_KEY

TITLES = {
    "sport": [
        "Striker scores twice as City win the cup final",
        "Champion beaten in the first round of the tennis open",
        "Rugby coach names a young team for the final match",
        "Sprinter breaks the national record in athletics",
    ],
    "business": [
        "Bank lifts its interest rate to four per cent",
        "Shares fall as the carmaker reports lower profits",
        "Oil prices rise after the producers cut output",
        "Retailer plans to close stores and cut jobs",
    ],
}
ITEMS = [
    {"id": f"{topic}{n}", "domain": "news", "title": title, "body": f"{title}. More to follow.", "categories": [topic]}
    for topic, titles in TITLES.items()
    for n, title in enumerate(titles)
]
WAIT_S = 20.0


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[httpx.Client]:
    environment = {"FEEDSMITH_MODELS_PATH": str(models), "FEEDSMITH_LOCAL_KEY": LOCAL_KEY}
    with LocalStack(tmp_path_factory.mktemp("privacy"), port=0, environment=environment) as stack:
        headers = {"Authorization": f"Bearer {stack.key}"}
        with httpx.Client(base_url=stack.base_url, headers=headers, trust_env=False, timeout=30) as client:
            assert client.post("/v1/items", json={"items": ITEMS}).status_code == 200
            yield client


class User:
    def __init__(self, http: httpx.Client, name: str) -> None:
        self._http, self._name = http, name

    def ask(self, method: str, what: str, **more: Any) -> Any:
        answer = self._http.request(method, f"/v1/users/{self._name}/{what}", **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def feed(self) -> tuple[str, list[str]]:
        slate = self.ask("GET", "recommendations", params={"domain": "news", "limit": 20})
        return slate["basis"], [item["item_id"] for item in slate["items"]]

    def read(self, *items: str) -> dict[str, int]:
        now = datetime.now(UTC).isoformat()
        events = [{"user_id": self._name, "item_id": item, "type": "like", "at": now} for item in items]
        answer = self._http.post("/v1/events", json={"events": events})
        assert answer.status_code == 202
        counts: dict[str, int] = answer.json()
        return counts

    def shares(self) -> dict[str, float]:
        return {tag["tag"]: tag["weight"] for tag in self.ask("GET", "tags")["domains"].get("news", [])}

    def reads_until_it_shows(self, *items: str) -> None:
        self.read(*items)
        until = time.monotonic() + WAIT_S
        while set(items) & set(self.feed()[1]) or self.feed()[0] != "personal":
            assert time.monotonic() < until, "the events never reached the feed"
            time.sleep(0.05)


def test_consent_decides_what_the_next_feed_is_made_of(http: httpx.Client) -> None:
    # GIVEN a reader whose event changed their feed
    ann = User(http, "ann")
    ann.reads_until_it_shows("sport0")
    assert ann.feed()[1][0].startswith("sport")
    # WHEN they refuse profiling, THEN the next feed knows nothing of them
    ann.ask("PUT", "consent", json={"profiling": False})
    basis, items = ann.feed()
    assert basis == "non_profiled"
    assert set(items) == {item["id"] for item in ITEMS}
    # AND what they do now is nobody's
    assert ann.read("business0") == {"accepted": 1, "duplicates": 0, "ignored": 0}
    # WHEN they allow it again, THEN the next feed is theirs, without what they did meanwhile
    ann.ask("PUT", "consent", json={"profiling": None})
    basis, items = ann.feed()
    assert basis == "personal"
    assert "sport0" not in items
    assert "business0" in items


def test_a_tag_that_is_removed_loses_its_share_at_once(http: httpx.Client) -> None:
    bob = User(http, "bob")
    bob.reads_until_it_shows("sport1", "sport2", "business1")
    before = bob.shares()
    tag = max(before, key=before.__getitem__)

    bob.ask("DELETE", f"tags/{tag}")
    assert bob.shares().get(tag, 0.0) == 0.0 < before[tag]
    profile = bob.ask("GET", "profile", params={"domain": "news"})
    assert tag not in profile["topics"]
    assert tag not in [interest["label"] for interest in profile["interests"]]
    bob.ask("PUT", f"tags/{tag}")
    assert bob.shares()[tag] == pytest.approx(before[tag], abs=0.01)


def test_what_somebody_is_not_interested_in_never_comes_again(http: httpx.Client) -> None:
    eve = User(http, "eve")
    eve.reads_until_it_shows("sport3")
    unwanted = eve.feed()[1][0]
    eve.ask("POST", "not-interested", json={"item_id": unwanted})
    assert unwanted not in eve.feed()[1]

    eve.ask("POST", "not-interested", json={"tag": "business"})
    # not after more events, nor for one of those, nor without a profile
    eve.reads_until_it_shows("sport2")
    for consent in ({"profiling": True}, {"profiling": False}):
        eve.ask("PUT", "consent", json=consent)
        shown = eve.feed()[1]
        assert unwanted not in shown
        assert shown
        assert not [item for item in shown if item.startswith("business")]
    eve.ask("POST", "not-interested", json={"item_id": unwanted, "undo": True})
    assert unwanted in eve.feed()[1]
