"""An open model of traffic: requests arrive at a constant rate, whether or not earlier ones were answered.

Waiting for answers before sending more would hide that a slow server makes callers wait ("coordinated omission"). So
each request has a time at which it is due, and its latency counts from then.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import gevent
from gevent.pool import Group
from locust import FastHttpUser, task
from locust.contrib.fasthttp import ResponseContextManager

from load.server import Server

# Of a hundred requests: feeds, clicks (and sometimes the same again, as after a lost answer), items, texts.
MIX = {"recommend": 60, "events": 20, "item": 15, "text": 5}
USERS = 200
_AGAIN = 0.1
_MOST_OPEN = 2_000
_TIMEOUT_S = 20.0


class Sent:
    """All events, by id, and those that the server has accepted."""

    def __init__(self) -> None:
        self.events: dict[str, dict[str, Any]] = {}
        self.accepted: set[str] = set()

    def new(self, rng: random.Random, items: Sequence[str]) -> dict[str, Any]:
        """A click that is like no other."""
        name = f"load-{len(self.events)}"
        event = {"event_id": name, "user_id": f"reader-{rng.randrange(USERS)}", "item_id": rng.choice(items)}
        event |= {"type": "click", "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        self.events[name] = event
        return event

    def expected(self) -> Counter[str]:
        """Clicks of each item when every event counts once."""
        return Counter(event["item_id"] for event in self.events.values())


class Source(FastHttpUser):
    """Sends the mix at a constant rate."""

    concurrency = _MOST_OPEN
    network_timeout = connection_timeout = _TIMEOUT_S
    max_retries = 0  # a request that is sent again unseen would be one more than the rate
    # Set before the run:
    server: Server
    sent: Sent
    rate: float
    malformed: Counter[str]

    def on_start(self) -> None:
        """Begin now."""
        self.rng = random.Random(f"{self.rate}")
        self.due = time.perf_counter()
        self.under_way = Group()

    def on_stop(self) -> None:
        """Wait for what is under way."""
        self.under_way.join()

    @task
    def arrive(self) -> None:
        """One request, when it is due, without waiting for its answer."""
        self.due += 1 / self.rate
        gevent.sleep(max(0.0, self.due - time.perf_counter()))
        (kind,) = self.rng.choices(list(MIX), MIX.values())
        self.under_way.spawn(getattr(self, kind), self.due)

    def recommend(self, due: float) -> None:
        """A feed."""
        path = f"/v1/users/reader-{self.rng.randrange(USERS)}/recommendations?domain=news&limit=10"
        answer = self.ask(due, "recommend", "GET", path)
        if answer.status_code == 200 and len((answer.json() or {}).get("items", ())) != 10:
            self.malformed["a feed that is not full"] += 1

    def item(self, due: float) -> None:
        """An item."""
        name = self.rng.choice(self.server.items)
        answer = self.ask(due, "item", "GET", f"/v1/items/{name}")
        if answer.status_code == 200 and answer.json()["item"]["id"] != name:
            self.malformed["another item"] += 1

    def text(self, due: float) -> None:
        """A headline."""
        body = {"kind": "headline", "item_id": self.rng.choice(self.server.items)}
        answer = self.ask(due, "text", "POST", f"/v1/users/reader-{self.rng.randrange(USERS)}/texts", body)
        if answer.status_code == 200 and not answer.json()["text"]:
            self.malformed["an empty text"] += 1

    def events(self, due: float) -> None:
        """Some clicks."""
        clicks = [self.sent.new(self.rng, self.server.items) for _ in range(self.rng.randint(1, 3))]
        while self.post(due, clicks) and self.rng.random() < _AGAIN:
            due = time.perf_counter()

    def post(self, due: float, clicks: Sequence[dict[str, Any]]) -> bool:
        """Whether these events were accepted, now or before."""
        answer = self.ask(due, "events", "POST", "/v1/events", {"events": clicks})
        if answer.status_code != 202:
            return False
        said = answer.json()
        if said["accepted"] + said["duplicates"] != len(clicks):
            self.malformed["events that the answer does not count"] += 1
        self.sent.accepted.update(click["event_id"] for click in clicks)
        return True

    def ask(self, due: float, kind: str, method: str, path: str, body: Any = None) -> ResponseContextManager:
        """Send, and measure from when it was due."""
        headers = {"Authorization": f"Bearer {self.server.key}"}
        with self.client.request(
            method, self.server.url + path, name=kind, json=body, headers=headers, catch_response=True
        ) as answer:
            answer.request_meta["response_time"] = (time.perf_counter() - due) * 1000
            status = answer.status_code
            # The statistics keep the outcomes apart by it.
            answer.request_meta["request_type"] = (
                "answered" if 200 <= status < 300 else "refused" if status in (429, 503) else f"failed ({status})"
            )
            if status in (429, 503) and not (answer.headers or {}).get("Retry-After"):
                self.malformed["a refusal without Retry-After"] += 1
            if status >= 400 and "application/problem+json" not in (answer.headers or {}).get("Content-Type", ""):
                self.malformed["an error that is no problem+json"] += 1
            answer.success()
        return answer
