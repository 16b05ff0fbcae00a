from __future__ import annotations

import pytest

from feedsmith.content.service import ContentService
from feedsmith.content.understanding import Understander
from feedsmith.content.uploads import ChunkWorker, rejects_prefix
from feedsmith.domains import load_domains
from feedsmith.errors import NotFound, StoreUnavailable
from feedsmith.models import Ingestion, Item, Rejected
from feedsmith.stores.objects import Chunk
from support.embedders import WordEmbedder
from support.ledger import InMemoryBlobs, InMemoryLedger
from support.vectors import MemoryVectors


class Bench:
    """A worker with its stores; ``work`` works one chunk of the given rows."""

    def __init__(self) -> None:
        embedder = WordEmbedder()
        self.vectors = MemoryVectors(dimension=embedder.dimension, embedder=embedder.name)
        self.ledger, self.blobs = InMemoryLedger(), InMemoryBlobs()
        self.understander = Understander(embedder, load_domains())
        self.content = ContentService(self.vectors, self.ledger, lambda: self.understander, load_domains())
        self.worker = ChunkWorker(self.content, self.blobs, self.ledger, "staging")
        self.ledger.create_ingestion("acme", "i1", "s3://up/acme/news/x.jsonl")
        self.ledger.update_ingestion("acme", "i1", status="running", chunks=1)

    def chunk(self, rows: bytes, *, first_line: int = 1) -> Chunk:
        self.blobs.write("up", "x", b"before\n" + rows)
        return Chunk("acme", "news", "i1", 1, "up", "x", None, 7, 7 + len(rows), first_line)

    def work(self, rows: bytes, *, first_line: int = 1) -> Ingestion:
        self.worker.work(self.chunk(rows, first_line=first_line))
        return self.ingestion

    @property
    def ingestion(self) -> Ingestion:
        found = self.ledger.ingestion("acme", "i1")
        assert found is not None
        return found

    def rejected(self) -> list[Rejected]:
        body = b"".join(self.blobs.stream("staging", "rejected/acme/i1/part-00001.jsonl"))
        return [Rejected.model_validate_json(line) for line in body.splitlines()]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_good_rows_land_and_bad_ones_are_kept_with_line_and_reason(bench: Bench) -> None:
    rows = [
        '{"id": "a", "title": "Rates rise"}',
        "",
        '{"id": "b", "title": ""}\r',
        '{"id": "c", "title": "Cup", "domain": "news", "categories": ["sport"]}',
        "no JSON",
    ]
    ingestion = bench.work("\n".join(rows).encode(), first_line=40)
    assert (ingestion.status, ingestion.indexed, ingestion.rejected) == ("succeeded", 2, 2)
    assert bench.content.get("acme", "c").item.domain == "news"
    first, second = bench.rejected()
    assert (first.line, first.row) == (42, '{"id": "b", "title": ""}')
    assert first.reason.startswith("/title: ")
    assert (second.line, second.row) == (44, "no JSON")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('{"id": "a"}', "/title: Field required"),
        ('{"title": "T"}', "/id: Field required"),
        ('{"id": "a b", "title": "T"}', "/id: "),
        ('{"id": "a", "title": "T", "colour": 1}', "/colour: Extra inputs"),
        ('{"id": "a", "title": "T", "categories": ["x", ""]}', "/categories/1: "),
        ('{"id": "a", "title": "T", "published_at": "2026-03-01T12:00:00"}', "/published_at: "),
        ('{"id": "a", "title": "T", "published_at": "0001-01-01T00:00:00+08:00"}', "/published_at: "),
        ('{"id": "a", "title": "T", "expires_at": "9999-12-31T23:59:59-05:00"}', "/expires_at: "),
        ('{"id": "a", "title": "T", "domain": "commerce"}', "/domain: is 'commerce', but"),
        ('{"id": "a", "title": "T", "domain": null}', "/domain: is None"),
        ('{"id": "a", "title": "T", "attributes": {"x": NaN}}', "expected value"),
        ('{"id": "a", "title": "T", "attributes": {"x": 1e999}}', "finite"),
        ('{"id": "a", "title": "T", "attributes": {"x": [1]}}', "/attributes/x"),
        ('{"id": "a", "title": "\\ud800"}', "escape"),
        ('["a"]', "must be a JSON object"),
        ("12", "must be a JSON object"),
        ("[" * 5_000, "recursion limit"),
    ],
)  # fmt: skip
def test_reasons_name_the_field(bench: Bench, row: str, reason: str) -> None:
    assert bench.work(row.encode()).rejected == 1
    (rejected,) = bench.rejected()
    assert reason in rejected.reason
    assert "errors.pydantic.dev" not in rejected.reason
    assert rejected.row == row


def test_a_redelivered_chunk_changes_nothing(bench: Bench) -> None:
    rows = b'{"id": "a", "title": "Rates rise"}\n{"id": "b"}\n'
    first = bench.work(rows)
    writes = bench.vectors.writes
    assert bench.work(rows) == first
    assert bench.vectors.writes == writes
    assert len(bench.rejected()) == 1


def test_an_upload_of_known_content_is_unchanged(bench: Bench) -> None:
    bench.content.index("acme", [Item(id="a", domain="news", title="T")])
    ingestion = bench.work(b'{"id": "a", "title": "T"}\n{"id": "b", "title": "T"}')
    assert (ingestion.indexed, ingestion.unchanged) == (1, 1)


def test_every_row_is_counted_once(bench: Bench) -> None:
    ingestion = bench.work(b'{"id": "a", "title": "1"}\n{"id": "a", "title": "2"}\n{"id": "a"}')
    assert (ingestion.indexed, ingestion.unchanged, ingestion.rejected) == (1, 1, 1)
    assert bench.content.get("acme", "a").item.title == "2"


def test_an_object_that_is_gone_fails_the_ingestion(bench: Bench) -> None:
    bench.worker.work(Chunk("acme", "news", "i1", 1, "up", "gone", "7", 0, 10, 3))
    assert bench.ingestion.status == "failed"
    assert str(bench.ingestion.reason).startswith("rows from line 3 on: s3://up/gone")


def test_a_store_that_is_down_leaves_the_chunk_to_its_next_delivery(bench: Bench) -> None:
    rows = b'{"id": "a", "title": "T"}'
    bench.vectors.down = True
    with pytest.raises(StoreUnavailable):
        bench.work(rows)
    assert bench.ingestion.status == "running"
    bench.vectors.down = False
    assert bench.work(rows).status == "succeeded"


def test_an_unforeseen_error_fails_the_ingestion_and_is_raised(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.understander, "understand", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        bench.work(b'{"id": "a", "title": "secret text"}')
    assert bench.ingestion.status == "failed"
    assert "ZeroDivisionError" in str(bench.ingestion.reason)
    assert "secret" not in str(bench.ingestion.reason)


def test_a_chunk_that_comes_no_more_can_be_given_up(bench: Bench) -> None:
    bench.worker.give_up(bench.chunk(b"", first_line=9), "Qdrant did not answer five times")
    assert bench.ingestion.status == "failed"
    assert bench.ingestion.reason == "rows from line 9 on: Qdrant did not answer five times"


def test_the_address_of_rejected_rows(bench: Bench) -> None:
    bench.work(b"no JSON")
    prefix = rejects_prefix("staging", "acme", "i1")
    assert prefix == "s3://staging/rejected/acme/i1/"
    (key,) = bench.blobs.keys("staging")
    assert f"s3://staging/{key}".startswith(prefix)


def test_a_chunk_that_comes_again_undoes_nothing_that_came_after_it(bench: Bench) -> None:
    bench.work(b'{"id": "a", "title": "Old title"}\n{"id": "b", "title": "Gone soon"}')
    bench.content.index("acme", [Item(id="a", domain="news", title="New title")])
    bench.content.delete("acme", "b")

    bench.work(b'{"id": "a", "title": "Old title"}\n{"id": "b", "title": "Gone soon"}')

    assert bench.content.get("acme", "a").item.title == "New title"
    with pytest.raises(NotFound):
        bench.content.get("acme", "b")
