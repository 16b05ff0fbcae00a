"""Qdrant Edge: the engine of Qdrant inside this process, on a folder of its own.

One process holds a folder at a time. Writes go through a write-ahead log, so that a killed process loses nothing
that it was told is written; many threads may use one store.

Searches are exact. The engine holds Python's interpreter lock in every call, so that building its approximate index
(HNSW) would stop the whole process for minutes at 100,000 points, and would not even halve the time of a filtered
query there. Beyond that size, run a server (:mod:`feedsmith.stores.qdrant`).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

import qdrant_edge as engine

from feedsmith.errors import ConfigurationError, StoreUnavailable
from feedsmith.stores import _points
from feedsmith.stores._edge_filters import add_scopes, narrowed, nearby, only, scopes, to_filter, to_request
from feedsmith.stores.codec import INDEXED_FIELDS
from feedsmith.stores.vectors import Collection, Filter, Hit, Page, Payload, Point, Query, VectorStore

# Points written between two flushes. The log grows, and the next start replays it, until a flush.
_FLUSH_EVERY: Final = 1_000
_META: Final = "feedsmith.json"


class EdgeVectorStore(VectorStore):
    """Vectors in a folder of this machine.

    A collection that was never prepared reads as empty.

    Parameters
    ----------
    path
        Folder of the collections; created where absent.
    prefix
        Collections are ``{prefix}_items``, ``{prefix}_users`` and ``{prefix}_segments``.

    Raises
    ------
    ConfigurationError
        Another process holds the folder.
    """

    def __init__(self, path: Path, prefix: str) -> None:
        self._path = path
        self._prefix = prefix
        self._shards: dict[Collection, _Shard] = {}
        self._preparing = Lock()
        self._open()

    def _open(self) -> None:
        for collection in _points.COLLECTIONS:
            if collection not in self._shards and self._folder(collection).exists():
                self._shards[collection] = _Shard(self._folder(collection))

    def prepare(self, *, dimension: int, embedder: str) -> None:
        with self._preparing:
            self._open()
            for shard in self._shards.values():
                _points.check_embedder(shard.name, shard.embedder, shard.dimension, embedder, dimension)
            for collection in _points.COLLECTIONS:
                if collection not in self._shards:
                    _create(self._folder(collection), dimension, embedder)
            self._open()

    def embedder(self) -> str | None:
        return next((shard.embedder for shard in self._shards.values()), None)

    def upsert(self, tenant: str, collection: Collection, points: Sequence[Point], *, newer: str | None = None) -> None:
        if not points:
            return
        if (shard := self._shards.get(collection)) is None:
            raise _points.not_prepared(self._folder(collection).name)
        for point in points:
            _points.check_vector(point.vector, shard.dimension)
        for value, wave in _points.waves(points, newer):
            condition = None
            if newer is not None:
                condition = engine.Filter(must_not=[engine.FieldCondition(newer, range=engine.RangeFloat(gte=value))])
            rows = [
                engine.Point(
                    _points.point_id(tenant, point.key),
                    _points.to_floats(point.vector),
                    _points.to_payload(tenant, point) | scopes(tenant, point.payload),
                )
                for point in wave
            ]
            shard.update(engine.UpdateOperation.upsert_points(rows, condition=condition), len(rows))

    def patch(self, tenant: str, collection: Collection, key: str, payload: Payload) -> None:
        if shard := self._shards.get(collection):
            shard.update(
                engine.UpdateOperation.set_payload_by_filter(
                    only(tenant, [key]), _points.own_fields(payload) | scopes(tenant, payload)
                )
            )

    def retrieve(
        self,
        tenant: str,
        collection: Collection,
        keys: Sequence[str],
        *,
        with_vectors: bool = False,
        fields: Sequence[str] | None = None,
    ) -> dict[str, Hit]:
        if (shard := self._shards.get(collection)) is None or not keys:
            return {}
        ids: list[engine.PointId] = [_points.point_id(tenant, key) for key in dict.fromkeys(keys)]
        with shard.errors():
            records = shard.engine.retrieve(ids, _points.wanted(fields), with_vectors)
        hits = [_hit(record, 0.0) for record in records if (record.payload or {}).get(_points.TENANT) == tenant]
        return {hit.key: hit for hit in hits}

    def delete(self, tenant: str, collection: Collection, keys: Sequence[str]) -> None:
        if keys and (shard := self._shards.get(collection)):
            shard.update(engine.UpdateOperation.delete_points_by_filter(only(tenant, keys)))

    def drop(self, tenant: str, collection: Collection) -> int:
        held = self.count(tenant, collection)
        if held and (shard := self._shards.get(collection)):
            everything = to_filter(tenant, _points.EVERYTHING)
            shard.update(engine.UpdateOperation.delete_points_by_filter(everything), held)
        return held

    def query(self, tenant: str, collection: Collection, queries: Sequence[Query]) -> list[list[Hit]]:
        if (shard := self._shards.get(collection)) is None:
            return [[] for _ in queries]
        size, asked = shard.dimension, list(queries)
        # Queries of one batch mostly share their filter, which may leave out hundreds of points.
        filters = {id(query.where): to_filter(tenant, query.where) for query in asked}
        plain = [to_request(query, filters[id(query.where)], size) for query in asked]
        first = {n: request for n, query in enumerate(asked) if (request := nearby(tenant, query, size))}
        near = dict(zip(first, shard.query(list(first.values())), strict=True))
        requests = [narrowed(tenant, q, near[n], size) if n in near else plain[n] for n, q in enumerate(asked)]
        answers = shard.query(requests)
        # What lay nearby was too little, though not all that there is.
        short = [n for n in near if len(answers[n]) < asked[n].limit and len(near[n]) == first[n].limit]
        for n, answer in zip(short, shard.query([plain[n] for n in short]), strict=True):
            answers[n] = answer
        return [
            [_hit(point, _points.score(query, point.score, point.order_value)) for point in answer]
            for query, answer in zip(asked, answers, strict=True)
        ]

    def scroll(
        self, tenant: str, collection: Collection, *, where: Filter = _points.EVERYTHING, limit: int = 256,
        cursor: str | None = None, with_vectors: bool = False, fields: Sequence[str] | None = None,
    ) -> Page:  # fmt: skip
        offset = _points.to_offset(cursor)
        if (shard := self._shards.get(collection)) is None:
            return Page([], None)
        request = engine.ScrollRequest(
            offset=offset,
            limit=limit,
            filter=to_filter(tenant, where),
            with_payload=_points.wanted(fields),
            with_vector=with_vectors,
        )
        with shard.errors():
            records, following = shard.engine.scroll(request)
        return Page([_hit(record, 0.0) for record in records], None if following is None else str(following))

    def count(self, tenant: str, collection: Collection, where: Filter = _points.EVERYTHING) -> int:
        if (shard := self._shards.get(collection)) is None:
            return 0
        with shard.errors():
            return shard.engine.count(engine.CountRequest(exact=True, filter=to_filter(tenant, where)))

    def ping(self) -> None:
        for shard in self._shards.values():
            with shard.errors():
                shard.engine.info()

    def close(self) -> None:
        for shard in self._shards.values():
            shard.close()

    def _folder(self, collection: Collection) -> Path:
        return self._path / f"{self._prefix}_{collection}"


class _Shard:
    """One open collection."""

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self._folder = folder
        try:
            meta = json.loads((folder / _META).read_text("utf-8"))
        except FileNotFoundError as error:
            raise _points.foreign(folder.name) from error
        self.embedder: str = meta["embedder"]
        self.dimension: int = meta["dimension"]
        with self.errors():
            self.engine = engine.EdgeShard.load(str(folder))
        self._flushing = Lock()
        self._unflushed = 0
        with self.errors():
            add_scopes(self.engine)
            self.engine.optimize()  # gives the room of deleted points back; nothing to do is microseconds

    def update(self, operation: engine.UpdateOperation, points: int = 1) -> None:
        """Write; the log holds it on return. Now and then the log's content moves into the segments."""
        with self.errors():
            self.engine.update(operation)
            with self._flushing:
                self._unflushed += points
                if self._unflushed >= _FLUSH_EVERY:
                    self._unflushed = 0
                    self.engine.flush()

    def query(self, requests: list[engine.QueryRequest]) -> list[list[engine.ScoredPoint]]:
        """Answer several requests at once."""
        with self.errors():
            return self.engine.query_batch(engine.QueryBatchRequest(requests)) if requests else []

    def close(self) -> None:
        with self.errors():
            self.engine.flush()
            self.engine.close()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the engine's errors, which are bare ``Exception``, into the port's."""
        try:
            yield
        except Exception as error:
            if type(error) is not Exception:
                raise
            if "WouldBlock" in str(error):
                raise ConfigurationError(
                    f"the vectors in {self._folder} are in use by another process: stop it, or give this one its own "
                    "folder with FEEDSMITH_VECTORS_PATH, or run a Qdrant server and set FEEDSMITH_QDRANT_URL"
                ) from error
            raise StoreUnavailable(
                f"Qdrant Edge failed on {self._folder}: {error}; check that the disk has room and that this process "
                "may write there"
            ) from error


def _create(folder: Path, dimension: int, embedder: str) -> None:
    """Make a collection at once or not at all: a killed process leaves no half of one under its name."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
            new = Path(scratch) / "new"
            new.mkdir()
            _fill(new, dimension)
            (new / _META).write_text(json.dumps({"embedder": embedder, "dimension": dimension}), "utf-8")
            new.rename(folder)
    except OSError as error:
        raise ConfigurationError(
            f"cannot make the vector collection {folder} ({error}): set FEEDSMITH_VECTORS_PATH to a folder that this "
            "process alone may write to, or FEEDSMITH_QDRANT_URL to use a Qdrant server"
        ) from error


def _fill(folder: Path, dimension: int) -> None:
    config = engine.EdgeConfig(
        vectors=engine.EdgeVectorParams(
            size=dimension,
            distance=engine.Distance.Cosine,
            quantization_config=engine.TurboQuantQuantizationConfig(
                bits=engine.TurboQuantBitSize.Bits4, memory=engine.Memory.Pinned
            ),
        ),
        optimizers=engine.EdgeOptimizersConfig(indexing_threshold=0),  # 0: never build HNSW
    )
    shard = engine.EdgeShard.create(str(folder), config)
    create_index = engine.UpdateOperation.create_field_index
    shard.update(create_index(_points.TENANT, engine.KeywordIndexParams(is_tenant=True)))
    for field, kind in INDEXED_FIELDS:
        keyword = kind == "keyword"
        shard.update(create_index(field, engine.KeywordIndexParams() if keyword else engine.FloatIndexParams()))
    add_scopes(shard)
    shard.flush()
    shard.close()


def _hit(point: engine.ScoredPoint | engine.Record, score: float) -> Hit:
    payload, floats = point.payload, point.vector
    key, own = _points.from_payload(payload or {})
    return Hit(key, own, score, None if floats is None else _points.to_vector(floats))
