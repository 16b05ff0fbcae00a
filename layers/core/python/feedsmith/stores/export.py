"""A tenant's events and items as JSON Lines: what leaves feedsmith, and what training can start from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from feedsmith.models import IndexedItem, Model
from feedsmith.stores import codec
from feedsmith.stores.ledger import Ledger
from feedsmith.stores.vectors import Vector, VectorStore

if TYPE_CHECKING:
    from typing import TextIO

_PAGE = 256


class ExportedItem(Model):
    """A line of an export of items: the item, its unit vector, and the embedder that made it."""

    embedder: str
    indexed: IndexedItem
    vector: tuple[float, ...]


def all_items(vectors: VectorStore, tenant: str) -> Iterator[tuple[IndexedItem, Vector]]:
    """All items of a tenant with their vectors, in a stable order."""
    cursor: str | None = None
    while True:
        page = vectors.scroll(tenant, "items", limit=_PAGE, cursor=cursor, with_vectors=True)
        yield from ((codec.item_of(hit), hit.vector) for hit in page.hits if hit.vector is not None)
        if (cursor := page.cursor) is None:
            return


def export_events(ledger: Ledger, tenant: str, out: TextIO) -> int:
    """Write each event as a line, ``user_id`` being the pseudonym; returns how many there were."""
    count = 0
    for _, event in ledger.events(tenant):
        out.write(event.model_dump_json(exclude_none=True) + "\n")
        count += 1
    return count


def export_items(vectors: VectorStore, tenant: str, out: TextIO) -> int:
    """Write each item as a line, an :class:`ExportedItem`; returns how many there were."""
    embedder, count = vectors.embedder(), 0
    if embedder is None:  # nothing was ever indexed
        return 0
    for indexed, vector in all_items(vectors, tenant):
        line = ExportedItem(embedder=embedder, indexed=indexed, vector=tuple(map(float, vector)))
        out.write(line.model_dump_json(exclude_none=True) + "\n")
        count += 1
    return count
