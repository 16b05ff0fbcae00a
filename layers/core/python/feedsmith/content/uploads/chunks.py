"""Rows gathered into chunks and sent to the workers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from feedsmith.content.uploads.keys import rejected_key, staged_key
from feedsmith.content.uploads.rows import Row
from feedsmith.content.uploads.work import rejected_lines
from feedsmith.models import Rejected
from feedsmith.stores.ledger import Ledger
from feedsmith.stores.objects import Blobs, Chunk, ChunkQueue

# However short the rows are, a worker must be done with them before its time is up.
MAX_ROWS = 1_000
# A queue takes ten messages at once. They are kept here and not in the queue's own hands, so that what was read
# before an upload turned out to be damaged is sent all the same.
_SEND = 10


@dataclass(frozen=True, slots=True)
class Upload:
    """Which object is read, for whom."""

    tenant: str
    domain: str
    ingestion_id: str
    bucket: str
    key: str
    version: str | None


@dataclass(frozen=True, slots=True)
class Stores:
    """Where chunks, rows and counts go."""

    blobs: Blobs
    ledger: Ledger
    queue: ChunkQueue
    work_bucket: str


class Chunker(ABC):
    """Gathers rows to chunks of about ``chunk_bytes`` and sends them; the same upload gives the same chunks again.

    Rows that are rejected before any worker sees them get chunk numbers of their own, which are finished at once.
    ``chunks`` counts both.
    """

    def __init__(self, upload: Upload, stores: Stores, chunk_bytes: int) -> None:
        self.chunks = 0
        self._upload = upload
        self._stores = stores
        self._chunk_bytes = chunk_bytes
        self._rows = 0
        self._first_line = 0
        self._rejected: list[Rejected] = []
        self._rejected_size = 0
        self._unsent: list[Chunk] = []

    def add(self, row: Row | Rejected) -> None:
        """Take the next row of the upload."""
        if isinstance(row, Rejected):
            self._reject(row)
            return
        if self._rows and (self._rows >= MAX_ROWS or self._size_with(row) > self._chunk_bytes):
            self._end_chunk()
        if not self._rows:
            self._first_line = row.line
            self._begin(row)
        self._append(row)
        self._rows += 1

    def flush(self) -> None:
        """Send what was gathered."""
        self._end_chunk()
        self._end_rejected()
        self._send()

    @abstractmethod
    def _begin(self, row: Row) -> None:
        """Begin a chunk with this row, which is not in it yet."""

    @abstractmethod
    def _append(self, row: Row) -> None:
        """Take the row into the chunk."""

    @abstractmethod
    def _size_with(self, row: Row) -> int:
        """Bytes of the chunk when the row is in it."""

    @abstractmethod
    def _chunk(self, number: int) -> Chunk:
        """The chunk, its rows being where its message says."""

    def _reject(self, row: Rejected) -> None:
        self._rejected.append(row)
        self._rejected_size += len(row.row)
        if len(self._rejected) >= MAX_ROWS or self._rejected_size > self._chunk_bytes:
            self._end_rejected()

    def _end_chunk(self) -> None:
        if self._rows:
            self.chunks += 1
            self._unsent.append(self._chunk(self.chunks))
            self._rows = 0
            if len(self._unsent) >= _SEND:
                self._send()

    def _end_rejected(self) -> None:
        if self._rejected:
            self.chunks += 1
            upload, stores, count = self._upload, self._stores, len(self._rejected)
            key = rejected_key(upload.tenant, upload.ingestion_id, self.chunks)
            stores.blobs.write(stores.work_bucket, key, rejected_lines(self._rejected))
            stores.ledger.finish_chunk(
                upload.tenant, upload.ingestion_id, self.chunks, indexed=0, unchanged=0, rejected=count
            )
            self._rejected, self._rejected_size = [], 0

    def _send(self) -> None:
        if self._unsent:
            self._stores.queue.send(self._unsent)
            self._unsent = []

    def _message(self, number: int, bucket: str, key: str, version: str | None, start: int, end: int) -> Chunk:
        upload = self._upload
        return Chunk(
            tenant=upload.tenant,
            domain=upload.domain,
            ingestion_id=upload.ingestion_id,
            number=number,
            bucket=bucket,
            key=key,
            version=version,
            start=start,
            end=end,
            first_line=self._first_line,
        )


class RangeChunker(Chunker):
    """For plain JSON Lines: chunks are byte ranges of the upload itself, and nothing is copied."""

    _start = _end = 0

    def _begin(self, row: Row) -> None:
        self._start = row.start

    def _append(self, row: Row) -> None:
        self._end = row.end

    def _size_with(self, row: Row) -> int:
        return row.end - self._start

    def _chunk(self, number: int) -> Chunk:
        upload = self._upload
        return self._message(number, upload.bucket, upload.key, upload.version, self._start, self._end)

    def _reject(self, row: Rejected) -> None:
        self._end_chunk()  # the range must not run over the row that is left out
        super()._reject(row)


class StagedChunker(Chunker):
    """For all else: rows are copied to the work bucket as JSON Lines, one object per chunk.

    Blank lines stand where the upload has other lines than a row's first, so that lines count the same in both.
    """

    _body = bytearray()

    def _begin(self, row: Row) -> None:
        self._body = bytearray()
        self._next_line = row.line

    def _append(self, row: Row) -> None:
        self._body += b"\n" * (row.line - self._next_line) + row.json.encode() + b"\n"
        self._next_line = row.line + 1

    def _size_with(self, row: Row) -> int:
        # Counted in characters, which is near enough and spares encoding twice.
        return len(self._body) + row.line - self._next_line + len(row.json) + 1

    def _chunk(self, number: int) -> Chunk:
        stores, upload = self._stores, self._upload
        key = staged_key(upload.tenant, upload.ingestion_id, number)
        stores.blobs.write(stores.work_bucket, key, bytes(self._body))
        return self._message(number, stores.work_bucket, key, None, 0, len(self._body))
