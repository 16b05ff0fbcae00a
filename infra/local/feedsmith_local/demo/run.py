"""The demo, step by step."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from feedsmith.client import ApiError, Feedsmith
from feedsmith.models import Rendition, TextKind
from feedsmith_local.demo import catalogue, measures, show
from feedsmith_local.demo.readers import Reader, browse, make_readers
from feedsmith_local.stack import LocalStack

TENANT = "demo"
SEED = 7
SHOWN_READERS = 3
LATENCY_ROUNDS = 6
MOST_TASTES = 8


def main(*, content: Path | None, domain: str, report: Path, console: Console) -> None:
    """Run the main job and write ``report``.

    Raises
    ------
    ContentError
        The content given cannot be read.
    """
    console.rule("feedsmith: content in, events in, feeds and texts out")
    started = time.perf_counter()
    uploads, categories = (catalogue.own(content), {}) if content else catalogue.bbc(SEED)
    with tempfile.TemporaryDirectory() as state, _progress(console) as progress:
        writer = {"FEEDSMITH_WRITER": "gguf:smollm2"}
        with (
            LocalStack(Path(state), port=0, tenant=TENANT, environment=writer) as stack,
            Feedsmith(stack.base_url, stack.key) as client,
        ):
            result = {"ingest": _ingest(stack, uploads, domain, progress, console)}
            if content:
                categories = _own_categories(client, uploads, result["ingest"])
            result |= _people(stack, client, domain, categories, progress, console)
    result = {"seconds": round(time.perf_counter() - started, 1), "simulated_readers": True} | _flat(result)
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show.measured(console, result)
    console.print(f"written to {report}")


def _ingest(
    stack: LocalStack, uploads: list[catalogue.Upload], domain: str, progress: Progress, console: Console
) -> dict[str, Any]:
    """Upload the files to S3; the trigger does the rest."""
    start = time.perf_counter()
    ids = [stack.upload(upload.body, domain=domain, name=upload.name) for upload in uploads]
    bar = progress.add_task("ingesting", total=None)
    while True:
        found = [stack.ingestion(i) for i in ids]
        states = [f for f in found if f is not None]
        done = sum(f.indexed + f.unchanged + f.rejected for f in states)
        progress.update(bar, completed=done)
        if len(states) == len(ids) and all(f.status in ("succeeded", "failed") for f in states):
            break
        time.sleep(0.2)
    seconds = time.perf_counter() - start
    progress.update(bar, total=done)
    for state in states:
        if state.status == "failed":
            raise catalogue.ContentError(f"{state.source}: {state.reason}")
    rejected = sum(f.rejected for f in states)
    console.print(f"{done - rejected} items from {len(ids)} files in {seconds:.1f} s; {rejected} rows rejected")
    return {"items": done - rejected, "rejected": rejected, "seconds": seconds}


def _own_categories(client: Feedsmith, uploads: list[catalogue.Upload], ingest: dict[str, Any]) -> dict[str, str]:
    """Hidden tastes over one's own content: its categories, or where it has none, the topics found."""
    found: dict[str, str] = {}
    for upload in uploads:
        for row in catalogue.rows(upload):
            item_id = str(row.get("id", ""))
            try:
                indexed = client.get_item(item_id)
            except ApiError:
                continue  # rejected, or without an id
            given, topics = indexed.item.categories, indexed.understanding.topics
            if given or topics:
                found[item_id] = given[0] if given else topics[0].name
    if len(set(found.values())) < 2:
        raise catalogue.ContentError(
            f"{ingest['items']} items are in, but they are of one category; the simulation needs at least two"
        )
    return found


def _people(
    stack: LocalStack,
    client: Feedsmith,
    domain: str,
    categories: dict[str, str],
    progress: Progress,
    console: Console,
) -> dict[str, Any]:
    common = [name for name, _ in Counter(categories.values()).most_common(MOST_TASTES)]
    readers = make_readers(sorted(common), SEED)
    sent: Counter[str] = Counter()
    clicks: Counter[str] = Counter()

    def send(events: list[dict[str, Any]]) -> None:
        client.post_events(events)
        sent.update(e["user_id"] for e in events if e["type"] != "impression")
        clicks.update(e["item_id"] for e in events if e["type"] == "click")

    bar = progress.add_task(f"{len(readers)} simulated readers", total=len(readers))
    count = browse(readers, categories, send, SEED, lambda: progress.advance(bar))
    stack.settle()
    miscounted = measures.miscounted(client, readers, domain, sent)
    console.print(f"{count} events from {len(readers)} simulated readers, each with a hidden taste")

    report = stack.run_schedule()
    shares = measures.in_taste(client, readers, domain, categories, clicks, SEED)
    segments = client.segments(domain).segments
    purity = measures.purity(client, readers, domain)
    measures.recommend_ms(client, readers[:10], domain, 1)  # connections and caches warm
    took = measures.recommend_ms(client, readers, domain, LATENCY_ROUNDS)
    texts = [_show_reader(console, client, reader, domain) for reader in readers[:SHOWN_READERS]]
    bar = progress.add_task("event to feed", total=len(readers))
    reflected = measures.event_to_feed_ms(client, readers, domain, lambda: progress.advance(bar))
    return {
        "events": count,
        "readers": len(readers),
        "miscounted": miscounted,
        "shares": shares,
        "recommend": took,
        "reflected": reflected,
        "segments": {
            "count": len(segments),
            "silhouette": next((s.silhouette for s in segments), None),
            "purity": round(purity, 4),
            "clustered_users": sum(s.size for s in segments),
        },
        "reclustered": report,
        "texts": [text for pair in texts for text in pair],
    }


def _show_reader(console: Console, client: Feedsmith, reader: Reader, domain: str) -> list[Rendition]:
    profile = client.profile(reader.user_id, domain)
    slate = client.recommendations(reader.user_id, domain, limit=5)
    first, *others = (item.item_id for item in slate.items)
    kinds: tuple[TextKind, ...] = ("headline", "summary")
    texts = [client.texts(reader.user_id, kind, item_id=first) for kind in kinds]
    texts += [client.texts(reader.user_id, "headline", item_id=other) for other in others]
    show.reader(console, reader, profile, slate, texts)
    return texts


def _flat(result: dict[str, Any]) -> dict[str, Any]:
    ingest, shares, took, reflected = (result[k] for k in ("ingest", "shares", "recommend", "reflected"))
    return {
        "items": ingest["items"],
        "rejected_rows": ingest["rejected"],
        "events": result["events"],
        "readers": result["readers"],
        "miscounted_interactions": result["miscounted"],
        "ingest_items_per_s": round(ingest["items"] / ingest["seconds"], 1),
        "event_to_feed_ms": round(max(reflected), 1),
        "event_to_feed_p50_ms": round(statistics.median(reflected), 1),
        "recommend_p50_ms": round(measures.percentile(took, 0.5), 2),
        "recommend_p99_ms": round(measures.percentile(took, 0.99), 2),
        "recommendations_timed": len(took),
        "in_taste_share": round(shares["recommended"], 4),
        "in_taste_share_popular": round(shares["popular"], 4),
        "in_taste_share_random": round(shares["random"], 4),
        "segments": result["segments"],
        "texts": measures.tally(result["texts"]),
    }


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
