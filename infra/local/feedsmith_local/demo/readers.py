"""Simulated readers, each with a hidden taste that only the simulation knows."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

READERS = 60
SLATES = 6
SLATE_SIZE = 10
IN_TASTE_CLICK, OFF_TASTE_CLICK = 0.75, 0.05
LIKE, DISLIKE = 0.3, 0.1


@dataclass(frozen=True)
class Reader:
    """A made-up person; ``taste`` holds one or two categories, the main one first."""

    user_id: str
    taste: tuple[str, ...]


def make_readers(categories: Sequence[str], seed: int) -> list[Reader]:
    """Every category is the main taste of about as many readers; every other reader has a second one."""
    rng = random.Random(seed)
    readers = []
    for number in range(READERS):
        main = categories[number % len(categories)]
        second = rng.choice([c for c in categories if c != main]) if number % 2 and len(categories) > 2 else None
        readers.append(Reader(f"reader-{number:02d}", (main, second) if second else (main,)))
    return readers


def browse(
    readers: Sequence[Reader],
    categories: Mapping[str, str],
    send: Callable[[list[dict[str, Any]]], None],
    seed: int,
    on_reader: Callable[[], None],
) -> int:
    """Show each reader slates of random items, and send what they did; returns the number of events.

    The ranking has no part in what is shown, so that what is measured later was not shaped by itself.
    """
    rng = random.Random(seed)
    everything = list(categories)
    sent = 0
    for reader in readers:
        events: list[dict[str, Any]] = []
        for number in range(SLATES):
            for position, item_id in enumerate(rng.sample(everything, min(SLATE_SIZE, len(everything)))):
                shown = {
                    "user_id": reader.user_id,
                    "item_id": item_id,
                    "at": datetime.now(UTC).isoformat(),
                    "slate_id": f"{reader.user_id}-{number}",
                    "position": position,
                    "propensity": 1 / (len(everything) - position),  # of those not placed above, all alike
                    "model_version": "random",
                }
                events += [shown | {"type": kind} for kind in _reactions(rng, categories[item_id] in reader.taste)]
        for start in range(0, len(events), 100):
            send(events[start : start + 100])
        sent += len(events)
        on_reader()
    return sent


def _reactions(rng: random.Random, in_taste: bool) -> list[str]:
    reactions = ["impression"]
    if rng.random() < (IN_TASTE_CLICK if in_taste else OFF_TASTE_CLICK):
        reactions.append("click")
        if in_taste and rng.random() < LIKE:
            reactions.append("like")
    elif not in_taste and rng.random() < DISLIKE:
        reactions.append("dislike")
    return reactions
