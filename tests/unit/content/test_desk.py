"""Small uploads, and what was refused of them."""

from __future__ import annotations

from feedsmith.content.uploads import rejects, submit
from feedsmith.content.uploads.keys import ingestion_id, rejected_key
from feedsmith.content.uploads.work import rejected_lines
from feedsmith.models import Rejected
from support.ledger import InMemoryBlobs


def test_a_submission_lies_where_uploads_are_planned_from() -> None:
    blobs = InMemoryBlobs()
    begun = [submit(blobs, "uploads", "acme", "news", "a.jsonl", "{}\n") for _ in range(2)]
    # Each of two with one name is an ingestion of its own, under the tenant's and the domain's folder.
    keys = blobs.keys("uploads", "acme/news/")
    assert [key.rsplit("/", 1)[1] for key in keys] == ["a.jsonl", "a.jsonl"]
    assert sorted(begun) == sorted(ingestion_id("uploads", key, "1") for key in keys)


def test_refused_rows_come_by_line_up_to_a_limit() -> None:
    blobs = InMemoryBlobs()
    rows = [Rejected(line=n, reason="/title: missing", row="{}") for n in (2, 5, 9)]
    blobs.write("work", rejected_key("acme", "i-1", 1), rejected_lines(rows[2:]))
    blobs.write("work", rejected_key("acme", "i-1", 0), rejected_lines(rows[:2]))
    blobs.write("work", rejected_key("acme", "i-10", 0), rejected_lines(rows))
    assert rejects(blobs, "work", "acme", "i-1", 10) == (rows, False)
    assert rejects(blobs, "work", "acme", "i-1", 3) == (rows, False)
    assert rejects(blobs, "work", "acme", "i-1", 2) == (rows[:2], True)
    assert rejects(blobs, "work", "globex", "i-1", 10) == ([], False)
