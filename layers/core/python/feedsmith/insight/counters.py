"""Counters of items: what the event stream adds up to, each event once."""

from __future__ import annotations

import hashlib
import math
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from aws_lambda_powertools import Logger

from feedsmith.domains.loader import Domain
from feedsmith.errors import ConfigurationError, StoreUnavailable
from feedsmith.models import Event, ItemActivity, ItemStats, utcnow
from feedsmith.stores.codec import stats_payload
from feedsmith.stores.ledger import Counter, Ledger, StreamRecord
from feedsmith.stores.vectors import VectorStore

logger = Logger(child=True)

ATTEMPTS: Final = 8
POSITIONS_KEPT_S: Final = 2 * 86_400  # the stream gives nothing again after 24 hours
REDRIVES_KEPT_S: Final = 15 * 86_400  # a dead-letter queue gives nothing again after 14 days
MAX_REDRIVES: Final = 2_000  # their positions take some 60 bytes each, and a record may have 400 KB
IMPLAUSIBLE_DOUBLINGS: Final = 64


# Shards of events that come from dead letters, one each: they come in no order, so that none may stand for another.
_REDRIVE: Final = "redrive:"


class Uncounted(NamedTuple):
    """A record that can never be added, or whose item cannot show it; and why."""

    record: StreamRecord
    reason: str
    counted: bool


def redriven(record: StreamRecord) -> StreamRecord:
    """The record as it comes from a dead letter: it counts once by its own identity, whatever its shard counted."""
    own = f"{record.tenant}#{record.user}#{record.event.identity}"
    return replace(record, shard=_REDRIVE + hashlib.sha256(own.encode()).hexdigest()[:16], sequence="1")


def item_stats(counter: Counter) -> ItemStats:
    """What readers of the item see of its counter."""
    return ItemStats(counts=counter.counts, trend=counter.trend, activity=counter.activity)


def add_to_trend(trend: float | None, *, weight: float, at: float, now: float, half_life: float) -> float | None:
    """Add one event to a forward-decayed trend: ``log2(2^trend + weight 2^(at / half_life))``.

    Kept as a logarithm, because ``2^(at / half_life)`` fits no float (Cormode et al., "Forward decay", ICDE 2009).

    Parameters
    ----------
    trend
        The trend so far; None before any event.
    weight
        Weight of the event; one that is not positive adds nothing.
    at, now
        Unix seconds; an event from the future counts as of now, lest a wrong clock keep its item on top.
    half_life
        Seconds. A trend 64 doublings above anything that happened by now was kept with a shorter half-life, before
        the item changed its domain or the domain its half-life; it is not comparable and begins anew.
    """
    if trend is not None and trend > now / half_life + IMPLAUSIBLE_DOUBLINGS:
        trend = None
    if weight <= 0:
        return trend
    added = math.log2(weight) + min(at, now) / half_life
    if trend is None:
        return added
    high, low = max(trend, added), min(trend, added)
    return high + math.log1p(2.0 ** (low - high)) / math.log(2.0)


def add_to_activity(activity: ItemActivity, event: Event, domain: Domain, now: float) -> ItemActivity:
    """Add one event; the order of events does not matter, but for rounding. Times are treated as in `add_to_trend`."""
    at = event.at.timestamp()
    impression = event.type == "impression"
    click = float(domain.weight(event.type, event.value) > 0)
    exposure = 0.0 if not impression else 1.0 if event.position is None else 1.0 / math.log2(2.0 + event.position)

    def recent(mass: float | None, added: float) -> float | None:
        return add_to_trend(mass, weight=added, at=at, now=now, half_life=domain.trend_half_life_hours * 3_600.0)

    seen = [time for time in (activity.first, min(at, now) if impression else None) if time is not None]
    return ItemActivity(
        recent_clicks=recent(activity.recent_clicks, click),
        recent_exposure=recent(activity.recent_exposure, exposure),
        recent_shown=recent(activity.recent_shown, float(impression)),
        clicks=activity.clicks + click,
        exposure=activity.exposure + exposure,
        shown=activity.shown + impression,
        first=min(seen, default=None),
    )


class CounterService:
    """Adds stream records to the counters in the ledger, and shows these in the items' payloads.

    A counter remembers beside its numbers how far it has read each shard, and both are written at once; so records
    that come again, alone or in another batch, add nothing. The item's payload is a copy, made after the write and
    always from the ledger, so that a crash between the two is mended by the redelivery it causes.
    """

    def __init__(
        self,
        ledger: Ledger,
        vectors: VectorStore,
        domains: Mapping[str, Domain],
        *,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._ledger = ledger
        self._vectors = vectors
        self._domains = domains
        self._clock = clock

    def absorb(self, records: Sequence[StreamRecord]) -> list[Uncounted]:
        """Count the records, each once however often it is delivered.

        Events on an item that is not known (yet) are counted, but add nothing to its trend and activity: half-life
        and weights are those of the item's domain.

        Returns
        -------
        Those that would fail each time, by item: an item that cannot be counted holds up no other.

        Raises
        ------
        StoreUnavailable, ConfigurationError
            A store does not answer, or others kept writing one of the counters first. Give the same records again.
        """
        failed: list[Uncounted] = []
        by_tenant: dict[str, dict[str, list[StreamRecord]]] = defaultdict(lambda: defaultdict(list))
        for record in records:
            by_tenant[record.tenant][record.event.item_id].append(record)
        for tenant, by_item in by_tenant.items():
            try:
                self._absorb(tenant, by_item)
            except (StoreUnavailable, ConfigurationError):
                raise
            except Exception as error:  # noqa: BLE001 - whose fault it is, is found below
                logger.warning("a batch cannot be counted at once", extra={"error": type(error).__name__})
                for item_id, own in by_item.items():
                    failed += self._absorb_alone(tenant, item_id, own)
        return failed

    def _absorb(self, tenant: str, by_item: Mapping[str, Sequence[StreamRecord]]) -> None:
        item_ids = list(by_item)
        counters = self._ledger.counters(tenant, item_ids)
        items = self._vectors.retrieve(tenant, "items", item_ids)
        names = {key: hit.payload["domain"] for key, hit in items.items()}
        domains = {key: self._domains[name] for key, name in names.items() if name in self._domains}
        for item_id, own in by_item.items():
            self._count(tenant, item_id, counters.get(item_id, Counter()), own, domains.get(item_id))
        if items:
            self.mirror(tenant, list(items))

    def _absorb_alone(self, tenant: str, item_id: str, records: Sequence[StreamRecord]) -> list[Uncounted]:
        try:
            self._absorb(tenant, {item_id: records})
        except (StoreUnavailable, ConfigurationError):
            raise
        except Exception as error:  # noqa: BLE001 - reported to the caller; one item's data must not stop others
            reason = f"its counter cannot be written or shown ({type(error).__name__})"
            counted = self._counted(tenant, item_id, records)
            return [Uncounted(record, reason, counted) for record in records]
        return []

    def _counted(self, tenant: str, item_id: str, records: Sequence[StreamRecord]) -> bool:
        """Whether the counter has the records, although something failed; it has all of a batch or none."""
        try:
            counter = self._ledger.counters(tenant, [item_id]).get(item_id, Counter())
            return self._added(counter, records, None) is counter
        except (StoreUnavailable, ConfigurationError):
            raise
        except Exception:  # noqa: BLE001 - a counter that cannot be read has counted nothing now
            return False

    def _count(
        self, tenant: str, item_id: str, counter: Counter, records: Sequence[StreamRecord], domain: Domain | None
    ) -> None:
        for _ in range(ATTEMPTS):
            counted = self._added(counter, records, domain)
            if counted is counter or self._ledger.save_counter(tenant, item_id, counted):
                return
            counter = self._ledger.counters(tenant, [item_id]).get(item_id, Counter())
        raise StoreUnavailable(
            f"ledger: a counter was written by others {ATTEMPTS} times while these events were being added; "
            "deliver them again"
        )

    def _added(self, counter: Counter, records: Iterable[StreamRecord], domain: Domain | None) -> Counter:
        """The counter with those records that it has not absorbed; the same object where there are none."""
        now = self._clock().timestamp()
        counts, positions = Tally(counter.counts), dict(counter.positions)
        trend, activity = counter.trend, counter.activity
        for record in sorted(records, key=lambda r: int(r.sequence)):
            absorbed, _ = positions.get(record.shard, ("-1", 0))
            if int(record.sequence) <= int(absorbed):
                continue
            event = record.event
            positions[record.shard] = (record.sequence, int(now))
            counts[event.type] += 1
            if domain is not None:
                trend = add_to_trend(
                    trend,
                    weight=domain.weight(event.type, event.value),
                    at=event.at.timestamp(),
                    now=now,
                    half_life=domain.trend_half_life_hours * 3_600.0,
                )
                activity = add_to_activity(activity, event, domain, now)
        if positions == counter.positions:
            return counter
        newest = max(written for _, written in positions.values())
        kept = {shard: place for shard, place in positions.items() if newest - place[1] <= _kept_s(shard)}
        if sum(shard.startswith(_REDRIVE) for shard in kept) > MAX_REDRIVES:
            raise StoreUnavailable(
                f"an item had {MAX_REDRIVES} events redriven within 15 days, more than its counter can tell apart: "
                "redrive the rest when these are so old"
            )
        return replace(counter, counts=dict(counts), trend=trend, activity=activity, positions=kept)

    def mirror(self, tenant: str, item_ids: Sequence[str]) -> None:
        """Copy counters into the items' payloads, again where one moved on meanwhile.

        Whoever writes a payload last has read the counter after that, so that an older copy never stays.
        """
        copied: dict[str, int] = {}
        for _ in range(ATTEMPTS):
            counters = self._ledger.counters(tenant, item_ids)
            moved = {key: c for key, c in counters.items() if copied.get(key) != c.revision}
            if not moved:
                return
            for item_id, counter in moved.items():
                self._vectors.patch(tenant, "items", item_id, stats_payload(item_stats(counter)))
                copied[item_id] = counter.revision


def _kept_s(shard: str) -> int:
    return REDRIVES_KEPT_S if shard.startswith(_REDRIVE) else POSITIONS_KEPT_S
