"""Items: indexed, found, deleted, and what is like them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from feedsmith.content.understanding import Understander
from feedsmith.domains.loader import DomainSet
from feedsmith.errors import NotFound, ValidationFailed
from feedsmith.insight.counters import CounterService, item_stats
from feedsmith.models import IndexedItem, Item, utcnow
from feedsmith.stores.codec import item_of, item_point
from feedsmith.stores.ledger import Counter, Ledger
from feedsmith.stores.vectors import Filter, Hit, Query, VectorStore


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What became of a batch's items; one that a later item of the same batch replaces counts as unchanged."""

    indexed: int
    unchanged: int


class ContentService:
    """The items of all tenants.

    Parameters
    ----------
    understander
        Gives the understander when it is first needed, since that loads a model; reading and deleting need none.
    """

    def __init__(
        self,
        vectors: VectorStore,
        ledger: Ledger,
        understander: Callable[[], Understander],
        domains: DomainSet,
        *,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._vectors = vectors
        self._ledger = ledger
        self._understander = understander
        self._domains = domains
        self._clock = clock
        self._counters = CounterService(ledger, vectors, domains, clock=clock)

    def index(self, tenant: str, items: Sequence[Item]) -> IndexReport:
        """Understand, embed and store items; those that are stored with the same content already stay as they are.

        Raises
        ------
        ValidationFailed
            An item is of no known domain. Nothing was stored.
        StoreUnavailable
            A store does not answer; the same call may be repeated.
        """
        self._check_domains(items)
        newest = {item.id: item for item in items}
        stored = self._vectors.retrieve(tenant, "items", list(newest))
        changed = [item for item in newest.values() if _stored_hash(stored.get(item.id)) != item.content_hash]
        if changed:
            self._store(tenant, changed)
        return IndexReport(indexed=len(changed), unchanged=len(items) - len(changed))

    def get(self, tenant: str, item_id: str) -> IndexedItem:
        """The item as stored; raises ``NotFound``."""
        return item_of(self._hit(tenant, item_id))

    def delete(self, tenant: str, item_id: str) -> None:
        """Remove the item; raises ``NotFound``."""
        self._hit(tenant, item_id)
        self._vectors.delete(tenant, "items", [item_id])

    def similar(self, tenant: str, item_id: str, limit: int) -> list[tuple[IndexedItem, float]]:
        """Items of the same domain that have not expired, with their cosine similarity, best first.

        Raises
        ------
        NotFound
            There is no such item to compare with.
        """
        hit = self._hit(tenant, item_id, with_vector=True)
        where = Filter(
            any_of={"domain": [hit.payload["domain"]]},
            greater={"expires": self._clock().timestamp()},
            or_absent=frozenset({"expires"}),
            keys_not=[item_id],
        )
        (found,) = self._vectors.query(tenant, "items", [Query(limit=limit, vector=hit.vector, where=where)])
        return [(item_of(near), near.score) for near in found]

    def find(self, tenant: str, domain: str, query: str | None, limit: int) -> list[IndexedItem]:
        """Items of a domain, expired ones too: the nearest in meaning to ``query``, or without it, the newest.

        Raises
        ------
        NotFound
            There is no such domain.
        """
        where = Filter(any_of={"domain": [self._domains[domain].name]})
        vector = self._understander().embed(query) if query and query.strip() else None
        by = {"order_by": "fresh"} if vector is None else {"vector": vector}
        (found,) = self._vectors.query(tenant, "items", [Query(limit=limit, where=where, **by)])
        return [item_of(hit) for hit in found]

    def _store(self, tenant: str, items: Sequence[Item]) -> None:
        understood = self._understander().understand(items)
        # Events may have been counted before their item arrived, or on an earlier version of it.
        counters = self._ledger.counters(tenant, [item.id for item in items])
        now = self._clock()
        points = []
        for item, (understanding, vector) in zip(items, understood, strict=True):
            indexed = IndexedItem(
                item=item,
                content_hash=item.content_hash,
                understanding=understanding,
                stats=item_stats(counters.get(item.id, Counter())),
                indexed_at=now,
            )
            points.append(item_point(indexed, vector))
        self._vectors.upsert(tenant, "items", points)
        # A counter that moved on meanwhile was copied into a payload that the upsert has just replaced.
        later = self._ledger.counters(tenant, [item.id for item in items])
        moved = [key for key, counter in later.items() if counter.revision != counters.get(key, Counter()).revision]
        if moved:
            self._counters.mirror(tenant, moved)

    def _hit(self, tenant: str, item_id: str, *, with_vector: bool = False) -> Hit:
        hit = self._vectors.retrieve(tenant, "items", [item_id], with_vectors=with_vector).get(item_id)
        if hit is None:
            raise NotFound(f"no item {item_id!r}: it was deleted, or never uploaded")
        return hit

    def _check_domains(self, items: Sequence[Item]) -> None:
        errors = [
            {
                "path": f"/items/{index}/domain",
                "message": f"no domain {item.domain!r}; there are: {', '.join(sorted(self._domains))}",
            }
            for index, item in enumerate(items)
            if item.domain not in self._domains
        ]
        if errors:
            raise ValidationFailed(errors)


def _stored_hash(hit: Hit | None) -> str | None:
    return None if hit is None else str(hit.payload["indexed"]["content_hash"])
