"""A vector store in plain dictionaries and numpy: the whole port, exact, for fast tests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from math import inf
from threading import Lock
from typing import Any

import numpy as np

from feedsmith.errors import ConfigurationError, EmbedderMismatch, InvalidRequest, StoreUnavailable
from feedsmith.stores.vectors import Collection, Filter, Hit, Page, Payload, Point, Query, Vector, VectorStore

EVERYTHING = Filter()
_FROM = "from "


class MemoryVectors(VectorStore):
    """Keeps points per (tenant, collection); ties and scrolls are in the order of keys.

    ``down``: while True, every call raises ``StoreUnavailable``, as a store that does not answer.
    ``writes`` counts upserted points, so that a test can see that nothing was written.
    """

    def __init__(self, *, dimension: int | None = None, embedder: str = "test@1") -> None:
        self.down = False
        self._lock = Lock()
        self.writes = 0
        self._points: dict[tuple[str, str], dict[str, Point]] = {}
        self._embedder: str | None = None
        self._dimension: int | None = None
        if dimension is not None:
            self.prepare(dimension=dimension, embedder=embedder)

    def prepare(self, *, dimension: int, embedder: str) -> None:
        self.ping()
        if self._embedder is not None and self._embedder != embedder:
            raise EmbedderMismatch("test_items", self._embedder, embedder)
        if self._dimension is not None and self._dimension != dimension:
            raise ConfigurationError(f"the collections hold vectors of {self._dimension} dimensions, not {dimension}")
        self._embedder, self._dimension = embedder, dimension

    def embedder(self) -> str | None:
        self.ping()
        return self._embedder

    def upsert(self, tenant: str, collection: Collection, points: Sequence[Point], *, newer: str | None = None) -> None:
        held = self._held(tenant, collection)
        if self._dimension is None:
            raise ConfigurationError(f"collection {collection!r} does not exist: prepare the store first")
        for point in points:
            self._check(point.vector)
        with self._lock:
            for point in points:
                old = held.get(point.key)
                if newer is not None and old is not None and old.payload.get(newer, -inf) >= point.payload[newer]:
                    continue
                vector = np.asarray(point.vector, dtype=np.float32)
                held[point.key] = Point(point.key, vector / np.linalg.norm(vector), _copy(point.payload))
                self.writes += 1

    def patch(self, tenant: str, collection: Collection, key: str, payload: Payload) -> None:
        held = self._held(tenant, collection)
        with self._lock:
            if (old := held.get(key)) is None:
                return
            merged = {**old.payload, **_copy(payload)}
            gone = {name for name, value in payload.items() if value is None}
            held[key] = Point(key, old.vector, {name: merged[name] for name in merged if name not in gone})

    def retrieve(
        self,
        tenant: str,
        collection: Collection,
        keys: Sequence[str],
        *,
        with_vectors: bool = False,
        fields: Sequence[str] | None = None,
    ) -> dict[str, Hit]:
        held = self._held(tenant, collection)
        return {key: _hit(held[key], 0.0, with_vectors, fields) for key in keys if key in held}

    def delete(self, tenant: str, collection: Collection, keys: Sequence[str]) -> None:
        held = self._held(tenant, collection)
        for key in keys:
            held.pop(key, None)

    def drop(self, tenant: str, collection: Collection) -> int:
        held = self._held(tenant, collection)
        count = len(held)
        held.clear()
        return count

    def query(self, tenant: str, collection: Collection, queries: Sequence[Query]) -> list[list[Hit]]:
        held = self._held(tenant, collection)
        for query in queries:
            if query.vector is not None and self._dimension is not None:
                self._check(query.vector)
        return [self._answer(held, query) for query in queries]

    def scroll(
        self, tenant: str, collection: Collection, *, where: Filter = EVERYTHING, limit: int = 256,
        cursor: str | None = None, with_vectors: bool = False, fields: Sequence[str] | None = None,
    ) -> Page:  # fmt: skip
        if not (cursor or _FROM).startswith(_FROM):
            raise InvalidRequest(f"no page has the cursor {cursor!r}: use that of the page before")
        first = (cursor or _FROM).removeprefix(_FROM)
        matching = [point for point in self._matching(tenant, collection, where) if point.key >= first]
        following = _FROM + matching[limit].key if len(matching) > limit else None
        return Page([_hit(point, 0.0, with_vectors, fields) for point in matching[:limit]], following)

    def count(self, tenant: str, collection: Collection, where: Filter = EVERYTHING) -> int:
        return len(self._matching(tenant, collection, where))

    def ping(self) -> None:
        if self.down:
            raise StoreUnavailable("the test's vector store is down")

    def close(self) -> None:
        self.down = True

    def _check(self, vector: Vector) -> None:
        if vector.shape != (self._dimension,) or not np.isfinite(vector).all():
            raise ConfigurationError(
                f"not a vector of {self._dimension} dimensions: {vector}; FEEDSMITH_EMBEDDER is not the collection's"
            )

    def _held(self, tenant: str, collection: str) -> dict[str, Point]:
        self.ping()
        return self._points.setdefault((tenant, collection), {})

    def _matching(self, tenant: str, collection: str, where: Filter) -> list[Point]:
        held = self._held(tenant, collection)
        return [held[key] for key in sorted(held) if matches(held[key], where)]

    def _answer(self, held: dict[str, Point], query: Query) -> list[Hit]:
        scored = []
        for key in sorted(held):
            point = held[key]
            score = _score(point, query)
            if score is not None and matches(point, query.where):
                scored.append((score, point))
        scored.sort(key=lambda pair: -pair[0])  # stable: ties stay in the order of keys
        return [_hit(point, score, query.with_vectors, query.fields) for score, point in scored[: query.limit]]


def _score(point: Point, query: Query) -> float | None:
    """Cosine similarity, the order value, or 0.0; None: lacks the field that orders, and so is left out."""
    if query.vector is not None:
        return float(point.vector @ _unit(query.vector))
    if query.order_by is not None:
        return next(_numbers(point.payload, query.order_by), None)
    return 0.0


def matches(point: Point, where: Filter) -> bool:
    """Whether all conditions of the filter hold."""
    payload = point.payload
    absent_ok = {name for name in where.or_absent if not list(_values(payload, name))}
    return (
        point.key not in where.keys_not
        and all(any(v in wanted for v in _values(payload, name)) for name, wanted in where.any_of.items())
        and not any(v in banned for name, banned in where.none_of.items() for v in _values(payload, name))
        and all(
            name in absent_ok or any(n >= bound for n in _numbers(payload, name))
            for name, bound in where.at_least.items()
        )
        and all(
            name in absent_ok or any(n > bound for n in _numbers(payload, name))
            for name, bound in where.greater.items()
        )
    )


def _values(payload: Payload, path: str) -> Iterator[Any]:
    """Values at a dotted path: a list's elements, or the one value; null counts as absent."""
    value: Any = payload
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    for element in value if isinstance(value, list) else [value]:
        if element is not None:
            yield element


def _numbers(payload: Payload, path: str) -> Iterator[float]:
    return (float(v) for v in _values(payload, path) if isinstance(v, int | float) and not isinstance(v, bool))


def _unit(vector: Vector) -> Vector:
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def _hit(point: Point, score: float, with_vectors: bool, fields: Sequence[str] | None = None) -> Hit:
    payload = {name: value for name, value in point.payload.items() if fields is None or name in fields}
    return Hit(point.key, _copy(payload), score, point.vector.copy() if with_vectors else None)


def _copy(payload: Payload) -> Payload:
    """As a store would give it back: JSON, and nobody else's object."""
    copied: Payload = json.loads(json.dumps(payload))
    return copied
