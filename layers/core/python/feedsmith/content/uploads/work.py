"""A chunk's rows: read, checked, indexed; those that fail are kept with their reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from feedsmith.content.service import ContentService
from feedsmith.content.uploads.keys import rejected_key
from feedsmith.errors import FeedsmithError, UploadError
from feedsmith.models import Item, Rejected
from feedsmith.stores.ledger import Ledger
from feedsmith.stores.objects import Blobs, Chunk


class ChunkWorker:
    """Indexes chunks; doing one again changes nothing."""

    def __init__(self, content: ContentService, blobs: Blobs, ledger: Ledger, work_bucket: str) -> None:
        self._content = content
        self._blobs = blobs
        self._ledger = ledger
        self._work_bucket = work_bucket

    def work(self, chunk: Chunk) -> None:
        """Index the chunk's good rows, keep the others under ``rejected/``, and count both.

        A chunk that was counted before is passed over: what changed or deleted its items since would be undone.
        An object that is gone ends the ingestion as failed. So does an error that nobody foresaw, which is raised on.

        Raises
        ------
        StoreUnavailable, ConfigurationError
            Work the same chunk again later.
        """
        if self._ledger.chunk_finished(chunk.tenant, chunk.ingestion_id, chunk.number):
            return
        try:
            rows = self._blobs.read_range(chunk.bucket, chunk.key, chunk.start, chunk.end, chunk.version)
            items, rejected = read_rows(rows, chunk)
            report = self._content.index(chunk.tenant, items)
            if rejected:
                key = rejected_key(chunk.tenant, chunk.ingestion_id, chunk.number)
                self._blobs.write(self._work_bucket, key, rejected_lines(rejected))
            self._ledger.finish_chunk(
                chunk.tenant,
                chunk.ingestion_id,
                chunk.number,
                indexed=report.indexed,
                unchanged=report.unchanged,
                rejected=len(rejected),
            )
        except UploadError as error:
            self.give_up(chunk, str(error))
        except FeedsmithError:
            raise
        except Exception as error:
            self.give_up(chunk, f"it failed unexpectedly ({type(error).__name__}); the log of the worker says where")
            raise

    def give_up(self, chunk: Chunk, reason: str) -> None:
        """End the chunk's ingestion as failed: for a chunk that will not be delivered again."""
        where = f"rows from line {chunk.first_line} on: {reason}"
        self._ledger.update_ingestion(chunk.tenant, chunk.ingestion_id, status="failed", reason=where)


def read_rows(rows: bytes, chunk: Chunk) -> tuple[list[Item], list[Rejected]]:
    """Items of a chunk's rows, and the rows that are none, each in their order; blank lines are neither."""
    items: list[Item] = []
    rejected: list[Rejected] = []
    for number, line in enumerate(rows.split(b"\n"), start=chunk.first_line):
        if not line.strip():
            continue
        try:
            items.append(_item(line, chunk.domain))
        except ValueError as error:  # pydantic's ValidationError is one
            rejected.append(
                Rejected(line=number, reason=_reason(error), row=line.decode("utf-8", "replace").rstrip("\r"))
            )
    return items, rejected


def rejected_lines(rejected: Iterable[Rejected]) -> bytes:
    """Rejected rows as JSON Lines."""
    return "".join(row.model_dump_json() + "\n" for row in rejected).encode()


def _item(line: bytes, domain: str) -> Item:
    row: Any = from_json(line, allow_inf_nan=False)
    if not isinstance(row, dict):
        raise ValueError("/: a row must be a JSON object with the fields of an item")
    if row.setdefault("domain", domain) != domain:
        raise ValueError(f"/domain: is {row['domain']!r}, but the object was uploaded for {domain!r}")
    return Item.model_validate(row)


def _reason(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"/{'/'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
    return str(error)
