"""`python -m load`: how many requests a second `feedsmith serve` holds, and what happens past that."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import gevent
from locust.env import Environment
from locust.stats import StatsEntry

from load.server import Server, serving
from load.traffic import MIX, Sent, Source

BOUND_MS = 100
_FIRST, _STEP, _FINE = 5.0, 1.5, 1.15
_PAST = (2, 8)  # times the rate that was not held
_FEWEST = 100  # requests of a step, or its p99 is one request's
_SETTLE_S = 120
_LATE_S = 5  # in which what would be counted twice is


def main() -> int:
    """Raise the rate until it is not held, go on past it, and count the events."""
    parser = argparse.ArgumentParser(prog="python -m load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="length of a step")
    parser.add_argument("--articles", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--report", type=Path, default=Path("reports/load.json"))
    given = parser.parse_args()
    Source.sent, Source.malformed = Sent(), Counter()
    with serving(given.articles, given.seed) as server:
        Source.server, Source.host = server, server.url
        report = _measure(given.seconds)
        report["events"] = _count(server)
    report["malformed"] = dict(Source.malformed)
    given.report.parent.mkdir(parents=True, exist_ok=True)
    given.report.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    _say(f"held {report['held_rps']} requests/s at p99 <= {BOUND_MS} ms; {report['events']}; in {given.report}")
    clean = not Source.malformed and report["events"]["lost"] == report["events"]["counted_twice"] == 0
    return 0 if clean and report["held_rps"] else 1


def _measure(seconds: float) -> dict[str, Any]:
    step(_FIRST, seconds)  # the first requests load code
    steps, rate, held = [], _FIRST, 0.0
    for factor in (_STEP, _FINE):
        rate = held * factor or _FIRST
        while True:
            steps.append(step(rate, seconds))
            if not steps[-1]["held"]:
                break
            held, rate = rate, rate * factor
    return {
        "machine": {"python": platform.python_version(), "processor": platform.machine(), "cores": os.cpu_count()},
        "model": "open, constant rate; latency from when a request was due; the generator runs on the same machine",
        "mix_percent": MIX,
        "p99_bound_ms": BOUND_MS,
        "held_rps": round(held, 1),
        "steps": steps,
        "past_it": [step(rate * times, seconds) for times in _PAST],
    }


def step(rate: float, seconds: float) -> dict[str, Any]:
    """Traffic of one rate, and what came of it."""
    Source.rate = rate
    environment = Environment(user_classes=[Source])
    runner = environment.create_local_runner()
    runner.start(1, spawn_rate=1)
    gevent.sleep(max(seconds, _FEWEST / rate))
    runner.quit()  # waits for what is under way
    entries = environment.stats.entries
    outcomes = {outcome: _merged(entries, outcome) for outcome in dict.fromkeys(kind for _, kind in entries)}
    answered = outcomes.get("answered")
    p99 = answered.get_response_time_percentile(0.99) if answered else None
    result = {
        "rate": round(rate, 1),
        "requests": sum(entry.num_requests for entry in outcomes.values()),
        "held": outcomes.keys() == {"answered"} and p99 is not None and p99 <= BOUND_MS,
        "load_average": round(os.getloadavg()[0], 1),
        **{outcome: _figures(entry) for outcome, entry in outcomes.items()},
        "by_kind": {name: _figures(entry) for (name, outcome), entry in entries.items() if outcome == "answered"},
    }
    _say(f"{rate:7.1f}/s  " + "  ".join(f"{outcome} {_figures(entry)}" for outcome, entry in outcomes.items()))
    return result


def _merged(entries: dict[tuple[str, str], StatsEntry], outcome: str) -> StatsEntry:
    total = StatsEntry(None, outcome, outcome)
    for (_, kind), entry in entries.items():
        if kind == outcome:
            total.extend(entry)
    return total


def _figures(entry: StatsEntry) -> dict[str, float]:
    return {
        "requests": entry.num_requests,
        "p50_ms": entry.get_response_time_percentile(0.5),
        "p99_ms": entry.get_response_time_percentile(0.99),
        "max_ms": round(entry.max_response_time),
    }


def _count(server: Server) -> dict[str, int]:
    """Send again what was not accepted, as a caller would, and compare the items' counters with what was sent."""
    sent, source = Source.sent, Source(Environment(user_classes=[Source]))
    refused = [event for name, event in sent.events.items() if name not in sent.accepted]
    for event in refused:
        while not source.post(time.perf_counter(), [event]):
            gevent.sleep(1)
    expected, deadline = sent.expected(), time.monotonic() + _SETTLE_S
    while _clicks(source, expected) != expected and time.monotonic() < deadline:
        gevent.sleep(1)
    gevent.sleep(_LATE_S)
    counted = _clicks(source, expected)
    return {
        "sent": len(sent.events),
        "refused_or_unanswered_then_sent_again": len(refused),
        "items": len(expected),
        "lost": (expected - counted).total(),
        "counted_twice": (counted - expected).total(),
    }


def _clicks(source: Source, items: Iterable[str]) -> Counter[str]:
    """What the items' counters say."""
    counted: Counter[str] = Counter()
    for name in items:
        answer = source.ask(time.perf_counter(), "item", "GET", f"/v1/items/{name}")
        counted[name] = answer.json()["stats"]["counts"].get("click", 0)
    return counted


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
