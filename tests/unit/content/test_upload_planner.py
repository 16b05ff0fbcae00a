from __future__ import annotations

import gzip
import json
import re
import tracemalloc
from collections.abc import Callable, Iterable, Iterator

import pytest

from feedsmith.content.uploads import UploadPlanner, ingestion_id
from feedsmith.content.uploads.chunks import MAX_ROWS
from feedsmith.content.uploads.limits import MAX_ROW_BYTES
from feedsmith.content.uploads.work import read_rows
from feedsmith.domains import load_domains
from feedsmith.errors import StoreUnavailable, UploadError
from feedsmith.models import Ingestion, Rejected
from feedsmith.settings import Settings
from feedsmith.stores.objects import Chunk
from support.ledger import InMemoryBlobs, InMemoryLedger, InMemoryQueue


class Harbour:
    """A planner with its stores; ``upload`` plans one object and tells how that went."""

    def __init__(self, **settings: object) -> None:
        self.blobs, self.ledger, self.queue = InMemoryBlobs(), InMemoryLedger(), InMemoryQueue()
        self.settings = Settings.model_validate({"chunk_bytes": 1024, **settings})
        self.planner = UploadPlanner(self.blobs, self.ledger, self.queue, "work", self.settings, load_domains())

    def upload(self, body: bytes, name: str = "x.jsonl", *, domain: str = "news") -> Ingestion:
        key = f"acme/{domain}/{name}"
        self.blobs.write("up", key, body)
        return self.plan(key)

    def plan(self, key: str) -> Ingestion:
        found = self.ledger.ingestion("acme", self.planner.plan("up", key, "1"))
        assert found is not None
        return found

    def rows(self) -> list[tuple[int, str]]:
        """(line, item id) of all rows in the chunks sent."""
        found = []
        for chunk in self.queue.sent:
            body = self.blobs.read_range(chunk.bucket, chunk.key, chunk.start, chunk.end, chunk.version)
            for number, line in enumerate(body.split(b"\n"), start=chunk.first_line):
                if line.strip():
                    found.append((number, json.loads(line)["id"]))
        return found

    def rejected(self) -> list[Rejected]:
        keys = [key for key in self.blobs.keys("work") if key.startswith("rejected/")]
        lines = [line for key in keys for line in b"".join(self.blobs.stream("work", key)).splitlines()]
        return [Rejected.model_validate_json(line) for line in lines]


def row(item_id: object, **fields: object) -> str:
    return json.dumps({"id": str(item_id), "title": f"Title {item_id}", **fields})


def jsonl(count: int) -> bytes:
    return "".join(row(n) + "\n" for n in range(1, count + 1)).encode()


CSV = "id,title,body\n" + "".join(f'{n},T,"a\nb"\n' for n in range(1, 101))
FORMATS: dict[str, tuple[bytes, Callable[[int], int]]] = {
    # name: content of 100 rows with the ids 1 to 100, and the line of the n-th
    "x.jsonl": (jsonl(100), lambda n: n),
    "x.jsonl.gz": (gzip.compress(jsonl(100)), lambda n: n),
    "x.json": (b"[" + b",\n\n".join(jsonl(100).splitlines()) + b"]", lambda n: n),
    "x.json.gz": (gzip.compress(b"[" + b",".join(jsonl(100).splitlines()) + b"]"), lambda n: n),
    "x.csv": (CSV.encode(), lambda n: 2 * n),  # the header is line 1, and each row has two lines
    "x.csv.gz": (gzip.compress(CSV.encode()), lambda n: 2 * n),
    "a/b/X.JSONL": (jsonl(100), lambda n: n),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_row_is_in_one_chunk_at_its_line(name: str) -> None:
    harbour = Harbour()
    body, line_of = FORMATS[name]
    ingestion = harbour.upload(body, name)
    assert harbour.rows() == [(line_of(n), str(n)) for n in range(1, 101)]
    assert ingestion.status == "running"
    assert ingestion.chunks == len(harbour.queue.sent) > 1
    assert ingestion.source == f"s3://up/acme/news/{name}"
    assert [chunk.number for chunk in harbour.queue.sent] == list(range(1, len(harbour.queue.sent) + 1))
    assert all(chunk.end - chunk.start <= harbour.settings.chunk_bytes for chunk in harbour.queue.sent)
    assert {(c.tenant, c.domain, c.ingestion_id) for c in harbour.queue.sent} == {("acme", "news", ingestion.id)}


def test_plain_json_lines_are_not_copied() -> None:
    harbour = Harbour()
    harbour.upload(jsonl(100))
    assert {(c.bucket, c.key, c.version) for c in harbour.queue.sent} == {("up", "acme/news/x.jsonl", "1")}
    assert harbour.blobs.keys("work") == []


def test_blank_lines_a_byte_order_mark_and_no_last_line_end() -> None:
    harbour = Harbour()
    harbour.upload(b"\xef\xbb\xbf" + f"{row(1)}\r\n\n  \n{row(2)}\n\n{row(3)}".encode())
    assert harbour.rows() == [(1, "1"), (4, "2"), (6, "3")]


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])
def test_a_desert_of_blank_lines_is_not_carried_along(name: str) -> None:
    """GIVEN 100,000 blank lines between two rows, THEN each row gets a small chunk of its own, at its line."""
    body = f"{row(1)}\n".encode() + b"\n" * 100_000 + row(2).encode()
    harbour = Harbour()
    harbour.upload(gzip.compress(body) if name.endswith("gz") else body, name)
    assert harbour.rows() == [(1, "1"), (100_002, "2")]
    assert all(chunk.end - chunk.start < 100 for chunk in harbour.queue.sent)


def test_short_rows_are_not_too_many_for_one_worker() -> None:
    harbour = Harbour(chunk_bytes=2**20)
    harbour.upload(jsonl(MAX_ROWS + 1))
    assert [chunk.first_line for chunk in harbour.queue.sent] == [1, MAX_ROWS + 1]


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])
def test_a_row_that_is_too_long_costs_itself_only(name: str) -> None:
    body = f"{row(1)}\n{row(2, body='x' * MAX_ROW_BYTES)}\n{row(3)}\n".encode()
    harbour = Harbour(max_expansion=10_000)
    ingestion = harbour.upload(gzip.compress(body) if name.endswith("gz") else body, name)
    assert harbour.rows() == [(1, "1"), (3, "3")]
    (rejected,) = harbour.rejected()
    assert rejected.line == 2
    assert "longer than 1048576 bytes" in rejected.reason
    assert rejected.row == row(2, body="x" * 2_000)[:1000]
    assert (ingestion.rejected, ingestion.status) == (1, "running")
    # One chunk number is the rejected row's own, and is finished already.
    assert ingestion.chunks == len(harbour.queue.sent) + 1
    assert ingestion.chunks_done == 1


def test_rows_that_are_no_rows_are_kept_in_parts() -> None:
    harbour = Harbour()
    ingestion = harbour.upload(b"id,title\n" + b"only\n" * (MAX_ROWS + 5), "x.csv")
    assert (ingestion.status, ingestion.rejected) == ("succeeded", MAX_ROWS + 5)
    assert len(harbour.rejected()) == MAX_ROWS + 5
    assert all(f"rejected/acme/{ingestion.id}/part-" in key for key in harbour.blobs.keys("work"))


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("x.jsonl", b"", "no rows"),
        ("x.jsonl", b"\n \n", "no rows"),
        ("x.jsonl.gz", gzip.compress(b"", mtime=0), "no rows"),
        ("x.csv", b"id,title\n", "no rows"),
        ("x.json", b"[]", "no rows"),
        ("x.json", b"", "no rows"),
        ("x.jsonl", b'{"id": "\xe9"}', r"not UTF-8 at byte 8 \(line 1\)"),
        ("x.csv", b"id,title\na,\xe9\n", r"not UTF-8 at byte 11 \(line 2\)"),
        ("x.csv", b"id,name\na,A\n", "no item has: 'name'"),
        ("x.json", b'{"id": "a"}', "must hold one array"),
        ("x.jsonl.gz", b'{"id": "a"}', "gzip"),
        ("x.jsonl", gzip.compress(jsonl(1), mtime=0), "not UTF-8"),
        ("x.xml", b"<a/>", "no known extension"),
        ("x.jsonl.zip", b"", "no known extension"),
        ("jsonl", b"", "no known extension"),
    ],
)
def test_what_cannot_be_read_ends_as_failed_with_the_reason(name: str, body: bytes, reason: str) -> None:
    harbour = Harbour()
    ingestion = harbour.upload(body, name)
    assert ingestion.status == "failed"
    assert ingestion.reason is not None
    assert re.search(reason, ingestion.reason)
    assert harbour.queue.sent == []


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("acme/weather/x.jsonl", "no domain 'weather'; there are: .*news"),
        ("acme/x.jsonl", "names no domain"),
        ("acme/News/x.jsonl", "names no domain"),
        ("acme//x.jsonl", "names no domain"),
        ("acme/news/", "no known extension"),
        ("acme/news/gone.jsonl", "not there"),
    ],
)
def test_keys_that_name_a_tenant_fail_visibly(key: str, reason: str) -> None:
    ingestion = Harbour().plan(key)
    assert ingestion.status == "failed"
    assert re.search(reason, str(ingestion.reason))


@pytest.mark.parametrize("key", ["x.jsonl", "/news/x.jsonl", "Acme Inc/news/x.jsonl", ""])
def test_keys_without_a_tenant_are_raised(key: str) -> None:
    with pytest.raises(UploadError, match="names no tenant"):
        Harbour().planner.plan("up", key, "1")


DAMAGED = {
    "x.jsonl": jsonl(50) + b'{"id": "\xff"}\n' + jsonl(5),
    "x.jsonl.gz": gzip.compress(jsonl(50)) + b"garbage",
    "x.json": b"[" + b",".join(jsonl(50).splitlines()) + b" oops]",
    "x.csv": b"id,title\n" + b"".join(b"%d,T\n" % n for n in range(1, 51)) + b"\xff\n",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_rows_before_the_damage_still_land(name: str) -> None:
    harbour = Harbour()
    ingestion = harbour.upload(DAMAGED[name], name)
    assert [item_id for _, item_id in harbour.rows()] == [str(n) for n in range(1, 51)]
    assert ingestion.status == "failed"
    assert ingestion.chunks == len(harbour.queue.sent)


def test_more_bytes_than_allowed() -> None:
    harbour = Harbour(max_upload_bytes=5_000)
    for name, body in (("x.jsonl", jsonl(500)), ("y.jsonl.gz", gzip.compress(jsonl(500)))):
        ingestion = harbour.upload(body, name)
        assert ingestion.status == "failed"
        assert "FEEDSMITH_MAX_UPLOAD_BYTES" in str(ingestion.reason)


def test_a_redelivered_event_begins_nothing_twice() -> None:
    harbour = Harbour()
    first = harbour.upload(jsonl(100))
    sent = list(harbour.queue.sent)
    assert harbour.plan("acme/news/x.jsonl") == first
    assert harbour.queue.sent == sent
    # A failed one is not tried again either, for the same object would fail again.
    failed = harbour.upload(b"", "empty.jsonl")
    assert harbour.plan("acme/news/empty.jsonl") == failed


def test_versions_are_ingestions_of_their_own() -> None:
    assert ingestion_id("up", "acme/news/x.jsonl", "1") == ingestion_id("up", "acme/news/x.jsonl", "1")
    ids = {ingestion_id("up", key, v) for key in ("acme/news/x.jsonl", "acme/news/y.jsonl") for v in ("1", "2", None)}
    assert len(ids) == 6


class BrokenQueue(InMemoryQueue):
    """Fails at the second call with ``error``, once."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error, self._calls = error, 0

    def send(self, chunks: Iterable[Chunk]) -> None:
        self._calls += 1
        if self._calls == 2:
            raise self._error
        super().send(chunks)


@pytest.mark.parametrize("name", ["x.jsonl", "x.csv.gz"])
def test_an_interrupted_plan_is_taken_up_with_the_same_chunks(name: str) -> None:
    """GIVEN a queue that fails after ten chunks; WHEN S3's event comes again; THEN nothing is missing."""
    whole, broken = Harbour(chunk_bytes=1024), Harbour(chunk_bytes=1024)
    body = jsonl(800) if name == "x.jsonl" else gzip.compress(CSV.encode() * 1)
    if name == "x.csv.gz":
        body = gzip.compress(b"id,title\n" + b"".join(b"%d,%s\n" % (n, b"T" * 100) for n in range(1, 400)))
    whole.upload(body, name)
    broken.queue = BrokenQueue(StoreUnavailable("SQS is away"))
    broken.planner = UploadPlanner(broken.blobs, broken.ledger, broken.queue, "work", broken.settings, load_domains())
    with pytest.raises(StoreUnavailable):
        broken.upload(body, name)
    stuck = broken.ledger.ingestion("acme", ingestion_id("up", f"acme/news/{name}", "1"))
    assert stuck is not None
    assert stuck.status == "planning"
    assert broken.plan(f"acme/news/{name}").status == "running"
    first, again = broken.queue.sent[:10], broken.queue.sent[10:]
    assert again == whole.queue.sent
    assert first == whole.queue.sent[:10]


def test_an_unforeseen_error_ends_the_ingestion_and_is_raised() -> None:
    harbour = Harbour()
    harbour.queue = BrokenQueue(ZeroDivisionError())
    harbour.planner = UploadPlanner(
        harbour.blobs, harbour.ledger, harbour.queue, "work", harbour.settings, load_domains()
    )
    with pytest.raises(ZeroDivisionError):
        harbour.upload(jsonl(800))
    assert (
        harbour.plan("acme/news/x.jsonl").reason
        == "planning failed unexpectedly (ZeroDivisionError); the log says where"
    )


def test_planning_ends_before_the_function_is_killed() -> None:
    harbour = Harbour()
    harbour.blobs.write("up", "acme/news/x.jsonl", jsonl(10))
    remaining = iter([100.0, 5.0])
    harbour.blobs.stream = lambda *_: iter([jsonl(3), jsonl(3)])  # type: ignore[method-assign]  # two blocks
    ingestion = harbour.planner.plan("up", "acme/news/x.jsonl", "1", remaining_s=lambda: next(remaining))
    found = harbour.ledger.ingestion("acme", ingestion)
    assert found is not None
    assert (found.status, len(harbour.rows())) == ("failed", 3)
    assert "split the upload" in str(found.reason)


class Endless(InMemoryBlobs):
    """An object that is made while it is read; what is staged is forgotten."""

    def __init__(self, blocks: Callable[[], Iterator[bytes]]) -> None:
        super().__init__()
        self._blocks = blocks

    def stream(self, bucket: str, key: str, version: str | None = None) -> Iterator[bytes]:
        return self._blocks()

    def write(self, bucket: str, key: str, body: bytes) -> None:
        return


class Forgetful(InMemoryQueue):
    def send(self, chunks: Iterable[Chunk]) -> None:
        self.sent = list(chunks)


@pytest.mark.parametrize("name", ["x.jsonl", "x.csv", "x.json"])
def test_a_large_object_needs_no_more_memory_than_a_small_one(name: str) -> None:
    """GIVEN 64 MiB, made block by block."""
    body = "x" * 8_000
    line = (f"1,T,{body}\n" if name == "x.csv" else row(1, body=body) + ("\n" if name == "x.jsonl" else ",\n")).encode()
    start = {"x.csv": b"id,title,body\n", "x.json": b"[", "x.jsonl": b""}[name]
    end = line.rstrip(b",\n") + b"]" if name == "x.json" else b""
    block = line * (2**20 // len(line))

    def blocks() -> Iterator[bytes]:
        yield start
        for _ in range(64):
            yield block
        yield end

    harbour = Harbour(chunk_bytes=256 * 1024)
    harbour.blobs, harbour.queue = Endless(blocks), Forgetful()
    planner = UploadPlanner(harbour.blobs, harbour.ledger, harbour.queue, "work", harbour.settings, load_domains())
    tracemalloc.start()
    ingestion = harbour.ledger.ingestion("acme", planner.plan("up", f"acme/news/{name}", "1"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert ingestion is not None
    assert ingestion.status == "running"
    assert ingestion.chunks is not None
    assert ingestion.chunks >= 64 * 3
    assert peak < 6 * 2**20


def test_a_chunk_reads_as_items() -> None:
    harbour = Harbour()
    harbour.upload(jsonl(3))
    (chunk,) = harbour.queue.sent
    body = harbour.blobs.read_range(chunk.bucket, chunk.key, chunk.start, chunk.end, chunk.version)
    items, rejected = read_rows(body, chunk)
    assert [item.id for item in items] == ["1", "2", "3"]
    assert rejected == []
