"""Points with vectors: what the services need of a vector store.

Every method takes the tenant first; the adapter adds it to each key and filter, so that no caller can forget it.
Adapters raise :class:`~feedsmith.errors.StoreUnavailable` when the store does not answer, and nothing of Qdrant's own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# In quotes, because the ledger's users need no numpy: it would cost their cold starts 80 ms.
Vector: TypeAlias = "npt.NDArray[np.float32]"
"""Shape (d,), float32, unit length."""

Payload: TypeAlias = dict[str, Any]

Collection: TypeAlias = Literal["items", "users", "segments"]


@dataclass(frozen=True, slots=True)
class Point:
    """What is stored under ``key``: a unit vector and a JSON payload."""

    key: str
    vector: Vector
    payload: Payload


@dataclass(frozen=True, slots=True)
class Hit:
    """What comes back. ``score`` is the cosine similarity, or the order value; 0.0 where neither applies."""

    key: str
    payload: Payload
    score: float = 0.0
    vector: Vector | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """All conditions must hold. Field names are dotted payload paths; lists match when any element does.

    ``any_of``: field has one of the values. ``none_of``: field has none of them. ``at_least``: number field >=
    value, ``greater``: > value; either also holds for an absent field that is named in ``or_absent``.
    ``keys_not``: point keys left out.
    """

    any_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    none_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    at_least: Mapping[str, float] = field(default_factory=dict)
    greater: Mapping[str, float] = field(default_factory=dict)
    or_absent: frozenset[str] = frozenset()
    keys_not: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """One ranked list: nearest to ``vector``, or by descending ``order_by`` (a number field of the payload).

    ``fields``: top-level payload fields to bring; None: all.
    """

    limit: int
    vector: Vector | None = None
    order_by: str | None = None
    where: Filter = Filter()
    with_vectors: bool = False
    fields: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a scroll; ``cursor`` None: nothing follows."""

    hits: list[Hit]
    cursor: str | None


class VectorStore(ABC):
    """Points with vectors and payloads, in named collections, separated by tenant."""

    @abstractmethod
    def prepare(self, *, dimension: int, embedder: str) -> None:
        """Create the collections and payload indexes where absent; idempotent.

        Raises
        ------
        EmbedderMismatch
            A collection exists with another embedder's vectors. Nothing was changed.
        """

    @abstractmethod
    def embedder(self) -> str | None:
        """Name of the embedder whose vectors the collections hold; None before they were prepared."""

    @abstractmethod
    def upsert(self, tenant: str, collection: Collection, points: Sequence[Point], *, newer: str | None = None) -> None:
        """Write points, replacing those with the same key.

        With ``newer`` (name of a top-level integer payload field), a stored point whose field is greater than or
        equal to the new one's stays as it is: the stale writer loses, silently.
        """

    @abstractmethod
    def patch(self, tenant: str, collection: Collection, key: str, payload: Payload) -> None:
        """Set top-level payload fields of one existing point, None takes one away; an absent point stays absent."""

    @abstractmethod
    def retrieve(
        self,
        tenant: str,
        collection: Collection,
        keys: Sequence[str],
        *,
        with_vectors: bool = False,
        fields: Sequence[str] | None = None,
    ) -> dict[str, Hit]:
        """Points by key; absent keys are absent from the answer. ``fields`` as in :class:`Query`."""

    @abstractmethod
    def delete(self, tenant: str, collection: Collection, keys: Sequence[str]) -> None:
        """Delete points by key; absent keys do nothing."""

    @abstractmethod
    def drop(self, tenant: str, collection: Collection) -> int:
        """Delete all points of a tenant; how many that were."""

    @abstractmethod
    def query(self, tenant: str, collection: Collection, queries: Sequence[Query]) -> list[list[Hit]]:
        """Answer several queries in one round trip, in their order, each best first."""

    @abstractmethod
    def scroll(
        self, tenant: str, collection: Collection, *, where: Filter = Filter(), limit: int = 256,
        cursor: str | None = None, with_vectors: bool = False, fields: Sequence[str] | None = None,
    ) -> Page:  # fmt: skip
        """Walk over all points of a tenant in a stable order. ``fields`` as in :class:`Query`."""

    @abstractmethod
    def count(self, tenant: str, collection: Collection, where: Filter = Filter()) -> int:
        """Exact number of points."""

    @abstractmethod
    def ping(self) -> None:
        """Return when the store answers; raise ``StoreUnavailable`` when it does not."""

    @abstractmethod
    def close(self) -> None:
        """Flush and let go of files and connections; the object cannot be used afterwards."""
