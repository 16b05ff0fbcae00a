"""Writes the texts of the head items ahead of those who will ask for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, zip_longest
from typing import Protocol, get_args

import numpy as np

from feedsmith.domains.loader import Domain
from feedsmith.errors import ConfigurationError
from feedsmith.models import Segment, TextKind
from feedsmith.settings import Settings
from feedsmith.stores.vectors import Filter, Hit, Query, VectorStore
from feedsmith.writing.audience import focus_of
from feedsmith.writing.composer import BUDGET_EXHAUSTED
from feedsmith.writing.drafting import Drafting, Task
from feedsmith.writing.renditions import piece_of

TRENDING = 100  # items among which a segment's own are looked for


class Segments(Protocol):
    """Lists a domain's segments."""

    def list(self, tenant: str, domain: str, /) -> Sequence[Segment]:
        """Segments with their centroids, largest first."""


@dataclass(frozen=True, slots=True)
class Written:
    """Tasks whose drafts are kept now, tasks for which the model gave none, and whether the budget ended it."""

    written: int = 0
    failed: int = 0
    exhausted: bool = False


class Prewriter:
    """Knows the texts that many will ask for, and writes those that are not there.

    Head items of a segment are what its members liked most and what trends closest to its centroid, in turn; those of
    everyone are what trends. Drafts are shared, so whoever asks first, and has no ground, waits for no model.
    """

    def __init__(
        self, *, vectors: VectorStore, segments: Segments, drafting: Drafting, domains: Mapping[str, Domain],
        settings: Settings, clock: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._vectors = vectors
        self._segments = segments
        self._drafting = drafting
        self._domains = domains
        self._items = settings.prewrite_items
        self._kinds = _kinds(settings.prewrite_kinds)
        self._timeout_s = settings.writer_timeout_s
        self._clock = clock

    def missing(self, tenant: str, domain: str) -> list[Task]:
        """The tasks whose drafts are not there, the largest segments' first; none for a writer without a model."""
        writer = self._drafting.writer(tenant)
        if not self._items or not writer.is_model:
            return []
        tasks = {
            (task.piece.indexed.item.id, task.kind, task.focus): task
            for task in self._tasks(tenant, self._domains[domain])
        }
        unknown = (task for task in tasks.values() if self._drafting.known(tenant, task, writer) is None)
        return [task for task in unknown if task.piece.source.text]

    def write(self, tenant: str, tasks: Sequence[Task], time_left: Callable[[], float]) -> Written:
        """Write one after the other, until the budget or the time is used up.

        Parameters
        ----------
        time_left
            Seconds that the caller still has.
        """
        written = failed = 0
        for task in tasks:
            if time_left() < 2 * self._timeout_s:
                break
            gated = self._drafting.gather(tenant, task, self._drafting.writer(tenant), timeout_s=self._timeout_s)
            if gated.failure == BUDGET_EXHAUSTED:
                return Written(written, failed, exhausted=True)
            written += gated.failure is None
            failed += gated.failure is not None
        return Written(written, failed)

    def task(self, hit: Hit, kind: TextKind, focus: str | None) -> Task:
        """The task that was once noted by these, as the item is now."""
        return Task(piece_of(hit, self._domains[hit.payload["domain"]]), kind, focus=focus)

    def _tasks(self, tenant: str, domain: Domain) -> Iterator[Task]:
        kinds = [kind for kind in self._kinds if kind in domain.kinds]
        where = Filter(
            any_of={"domain": [domain.name]},
            greater={"expires": self._clock().timestamp()},
            or_absent=frozenset({"expires"}),
        )
        [trending] = self._vectors.query(
            tenant, "items", [Query(TRENDING, order_by="trend", where=where, with_vectors=True)]
        )
        segments = self._segments.list(tenant, domain.name)
        for segment in (*segments, None):
            for hit in self._head(tenant, segment, trending):
                piece = piece_of(hit, domain)
                if piece.unfit is not None:
                    continue
                focus = focus_of(segment, domain, piece.language) if segment is not None else None
                yield from (Task(piece, kind, focus=focus) for kind in kinds)

    def _head(self, tenant: str, segment: Segment | None, trending: Sequence[Hit]) -> list[Hit]:
        if segment is None:
            return list(trending[: self._items])
        liked = self._vectors.retrieve(tenant, "items", list(segment.liked)[: self._items], with_vectors=True)
        centroid = np.asarray(segment.centroid, dtype=np.float32)
        near = sorted(trending, key=lambda hit: -float(hit.vector @ centroid) if hit.vector is not None else 0.0)
        favourites = [liked[key] for key in segment.liked if key in liked and self._fresh(liked[key])]
        turns = chain.from_iterable(zip_longest(favourites, near))
        head = {hit.key: hit for hit in turns if hit is not None}
        return list(head.values())[: self._items]

    def _fresh(self, hit: Hit) -> bool:
        expires = hit.payload.get("expires")
        return expires is None or expires > self._clock().timestamp()


def _kinds(names: str) -> tuple[TextKind, ...]:
    known = {kind: kind for kind in get_args(TextKind) if kind != "reason"}  # reasons ask no model
    wanted = [name.strip() for name in names.split(",")]
    if unknown := sorted(set(wanted) - set(known)):
        raise ConfigurationError(
            f"FEEDSMITH_PREWRITE_KINDS names {', '.join(map(repr, unknown))}: use some of {', '.join(known)}"
        )
    return tuple(known[name] for name in wanted)
