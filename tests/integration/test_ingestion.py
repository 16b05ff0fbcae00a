"""An upload's whole road, from object to answer: planner, queue, workers, real model, Qdrant Edge."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedsmith.content.service import ContentService
from feedsmith.content.understanding import Understander
from feedsmith.content.uploads import ChunkWorker, UploadPlanner
from feedsmith.domains import load_domains
from feedsmith.models import Ingestion
from feedsmith.settings import Settings
from feedsmith.stores.edge import EdgeVectorStore
from support.ledger import InMemoryBlobs, InMemoryLedger, InMemoryQueue
from support.models import minilm

NEWS = [
    ("Striker signs for rivals", "The forward scored thirty league goals for the club last season.", "sport"),
    ("Winger hurt before the final", "The club's coach fears that the player will miss the cup match.", "sport"),
    ("Rates rise", "The central bank raised interest rates as inflation hurt company profits.", "business"),
    ("New phone chip", "The processor makes mobile phones faster and their software safer.", "technology"),
]


class Road:
    def __init__(self, folder: Path) -> None:
        self.vectors = EdgeVectorStore(folder, "test")
        embedder = minilm()
        self.vectors.prepare(dimension=embedder.dimension, embedder=embedder.name)
        self.blobs, self.ledger, self.queue = InMemoryBlobs(), InMemoryLedger(), InMemoryQueue()
        understander = Understander(embedder, load_domains())
        self.content = ContentService(self.vectors, self.ledger, lambda: understander, load_domains())
        settings = Settings(chunk_bytes=1024)
        self.planner = UploadPlanner(self.blobs, self.ledger, self.queue, "work", settings, load_domains())
        self.worker = ChunkWorker(self.content, self.blobs, self.ledger, "work")

    def upload(self, name: str, body: bytes, *, times: int = 1) -> Ingestion:
        """Upload, deliver S3's event and each chunk ``times`` times, the chunks last first."""
        self.blobs.write("up", name, body)
        version = str(len(self.blobs._versions["up", name]))
        for _ in range(times):
            ingestion = self.planner.plan("up", name, version)
        chunks, self.queue.sent = self.queue.sent * times, []
        for chunk in reversed(chunks):
            self.worker.work(chunk)
        found = self.ledger.ingestion("acme", ingestion)
        assert found is not None
        return found


@pytest.fixture
def road(tmp_path: Path) -> Iterator[Road]:
    road = Road(tmp_path)
    yield road
    road.vectors.close()


def rows() -> list[dict[str, str]]:
    return [{"id": f"n{i}", "title": title, "body": body} for i, (title, body, _) in enumerate(NEWS)]


def as_jsonl() -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows()).encode()


def as_csv() -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, ["id", "title", "body"])
    writer.writeheader()
    writer.writerows(rows())
    return out.getvalue().encode()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("x.jsonl", as_jsonl()),
        ("x.jsonl.gz", gzip.compress(as_jsonl(), mtime=0)),
        ("x.csv", as_csv()),
        ("x.json", json.dumps(rows()).encode()),
    ],
)
def test_an_upload_is_understood_and_found(road: Road, name: str, body: bytes) -> None:
    ingestion = road.upload(f"acme/news/{name}", body)
    assert (ingestion.status, ingestion.indexed, ingestion.rejected) == ("succeeded", 4, 0)
    for number, (title, text, topic) in enumerate(NEWS):
        found = road.content.get("acme", f"n{number}")
        assert (found.item.title, found.item.body) == (title, text)
        assert found.understanding.topics[0].name == topic
        assert found.understanding.language == "en"
    near, *_ = road.content.similar("acme", "n0", 3)
    assert near[0].item.id == "n1"


def test_the_same_content_in_another_format_is_unchanged(road: Road) -> None:
    road.upload("acme/news/x.jsonl", as_jsonl())
    ingestion = road.upload("acme/news/x.csv", as_csv())
    assert (ingestion.indexed, ingestion.unchanged) == (0, 4)


def test_everything_delivered_three_times_counts_once(road: Road) -> None:
    body = as_jsonl() + b'{"id": "bad id", "title": "T"}\n' + as_jsonl().replace(b'"n', b'"m')
    ingestion = road.upload("acme/news/x.jsonl", body, times=3)
    assert (ingestion.status, ingestion.indexed, ingestion.unchanged, ingestion.rejected) == ("succeeded", 8, 0, 1)
    assert road.vectors.count("acme", "items") == 8
    assert road.vectors.count("other", "items") == 0


def test_a_new_version_of_the_object_replaces_what_changed(road: Road) -> None:
    road.upload("acme/news/x.jsonl", as_jsonl())
    ingestion = road.upload("acme/news/x.jsonl", as_jsonl().replace(b"Rates rise", b"Rates fall"))
    assert (ingestion.indexed, ingestion.unchanged) == (1, 3)
    assert road.content.get("acme", "n2").item.title == "Rates fall"
