"""What the demo measures of the running stack, from outside, over HTTP."""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from feedsmith.client import Feedsmith
from feedsmith.models import Rendition
from feedsmith_local.demo.readers import Reader

FEED = 10
PATIENCE_S = 10.0


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, -(-int(share * 1000) * len(ordered) // 1000) - 1))]


def miscounted(client: Feedsmith, readers: Sequence[Reader], domain: str, interactions: Mapping[str, int]) -> int:
    """Interactions that the profiles have too few or too many, over all readers; 0: each was counted exactly once."""
    counted = {reader.user_id: client.profile(reader.user_id, domain).interactions for reader in readers}
    return sum(abs(interactions[user] - count) for user, count in counted.items())


def in_taste(
    client: Feedsmith,
    readers: Sequence[Reader],
    domain: str,
    categories: Mapping[str, str],
    clicks: Mapping[str, int],
    seed: int,
) -> dict[str, float]:
    """Share of the first ten places inside the reader's taste: recommended, most clicked, random.

    Popularity ranks by clicks of all readers; all three leave out nothing else than the API itself leaves out.
    """
    rng = random.Random(seed)
    popular = [item for item, _ in Counter(clicks).most_common(FEED)]
    shares = defaultdict(list)
    for reader in readers:
        slate = [item.item_id for item in client.recommendations(reader.user_id, domain, limit=FEED).items]
        drawn = rng.sample(sorted(categories), min(FEED, len(categories)))
        for name, items in (("recommended", slate), ("popular", popular), ("random", drawn)):
            hits = sum(categories.get(item) in reader.taste for item in items)
            shares[name].append(hits / max(1, len(items)))
    return {name: statistics.fmean(values) for name, values in shares.items()}


def recommend_ms(client: Feedsmith, readers: Sequence[Reader], domain: str, rounds: int) -> list[float]:
    """Milliseconds of each recommendation over HTTP, one after the other."""
    took = []
    for _ in range(rounds):
        for reader in readers:
            start = time.perf_counter()
            client.recommendations(reader.user_id, domain, limit=FEED)
            took.append((time.perf_counter() - start) * 1000)
    return took


def event_to_feed_ms(
    client: Feedsmith, readers: Sequence[Reader], domain: str, tick: Callable[[], None]
) -> list[float]:
    """Milliseconds from an accepted click on the feed's first item to a feed that reflects it.

    A read item is not recommended again, so the feed reflects the click when the item is gone from it.
    """
    took = []
    for reader in readers:
        clicked = client.recommendations(reader.user_id, domain, limit=FEED).items[0].item_id
        click = {"user_id": reader.user_id, "item_id": clicked, "type": "click", "at": datetime.now(UTC).isoformat()}
        client.post_events([click])
        start = time.perf_counter()
        while True:
            slate = client.recommendations(reader.user_id, domain, limit=FEED).items
            elapsed = time.perf_counter() - start
            if all(item.item_id != clicked for item in slate):
                break
            if elapsed > PATIENCE_S:
                raise TimeoutError(f"a click was not reflected within {PATIENCE_S:.0f} s")
        took.append(elapsed * 1000)
        tick()
    return took


def purity(client: Feedsmith, readers: Sequence[Reader], domain: str) -> float:
    """Share of readers whose segment's commonest main taste is their own (Manning et al., 2008, ch. 16.3)."""
    members: dict[str, Counter[str]] = defaultdict(Counter)
    for reader in readers:
        segment = client.profile(reader.user_id, domain).segment
        if segment is not None:
            members[segment][reader.taste[0]] += 1
    total = sum(sum(tastes.values()) for tastes in members.values())
    return sum(max(tastes.values()) for tastes in members.values()) / total if total else 0.0


def tally(texts: Sequence[Rendition]) -> dict[str, int]:
    """How many texts were served, by where the words come from, and how many candidates the gate dropped."""
    sources = Counter(text.source for text in texts)
    return {
        "served": len(texts),
        "by_model": sources["model"],
        "extractive": sources["extractive"],
        "original": sources["original"],
        "gate_rejected": sum(text.rejected for text in texts),
    }
