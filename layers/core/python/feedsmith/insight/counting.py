"""Counts a tenant's events on a schedule, from the ledger itself.

A count begins from nothing each time. So it is exact whatever was retried; a user who was erased, or took back the
consent to be counted, is gone from all figures of the past as well; and no table of sums can drift from the events. It
costs one walk over the ledger.

In the bucket, for each tenant::

    insight/{tenant}/{domain}/{kind}.npz    the cubes
    insight/{tenant}/report.json            when, and what experiments came to; written last
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Final

import numpy as np

from feedsmith.domains.loader import Domain
from feedsmith.insight.cube import KINDS
from feedsmith.insight.messages import Kind, Report
from feedsmith.insight.tally import ItemFacts, Tally, published
from feedsmith.models import Event, utcnow
from feedsmith.stores.ledger import Ledger
from feedsmith.stores.objects import Blobs
from feedsmith.stores.vectors import Collection, Filter, Hit, VectorStore

DAYS: Final = 90
"""Days that are counted, today among them."""

_AT_ONCE: Final = 10_000  # events between two looks at the consent of users not met before
_THREADS: Final = 8
_ALL: Final = Filter()


def cube_key(tenant: str, domain: str, kind: Kind) -> str:
    """Where a cube lies."""
    return f"insight/{tenant}/{domain}/{kind}.npz"


def report_key(tenant: str) -> str:
    """Where the report of a tenant's last count lies."""
    return f"insight/{tenant}/report.json"


class Counting:
    """Counts tenants' events into the work bucket.

    Holds in memory, per user and day, what they were counted in: about 1 kB.

    Parameters
    ----------
    allows
        Whether a user, by pseudonym, may be counted.
    k_anonymity
        Fewest users of a day's figure.
    clock
        Now; its UTC day is the last that is counted.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        vectors: VectorStore,
        blobs: Blobs,
        bucket: str,
        domains: Mapping[str, Domain],
        allows: Callable[[str, str], bool],
        k_anonymity: int,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._ledger = ledger
        self._vectors = vectors
        self._blobs = blobs
        self._bucket = bucket
        self._domains = domains
        self._allows = allows
        self._k = k_anonymity
        self._clock = clock

    def count(self, tenant: str) -> int:
        """Count a tenant's events anew; how many there were.

        Raises
        ------
        StoreUnavailable
            A store does not answer; the figures are those of the count before, or new for some of the domains.
        """
        now = self._clock().astimezone(UTC)
        start = now.date() - timedelta(days=DAYS - 1)
        items = {hit.key: _facts(hit) for hit in self._all(tenant, "items", fields=_ITEM_FIELDS)}
        catalogue: dict[str, int] = defaultdict(int)
        for facts in items.values():
            catalogue[facts.domain] += 1
        experiments = self._ledger.experiments(tenant)
        tallies = {
            name: Tally(
                start,
                DAYS,
                [experiment for experiment in experiments if experiment.domain == name],
                self._segments(tenant, name),
                self._k,
            )
            for name in catalogue
            if name in self._domains
        }
        clicks: dict[date, float] = defaultdict(float)
        events = 0
        for user, event in self._countable(tenant):
            events += 1
            item = items.get(event.item_id)
            if item is not None and item.domain in tallies:
                tallies[item.domain].add(user, event, item)
            if event.type == "click":
                clicks[event.at.astimezone(UTC).date()] += 1
        for name, tally in tallies.items():
            for kind in KINDS:
                cube = tally.cube(kind, catalogue[name])
                self._blobs.write(self._bucket, cube_key(tenant, name, kind), cube.dump())
        counted = [e for e in experiments if e.started_at is not None and e.domain in tallies]
        report = Report(
            counted_at=now,
            arms={
                e.id: {name: (r.n, r.x, r.y, r.xx, r.xy, r.yy) for name, r in tallies[e.domain].arms(e).items()}
                for e in counted
            },
            salts={e.id: e.salt for e in counted},
            clicks=dict(clicks),
        )
        self._blobs.write(self._bucket, report_key(tenant), report.model_dump_json().encode())
        return events

    def _countable(self, tenant: str) -> Iterator[tuple[str, Event]]:
        """The events of users who allow it."""
        allowed: dict[str, bool] = {}
        events = self._ledger.events(tenant)
        with ThreadPoolExecutor(_THREADS) as pool:
            while some := list(islice(events, _AT_ONCE)):
                new = list({user for user, _ in some} - allowed.keys())
                allowed.update(zip(new, pool.map(lambda user: self._allows(tenant, user), new), strict=True))
                yield from ((user, event) for user, event in some if allowed[user])

    def _segments(self, tenant: str, domain: str) -> dict[str, str]:
        """The segment of each user who has a taste."""
        where = Filter(any_of={"domain": [domain]})
        found = [hit for hit in self._all(tenant, "segments", where=where, vectors=True) if hit.vector is not None]
        if not found:
            return {}
        names = [hit.payload["segment"]["id"] for hit in found]
        centroids = np.array([hit.vector for hit in found], dtype=np.float32)
        warm = Filter(any_of={"domain": [domain]}, none_of={"cold": ["yes"]})
        return {
            hit.key.partition(":")[2]: names[int(np.argmax(centroids @ hit.vector))]
            for hit in self._all(tenant, "users", where=warm, vectors=True, fields=())
            if hit.vector is not None
        }

    def _all(
        self,
        tenant: str,
        collection: Collection,
        *,
        where: Filter = _ALL,
        vectors: bool = False,
        fields: Sequence[str] | None = None,
    ) -> Iterator[Hit]:
        cursor = None
        while True:
            page = self._vectors.scroll(
                tenant, collection, where=where, limit=1_000, cursor=cursor, with_vectors=vectors, fields=fields
            )
            yield from page.hits
            cursor = page.cursor
            if cursor is None:
                return


_ITEM_FIELDS: Final = ("domain", "provider", "categories", "published")


def _facts(hit: Hit) -> ItemFacts:
    payload = hit.payload
    return ItemFacts(payload["domain"], payload["provider"], tuple(payload["categories"]), published(payload))
