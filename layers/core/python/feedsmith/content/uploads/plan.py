"""An uploaded object becomes chunks of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from feedsmith.content.uploads.chunks import Chunker, RangeChunker, StagedChunker, Stores, Upload
from feedsmith.content.uploads.csv_rows import csv_rows
from feedsmith.content.uploads.gunzip import gunzip
from feedsmith.content.uploads.json_rows import json_rows
from feedsmith.content.uploads.keys import UploadKind, ingestion_id, kind_of, tenant_of
from feedsmith.content.uploads.limits import at_most
from feedsmith.content.uploads.lines import split_lines
from feedsmith.content.uploads.rows import Rows, jsonl_rows
from feedsmith.domains.loader import DomainSet
from feedsmith.errors import StoreUnavailable, UploadError
from feedsmith.settings import Settings
from feedsmith.stores.ledger import Ledger
from feedsmith.stores.objects import Blobs, ChunkQueue

# Time to send what was read and to record the end.
_SPARE_S = 20.0


class UploadPlanner:
    """Reads an uploaded object once, in bounded memory, and queues its rows."""

    def __init__(
        self,
        blobs: Blobs,
        ledger: Ledger,
        queue: ChunkQueue,
        work_bucket: str,
        settings: Settings,
        domains: DomainSet,
    ) -> None:
        self._stores = Stores(blobs, ledger, queue, work_bucket)
        self._settings = settings
        self._domains = domains

    def plan(
        self, bucket: str, key: str, version: str | None, *, remaining_s: Callable[[], float] | None = None
    ) -> str:
        """Begin the ingestion of an object and queue its chunks; returns the ingestion's id.

        An ingestion that is planned already is left alone; one whose planning was interrupted is planned again, which
        gives the same chunks. What cannot be read ends it as failed, with the reason; rows before that still land.

        Parameters
        ----------
        remaining_s
            Seconds left to this process, where there is a limit.

        Raises
        ------
        UploadError
            The key names no tenant, so that there is no one to tell.
        StoreUnavailable
            The plan is left as it is; the same call takes it up again.
        """
        tenant = tenant_of(key)
        ingestion = ingestion_id(bucket, key, version)
        ledger = self._stores.ledger
        if not ledger.create_ingestion(tenant, ingestion, f"s3://{bucket}/{key}") and self._planned(tenant, ingestion):
            return ingestion
        chunker: Chunker | None = None
        try:
            kind = self._kind(key)
            upload = Upload(tenant, kind.domain, ingestion, bucket, key, version)
            chunker = self._chunker(kind, upload)
            self._read(kind, upload, chunker, remaining_s)
            ledger.update_ingestion(tenant, ingestion, status="running", chunks=chunker.chunks)
        except UploadError as error:
            chunks = chunker.chunks if chunker else 0
            ledger.update_ingestion(tenant, ingestion, status="failed", chunks=chunks, reason=str(error))
        except StoreUnavailable:
            raise
        except Exception as error:
            reason = f"planning failed unexpectedly ({type(error).__name__}); the log says where"
            ledger.update_ingestion(tenant, ingestion, status="failed", reason=reason)
            raise
        return ingestion

    def _planned(self, tenant: str, ingestion: str) -> bool:
        found = self._stores.ledger.ingestion(tenant, ingestion)
        return found is not None and found.status != "planning"

    def _kind(self, key: str) -> UploadKind:
        kind = kind_of(key)
        if kind.domain not in self._domains:
            raise UploadError(f"no domain {kind.domain!r}; there are: {', '.join(sorted(self._domains))}")
        return kind

    def _chunker(self, kind: UploadKind, upload: Upload) -> Chunker:
        in_place = kind.format == "jsonl" and not kind.gzipped
        return (RangeChunker if in_place else StagedChunker)(upload, self._stores, self._settings.chunk_bytes)

    def _read(
        self, kind: UploadKind, upload: Upload, chunker: Chunker, remaining_s: Callable[[], float] | None
    ) -> None:
        blocks = self._stores.blobs.stream(upload.bucket, upload.key, upload.version)
        if remaining_s is not None:
            blocks = _while_time(blocks, remaining_s)
        if kind.gzipped:
            blocks = gunzip(blocks, self._settings.max_expansion)
        try:
            for row in _rows(kind, at_most(blocks, self._settings.max_upload_bytes)):
                chunker.add(row)
        except UploadError:
            chunker.flush()
            raise
        chunker.flush()
        if not chunker.chunks:
            raise UploadError("the upload has no rows")


def _rows(kind: UploadKind, blocks: Iterator[bytes]) -> Rows:
    if kind.format == "json":
        return json_rows(blocks)
    return (csv_rows if kind.format == "csv" else jsonl_rows)(split_lines(blocks))


def _while_time(blocks: Iterator[bytes], remaining_s: Callable[[], float]) -> Iterator[bytes]:
    for block in blocks:
        if remaining_s() < _SPARE_S:
            raise UploadError("reading takes longer than the function may run: split the upload into several")
        yield block
