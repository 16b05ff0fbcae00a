"""Items: index, get, delete, similar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from feedsmith.content.understanding import Understander
from feedsmith.domains.loader import DomainSet
from feedsmith.errors import NotFound, ValidationFailed
from feedsmith.insight.counters import CounterService
from feedsmith.models import IndexedItem, Item, utcnow
from feedsmith.stores.base import Filter, Ledger, Query, VectorStore
from feedsmith.stores.codec import item_of, item_point


@dataclass(frozen=True, slots=True)
class IndexReport:
    """Items written, and items that were there already with the same content."""

    indexed: int
    unchanged: int


class ContentService:
    """Keeps the catalogue in the vector store.

    Parameters
    ----------
    vectors, ledger
        Where items are, and where their counters are.
    understander
        Makes the understander; called only when there is something to understand.
    domains
        The known domains.
    """

    def __init__(
        self,
        *,
        vectors: VectorStore,
        ledger: Ledger,
        understander: Callable[[], Understander],
        domains: DomainSet,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._vectors = vectors
        self._counters = CounterService(ledger, vectors, domains, clock=clock)
        self._understander = understander
        self._domains = domains
        self._clock = clock

    def index(self, tenant: str, items: Sequence[Item]) -> IndexReport:
        """Understand, embed and write the items whose content is new; of several with one id, the last counts.

        Raises
        ------
        ValidationFailed
            An item is of a domain that does not exist. Nothing was written.
        StoreUnavailable
            The vector store does not answer; indexing the same items again is harmless.
        """
        unknown = [
            {
                "path": f"/items/{index}/domain",
                "message": f"no such domain; there are: {', '.join(sorted(self._domains))}",
            }
            for index, item in enumerate(items)
            if item.domain not in self._domains
        ]
        if unknown:
            raise ValidationFailed(unknown)
        latest = {item.id: item for item in items}
        stored = self._vectors.retrieve(tenant, "items", list(latest))
        hashes = {key: hit.payload["indexed"]["content_hash"] for key, hit in stored.items()}
        new = [item for item in latest.values() if hashes.get(item.id) != item.content_hash]
        if new:
            now = self._clock()
            points = [
                item_point(
                    IndexedItem(item=item, content_hash=item.content_hash, understanding=understanding, indexed_at=now),
                    vector,
                )
                for item, (understanding, vector) in zip(new, self._understander().understand(new), strict=True)
            ]
            self._vectors.upsert(tenant, "items", points)
            # After the write: an event may have been counted before its item was there, or meanwhile.
            self._counters.mirror(tenant, [item.id for item in new])
        return IndexReport(indexed=len(new), unchanged=len(latest) - len(new))

    def get(self, tenant: str, item_id: str) -> IndexedItem:
        """An item with what was understood and counted.

        Raises
        ------
        NotFound
            There is no such item.
        """
        hit = self._vectors.retrieve(tenant, "items", [item_id]).get(item_id)
        if hit is None:
            raise _no_item(item_id)
        return item_of(hit)

    def delete(self, tenant: str, item_id: str) -> None:
        """Delete an item.

        Raises
        ------
        NotFound
            There is no such item.
        """
        self.get(tenant, item_id)
        self._vectors.delete(tenant, "items", [item_id])

    def similar(self, tenant: str, item_id: str, limit: int) -> list[tuple[IndexedItem, float]]:
        """The nearest items of the same domain and their cosine similarity, best first; expired ones are left out.

        Raises
        ------
        NotFound
            There is no such item.
        """
        hit = self._vectors.retrieve(tenant, "items", [item_id], with_vectors=True).get(item_id)
        if hit is None:
            raise _no_item(item_id)
        where = Filter(
            any_of={"domain": [hit.payload["domain"]]},
            greater={"expires": self._clock().timestamp()},
            or_absent=frozenset({"expires"}),
            keys_not=[item_id],
        )
        (near,) = self._vectors.query(tenant, "items", [Query(limit, hit.vector, where=where)])
        return [(item_of(found), found.score) for found in near]


def _no_item(item_id: str) -> NotFound:
    return NotFound(f"no item {item_id!r}; upload it, or check its id")
