"""p50 and p99 of `RankingService.recommend` and the process's memory, over N items in Qdrant Edge.

By the clock, and in processor time of all threads, which other work on the machine changes less.

The items are random unit vectors around 50 centres (384 dimensions); 200 users have 30 clicks each around one to three
of the centres. Printed as one JSON line.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the template has it; read when numpy is loaded

import numpy as np

from feedsmith.bootstrap import Services
from feedsmith.models import Event, IndexedItem, Item, ItemActivity, ItemStats, Topic, Understanding
from feedsmith.profiles.build import build_profile
from feedsmith.settings import Settings
from feedsmith.stores.codec import item_point, profile_point
from support.ledger import InMemoryBlobs, InMemoryLedger

DIMENSION, CENTRES, USERS, CLICKS, WARM, TIMED = 384, 50, 200, 30, 50, 1000
TENANT, DOMAIN = "bench", "news"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def main(size: int) -> dict[str, float]:
    """Build, warm up, time."""
    rng = np.random.default_rng(size)
    with tempfile.TemporaryDirectory() as folder:
        services = Services(Settings(vectors_path=Path(folder) / "vectors"))
        services.ledger = InMemoryLedger()  # empty: the users' profiles are all in the vector store
        services.blobs = InMemoryBlobs()  # without any trained ranker
        vectors = services.vectors()
        vectors.prepare(dimension=DIMENSION, embedder="bench@1")
        centres = _unit(rng.normal(size=(CENTRES, DIMENSION)))
        topics = list(services.domains[DOMAIN].taxonomy)
        start = time.perf_counter()
        members: dict[int, list[tuple[IndexedItem, Any]]] = {}
        for offset in range(0, size, 1000):
            batch = []
            for number in range(offset, min(offset + 1000, size)):
                centre = int(rng.integers(CENTRES))
                vector = _unit(centres[centre] + rng.normal(scale=0.05, size=DIMENSION)).astype(np.float32)
                indexed = _item(number, topics[centre % len(topics)], rng)
                members.setdefault(centre, [])
                if len(members[centre]) < 60:
                    members[centre].append((indexed, vector))
                batch.append(item_point(indexed, vector))
            vectors.upsert(TENANT, "items", batch)
        built = time.perf_counter() - start
        for number in range(USERS):
            vectors.upsert(TENANT, "users", [_user(f"user{number}", services, members, rng)])
        took, worked = [], []
        for number in range(WARM + TIMED):
            start, before = time.perf_counter(), time.process_time()
            slate = services.ranking.recommend(TENANT, f"user{number % USERS}", domain=DOMAIN, limit=10)
            took.append((time.perf_counter() - start) * 1000)
            worked.append((time.process_time() - before) * 1000)
            assert (len(slate.items), slate.basis) == (10, "personal")
        timed, cpu = np.array(took[WARM:]), np.array(worked[WARM:])
        services.close()
    return {
        "p50_ms": round(float(np.percentile(timed, 50)), 2),
        "p99_ms": round(float(np.percentile(timed, 99)), 2),
        "cpu_p50_ms": round(float(np.percentile(cpu, 50)), 2),
        "cpu_p99_ms": round(float(np.percentile(cpu, 99)), 2),
        "load_average": round(os.getloadavg()[0], 1),
        "rss_mb": round(_rss_mb(), 1),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "build_s": round(built, 1),
        "requests": TIMED,
    }


def _user(user: str, services: Services, members: dict[int, list[tuple[IndexedItem, Any]]], rng: Any) -> Any:
    chosen = rng.choice(sorted(members), size=min(int(rng.integers(1, 4)), len(members)), replace=False)
    pool = [pair for centre in chosen for pair in members[int(centre)]]
    read = [pool[int(i)] for i in rng.choice(len(pool), size=min(CLICKS, len(pool)), replace=False)]
    events = [
        Event(user_id=user, item_id=indexed.item.id, type="click", at=NOW - timedelta(hours=n))
        for n, (indexed, _) in enumerate(read)
    ]
    known = {indexed.item.id: (indexed, vector) for indexed, vector in read}
    profile = build_profile(user, services.domains[DOMAIN], events, known, revision=1, now=NOW)
    return profile_point(profile, DIMENSION)


def _item(number: int, topic: str, rng: Any) -> IndexedItem:
    item = Item(
        id=f"item-{number}",
        domain=DOMAIN,
        title=f"A headline of about the usual length, number {number}",
        body="A lead sentence that says a little more about what happened, and to whom. " * 8,
        provider=f"provider-{number % 20}",
        published_at=NOW - timedelta(hours=float(rng.uniform(0, 24 * 14))),
    )
    trend = NOW.timestamp() / 86_400 + float(rng.normal(0, 2))  # log2 of mass at half-lives of a day
    activity = ItemActivity(trend, trend + 2, trend + 4, 3.0, 12.5, 50.0, NOW.timestamp() - 86_400.0)
    return IndexedItem(
        item=item,
        content_hash=item.content_hash,
        understanding=Understanding(language="en", topics=(Topic(name=topic, score=0.8),), keywords=("one", "two")),
        stats=ItemStats(counts={"click": 3, "impression": 50}, trend=trend, activity=activity),
        indexed_at=NOW,
    )


def _unit(rows: Any) -> Any:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def _rss_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))  # noqa: T201  the parent reads it
