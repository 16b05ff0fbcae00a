"""Objects and queued chunks: what the services need of a blob store and a queue."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


class Blobs(ABC):
    """Objects in buckets."""

    @abstractmethod
    def stream(self, bucket: str, key: str, version: str | None = None) -> Iterator[bytes]:
        """The object's bytes in blocks of at most 1 MiB.

        Raises
        ------
        UploadError
            The object is not there (any more), or the connection broke before its end.
        """

    @abstractmethod
    def read_range(self, bucket: str, key: str, start: int, end: int, version: str | None = None) -> bytes:
        """Bytes ``start`` to ``end`` (exclusive); raises as ``stream`` does."""

    @abstractmethod
    def read(self, bucket: str, key: str) -> bytes | None:
        """A small object as a whole; None where there is none."""

    @abstractmethod
    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Keys of the objects in a bucket that begin with ``prefix``, sorted."""

    @abstractmethod
    def delete(self, bucket: str, prefix: str) -> int:
        """Delete all objects that begin with ``prefix``, old versions too; how many versions that were."""

    @abstractmethod
    def write(self, bucket: str, key: str, body: bytes) -> str | None:
        """Write an object; who reads it meanwhile gets all of the old or all of the new one.

        Returns its version, or None where the bucket keeps none.
        """


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of an upload: bytes ``start`` to ``end`` of an object, JSON Lines, first row at ``first_line``."""

    tenant: str
    domain: str
    ingestion_id: str
    number: int
    bucket: str
    key: str
    version: str | None
    start: int
    end: int
    first_line: int


class ChunkQueue(ABC):
    """Chunks on their way to the workers."""

    @abstractmethod
    def send(self, chunks: Iterable[Chunk]) -> None:
        """Queue the chunks, at least once each."""
