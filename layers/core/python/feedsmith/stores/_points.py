"""What both vector stores agree on: how a tenant's key becomes a point, and what a vector may look like."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, Final
from uuid import UUID, uuid5

import numpy as np

from feedsmith.errors import ConfigurationError, EmbedderMismatch, InvalidRequest
from feedsmith.stores.vectors import Collection, Filter, Payload, Point, Query, Vector

COLLECTIONS: Final[tuple[Collection, ...]] = ("items", "users", "segments")
TENANT: Final = "_tenant"
KEY: Final = "_key"
SCOPE: Final = "_scope"  # kept by the embedded engine alone
EVERYTHING: Final = Filter()

_RESERVED: Final = frozenset({TENANT, KEY, SCOPE})
_NAMESPACE: Final = UUID("6f1d2c0e-6a51-5d0f-9d5b-0d6e1c1b7a01")


@lru_cache(maxsize=16_384)
def point_id(tenant: str, key: str) -> UUID:
    """UUIDv5 of ``key`` within the tenant's own namespace: two tenants never share a point, whatever their keys."""
    return uuid5(_tenant_namespace(tenant), key)


@lru_cache(maxsize=1_024)
def _tenant_namespace(tenant: str) -> UUID:
    return uuid5(_NAMESPACE, tenant)


def to_payload(tenant: str, point: Point) -> Payload:
    """The payload as stored: the caller's fields, the tenant and the key."""
    return {**point.payload, TENANT: tenant, KEY: point.key}


def from_payload(payload: Mapping[str, Any]) -> tuple[str, Payload]:
    """The key, and the payload as the caller wrote it."""
    return payload[KEY], own_fields(payload)


def wanted(fields: Sequence[str] | None) -> list[str] | bool:
    """What an engine must bring so that a hit has these fields; True: the whole payload."""
    return True if fields is None else [TENANT, KEY, *fields]


def own_fields(payload: Mapping[str, Any]) -> Payload:
    """The fields that callers may read and write."""
    return {name: value for name, value in payload.items() if name not in _RESERVED}


def check_vector(vector: Vector, dimension: int | None) -> None:
    """See that a vector fits its collection.

    Raises
    ------
    ConfigurationError
        It is not a finite vector of ``dimension`` numbers (None: any number).
    """
    if vector.ndim != 1 or (dimension is not None and vector.shape[0] != dimension):
        raise ConfigurationError(
            f"a vector of shape {vector.shape} does not fit a collection of dimension {dimension}: set "
            "FEEDSMITH_EMBEDDER to the embedder that filled the collection"
        )
    if not np.isfinite(vector).all():
        raise ConfigurationError("a vector has NaN or infinite numbers: check the embedder named in FEEDSMITH_EMBEDDER")


def to_floats(vector: Vector) -> list[float]:
    """A vector as the engines take it."""
    floats: list[float] = vector.tolist()
    return floats


def to_vector(floats: Any) -> Vector:
    """A list of numbers, as the engines give a vector; float32, read-only."""
    # A third of the time of np.asarray: a request reads hundreds of vectors.
    return np.frombuffer(struct.pack(f"{len(floats)}f", *floats), dtype=np.float32)


def waves(points: Sequence[Point], newer: str | None) -> Iterator[tuple[int | None, list[Point]]]:
    """Points that can be written under one condition, oldest first, each with its value of ``newer``.

    Of points with the same key, the last one counts; with ``newer``, the first one with the greatest value.
    """
    if newer is None:
        if points:
            yield None, list({point.key: point for point in points}.values())
        return
    ordered = sorted(points, key=lambda point: point.payload[newer])
    for value, wave in groupby(ordered, key=lambda point: point.payload[newer]):
        yield value, list({point.key: point for point in reversed(list(wave))}.values())


def to_offset(cursor: str | None) -> UUID | None:
    """A cursor as an engine's offset; raises ``InvalidRequest`` when it is none that a page returned."""
    if cursor is None:
        return None
    try:
        return UUID(cursor)
    except ValueError as error:
        raise InvalidRequest("the cursor is not one that a page returned: start again without one") from error


def not_prepared(name: str) -> ConfigurationError:
    """The error for a collection that is not there."""
    return ConfigurationError(
        f"collection {name!r} does not exist: check FEEDSMITH_COLLECTION_PREFIX; the collections are created when "
        "content is first ingested"
    )


def foreign(name: str) -> ConfigurationError:
    """The error for a collection that somebody else made."""
    return ConfigurationError(
        f"collection {name!r} was not made by feedsmith: set FEEDSMITH_COLLECTION_PREFIX to another prefix"
    )


def check_embedder(collection: str, stored: str | None, stored_dimension: int, embedder: str, dimension: int) -> None:
    """Compare what a collection was made for with what is configured.

    Raises
    ------
    EmbedderMismatch
        The collection holds another embedder's vectors.
    ConfigurationError
        The collection is not feedsmith's (``stored`` is None), or its dimension differs.
    """
    if stored is None:
        raise foreign(collection)
    if stored != embedder:
        raise EmbedderMismatch(collection, stored, embedder)
    if stored_dimension != dimension:
        raise ConfigurationError(
            f"collection {collection!r} holds vectors of {stored_dimension} dimensions, but embedder {embedder!r} "
            f"makes {dimension}: name a new collection with FEEDSMITH_COLLECTION_PREFIX and ingest the content again"
        )


def score(query: Query, similarity: float, order_value: float | None) -> float:
    """``Hit.score``: the cosine similarity, or the order value; 0.0 where neither applies."""
    if query.vector is not None:
        return similarity
    return 0.0 if order_value is None else float(order_value)
