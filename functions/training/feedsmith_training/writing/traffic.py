"""What texts take under a simulated day of traffic, for each writer and way of caching.

``python -m feedsmith_training.writing.traffic --json reports/traffic.json``

Readers, their histories and their visits are simulated (seeded): items are read by Zipf's law, readers come back,
some items change during the day, one reader in three is new. All else is what serves: real articles and their vectors,
the audience and ground of each text, the cache, the gate and the choice. Only the writer is none: its drafts are
sentences of the article, and it counts the tokens of what it is asked, so that one run tells the price of all models.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from feedsmith.content.base import Embedder, Matrix
from feedsmith.content.embedders import load_embedder
from feedsmith.domains import load_domains
from feedsmith.models import (
    IndexedItem,
    Item,
    ItemStats,
    Profile,
    Segment,
    TextKind,
    TextRequest,
    Understanding,
)
from feedsmith.profiles.clustering import cluster
from feedsmith.settings import Settings
from feedsmith.stores.codec import item_point, segment_point
from feedsmith.stores.edge import EdgeVectorStore
from feedsmith.stores.vectors import Vector, VectorStore
from feedsmith.writing.prewriting import Prewriter
from feedsmith.writing.prices import BATCH, FREE, Price, Usage, price_of
from feedsmith.writing.service import WritingService
from feedsmith_training.writing.articles import load_articles
from feedsmith_training.writing.traffic_world import CountingWriter, Readers, Remembering, Shelf, UnsharedDrafting

Caching = Literal["none", "per person", "per segment", "per segment, written ahead"]
Floats: TypeAlias = npt.NDArray[np.float64]
TENANT, DOMAIN = "simulated", "news"
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Model:
    """A writer to price. Speeds in tokens per second; ``delay``: seconds until a first token, network included.

    ``once``: the prompt is read once for all candidates, which are then written at the same time and share ``written``.
    """

    name: str
    writer: str
    read: float
    written: float
    delay: float
    once: bool


MODELS = (
    Model("extractive", "extractive", 1.0, 1.0, 0.0, once=True),
    Model("house (gguf, 2 cores)", "gguf:smollm2/model.gguf", 700.0, 110.0, 0.0, once=True),
    Model("Bedrock small (Nova Lite)", "bedrock:amazon.nova-lite-v1:0", 20_000.0, 150.0, 0.4, once=False),
    Model("Bedrock large (Claude Sonnet 4.5)", "bedrock:anthropic.claude-sonnet-4-5-20250929-v1:0", 10_000.0, 60.0, 1.0,
          once=False),
)  # fmt: skip
"""What SmolLM2 writes in a second is measured on two cores; all other speeds are assumed, typical of such models."""


@dataclass(frozen=True, slots=True)
class Day:
    """The size of the day. ``changed``: share of items that are edited during it; ``cold``: of readers that are new."""

    items: int = 100
    history_items: int = 200
    readers: int = 120
    visits: float = 1.6
    texts: int = 6
    changed: float = 0.05
    cold: float = 0.33
    zipf: float = 0.9
    kind: TextKind = "headline"
    prewrite_items: int = 30
    seed: int = 0


# -- the day -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class World:
    """What is there in the morning, and who comes when: (second of the day, reader, item), in order.

    ``vectors``, shape (items, d), and ``popularity`` belong to ``items``; ``edits`` are (second, row of the item).
    """

    items: list[Item]
    vectors: Matrix
    popularity: Floats
    profiles: dict[str, Profile]
    segments: list[Segment]
    requests: list[tuple[float, str, int]]
    edits: list[tuple[float, int]]
    past: list[tuple[Item, Vector]]


def world_of(day: Day, articles: str, embedder: Embedder) -> World:
    """Simulate the readers of a day."""
    random = np.random.default_rng(day.seed)
    found = [article for article in load_articles(articles) if article.language == "en"]
    chosen = random.permutation(len(found))[: day.items + day.history_items]
    items = [
        Item(id=found[n].id, domain=DOMAIN, title=found[n].title[:500], body=found[n].body, language="en")
        for n in chosen
    ]
    vectors = embedder.passages([f"{item.title}\n{item.body[:600]}" for item in items])
    topics = list(load_domains()[DOMAIN].taxonomy.values())
    named = embedder.passages([topic.label.en for topic in topics])
    of_topic = (vectors @ named.T).argmax(axis=1)
    today = np.arange(len(items)) < day.items
    rank = np.where(today, np.arange(len(items)), np.arange(len(items)) - day.items) + 1
    popularity: Floats = 1.0 / rank.astype(np.float64) ** day.zipf

    profiles: dict[str, Profile] = {}
    requests: list[tuple[float, str, int]] = []
    for number in range(day.readers):
        user = f"reader-{number}"
        favourites = random.choice(len(topics), size=random.integers(1, 3), replace=False)
        liking = popularity * np.where(np.isin(of_topic, favourites), 8.0, 1.0)
        n = int(random.integers(0, 3)) if random.random() < day.cold else 3 + int(random.geometric(0.05))
        read = _some(random, liking * ~today, n)
        if n:
            profiles[user] = _profile(user, [items[row].id for row in read], vectors[read])
        for _ in range(1 + random.poisson(day.visits - 1)):
            second = float(random.uniform(0, 86_400))
            shown = _some(random, liking * today, day.texts)
            requests += [(second, user, int(row)) for row in shown]
    edited = random.random(day.items) < day.changed
    return World(
        items=items[: day.items],
        vectors=vectors[: day.items],
        popularity=popularity[: day.items],
        profiles=profiles,
        segments=_segments(profiles, list(load_domains()[DOMAIN].taxonomy), named),
        requests=sorted(requests),
        edits=sorted((float(random.uniform(0, 86_400)), int(row)) for row in np.flatnonzero(edited)),
        past=list(zip(items[day.items :], vectors[day.items :], strict=True)),
    )


def _some(random: np.random.Generator, weights: Floats, n: int) -> list[int]:
    chosen = random.choice(
        len(weights), size=min(n, int(np.count_nonzero(weights))), replace=False, p=weights / weights.sum()
    )
    return [int(row) for row in chosen]


def _profile(user: str, read: Sequence[str], vectors: Any) -> Profile:
    taste = vectors.mean(axis=0)
    return Profile(
        user=user, domain=DOMAIN, revision=1, interactions=len(read), liked=dict.fromkeys(read, 1.0),
        taste=tuple(map(float, taste / np.linalg.norm(taste))), updated_at=MIDNIGHT,
    )  # fmt: skip


def _segments(profiles: dict[str, Profile], names: Sequence[str], named: Any) -> list[Segment]:
    tastes = np.array([profile.taste for profile in profiles.values()], dtype=np.float32)
    found = cluster(tastes, floor=5)
    liked = [list(profile.liked) for profile in profiles.values()]
    segments = []
    for number, centroid in enumerate(found.centroids):
        members = np.flatnonzero(found.labels == number)
        likings = Counter(key for row in members for key in liked[row])
        shares = np.maximum(named @ centroid, 0.0)
        topics = dict(zip(names, map(float, shares / shares.sum()), strict=True))
        segments.append(
            Segment(
                id=f"s{number + 1}", domain=DOMAIN, label=names[int(shares.argmax())], size=len(members),
                share=len(members) / len(tastes), topics=topics,
                liked={key: n / len(members) for key, n in likings.most_common(50) if n >= 5},
                centroid=tuple(map(float, centroid)), computed_at=MIDNIGHT,
            )
        )  # fmt: skip
    return segments


# -- what it takes -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Served:
    """What a day took. ``kept``: texts that were finished already; ``shared``: chosen from drafts that were there.

    ``calls``, ``read`` and ``written``: of the model, for requests; ``ahead_``: of it before anybody asked. ``read``
    counts each prompt once.
    """

    caching: Caching
    texts: int
    kept: int
    shared: int
    grounded: int
    calls: int
    read: int
    written: int
    ahead_calls: int = 0
    ahead_read: int = 0
    ahead_written: int = 0


def serve(
    store: VectorStore, world: World, caching: Caching, embedder: Embedder, day: Day, *, most: int | None = None
) -> Served:
    """Serve the day's requests, or the first ``most`` of them, through the real service over an empty store."""
    store.prepare(dimension=embedder.dimension, embedder=embedder.name)
    requests = world.requests[:most]
    now = [MIDNIGHT]
    stats = [ItemStats(trend=float(np.log2(weight))) for weight in world.popularity]
    points = [_point(item, vector, stat) for item, vector, stat in zip(world.items, world.vectors, stats, strict=True)]
    store.upsert(TENANT, "items", [*points, *(_point(item, vector) for item, vector in world.past)])
    store.upsert(TENANT, "segments", [segment_point(segment) for segment in world.segments])
    readers, writer = Readers(world.profiles, world.segments), CountingWriter()
    settings = Settings(writer_timeout_s=60, prewrite_items=day.prewrite_items, prewrite_kinds=day.kind)
    domains = load_domains()
    service = WritingService(
        vectors=store, ledger=Shelf(keeps=caching != "none"), profiles=readers, segments=readers, ranking=readers,
        writer=lambda: writer, embedder=lambda: embedder, domains=domains, decisions=readers,
        settings=settings, clock=lambda: now[0],
    )  # fmt: skip
    if caching in ("none", "per person"):
        service.drafting = UnsharedDrafting.of(service.drafting)
    prewriter = Prewriter(
        vectors=store, segments=readers, drafting=service.drafting, domains=domains, settings=settings,
        clock=lambda: now[0],
    )  # fmt: skip
    edits, ahead = list(world.edits), np.zeros(3, dtype=int)
    next_run = 0.0 if caching == "per segment, written ahead" else float("inf")
    counts: Counter[str] = Counter()
    for second, user, row in requests:
        now[0] = MIDNIGHT + timedelta(seconds=second)
        while edits and edits[0][0] <= second:
            _, edited = edits.pop(0)
            item = world.items[edited]
            changed = item.model_copy(update={"body": f"{item.body}\nThis article was corrected."})
            store.upsert(TENANT, "items", [_point(changed, world.vectors[edited], stats[edited])])
        if next_run <= second:
            before = _of(writer)
            prewriter.write(TENANT, prewriter.missing(TENANT, DOMAIN), lambda: float("inf"))
            ahead += _of(writer) - before
            next_run += 3_600.0 * (1 + (second - next_run) // 3_600)
        text = service.write(TENANT, user, TextRequest(kind=day.kind, item_id=world.items[row].id))
        counts["kept"] += text.cached
        counts["shared"] += not text.cached and not text.tokens
        counts["grounded"] += text.ground is not None
    total = _of(writer) - ahead
    return Served(
        caching, len(requests), counts["kept"], counts["shared"], counts["grounded"], *map(int, total), *map(int, ahead)
    )


def _of(writer: CountingWriter) -> Any:
    return np.array([writer.calls, writer.prompt_tokens, writer.written_tokens])


def _point(item: Item, vector: Vector, stats: ItemStats | None = None) -> Any:
    indexed = IndexedItem(
        item=item, content_hash=item.content_hash, understanding=Understanding(language="en"),
        stats=stats or ItemStats(), indexed_at=MIDNIGHT,
    )  # fmt: skip
    return item_point(indexed, vector)


def priced(served: Served, model: Model, candidates: int) -> dict[str, Any]:
    """One row of the table, per 1,000 texts. Seconds are those that a reader waits for the model."""
    times = 1 if model.once else candidates
    price: Price = price_of(model.writer, Settings()) or FREE
    calls, read, written = served.calls, served.read * times, served.written
    ahead = Usage(served.ahead_read * times, served.ahead_written)
    if model.writer == "extractive":
        calls, read, written, ahead = 0, 0, 0, Usage()
    asked = Usage(read, written)
    rate = BATCH if model.writer.startswith("bedrock:") else 1.0
    per_thousand = 1_000 / served.texts
    # Candidates that are calls of their own run side by side.
    waited = calls * model.delay + (read / model.read + written / model.written) / times
    return {
        "writer": model.name,
        "cache": served.caching,
        "texts": served.texts,
        "hit_rate": round(1 - calls / served.texts, 3),
        "calls": round(calls * per_thousand, 1),
        "tokens": round((asked.tokens + ahead.tokens) * per_thousand),
        "of_which_ahead": round(ahead.tokens * per_thousand),
        "seconds": round(waited * per_thousand, 1),
        "cost": round((price.of(asked).cost + price.of(ahead, rate).cost) / 1e6 * per_thousand, 4),
    }


def on_disk(folder: Path) -> VectorStore:
    """The store of one machine."""
    return EdgeVectorStore(folder, "traffic")


def run(
    day: Day, articles: str, embedder: Embedder, *, uncached: int = 150,
    stores: Callable[[Path], VectorStore] = on_disk,
) -> dict[str, Any]:  # fmt: skip
    """Simulate and price a day.

    Parameters
    ----------
    uncached
        Texts of the setting where each takes the same work, of which a part tells the whole.
    stores
        Make an empty vector store for an empty folder.
    """
    settings, embedder = Settings(), Remembering(embedder)
    world = world_of(day, articles, embedder)
    served = []
    for caching in get_args(Caching):
        with TemporaryDirectory() as folder, closing(stores(Path(folder) / "vectors")) as store:
            most = uncached if caching == "none" else None
            served.append(serve(store, world, caching, embedder, day, most=most))
    return {
        "day": asdict(day),
        "requests": len(world.requests),
        "segments": len(world.segments),
        "models": [asdict(model) | asdict(price_of(model.writer, settings) or FREE) for model in MODELS],
        "served": [asdict(one) for one in served],
        "rows": [priced(one, model, settings.writer_candidates) for model in MODELS for one in served],
    }


def main() -> None:
    """Run from the command line."""
    usual = Day()
    parser = argparse.ArgumentParser(prog="feedsmith_training.writing.traffic", description=__doc__)
    parser.add_argument("--articles", default="bbc", help="JSON Lines file of English articles, or bbc")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--readers", type=int, default=usual.readers)
    parser.add_argument("--items", type=int, default=usual.items)
    parser.add_argument("--seed", type=int, default=usual.seed)
    given = parser.parse_args()
    report = run(
        Day(readers=given.readers, items=given.items, seed=given.seed), given.articles, load_embedder(Settings())
    )
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    columns = ("writer", "cache", "hit_rate", "calls", "tokens", "seconds", "cost")
    lines = [columns, *(tuple(str(row[name]) for name in columns) for row in report["rows"])]
    widths = [max(len(line[n]) for line in lines) for n in range(len(columns))]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in padded)


if __name__ == "__main__":
    main()
