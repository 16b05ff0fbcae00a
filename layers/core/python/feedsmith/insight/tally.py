"""Adds a domain's events up into cubes, and tells nothing of fewer than k users."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

import numpy as np

from feedsmith.experiments import Experiment
from feedsmith.insight.cube import BUCKETS, KINDS, OTHER, QUANTITIES, Cube, bucket, reach
from feedsmith.insight.messages import Kind
from feedsmith.insight.statistics import Ratio
from feedsmith.models import Event, EventType
from feedsmith.privacy.anonymous import is_anonymous

CONVERSIONS: Final[frozenset[EventType]] = frozenset({"purchase", "enroll", "complete"})
SATISFIED: Final = 4.0
"""The least rating, of 5, that counts as satisfied."""

MOST_GROUPS: Final = 100
"""Providers or categories with a row of their own, those with most impressions; the rest is ``other``."""

_AT: Final = {name: index for index, name in enumerate(QUANTITIES)}
_METRIC: Final = {
    "ctr": ("clicks", "impressions"),
    "cvr": ("conversions", "clicks"),
    "usat": ("satisfied", "ratings"),
}


class ItemFacts(NamedTuple):
    """What counting needs of an item; ``published`` in unix seconds."""

    domain: str
    provider: str | None
    categories: tuple[str, ...]
    published: float | None


@dataclass(slots=True)
class _Group:
    """Sums by (day, bucket), and the users of each day."""

    cells: dict[tuple[int, int], list[float]] = field(default_factory=dict)
    users: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, day: int, bucket_: int, amounts: Sequence[tuple[int, float]], share: float = 1.0) -> None:
        cell = self.cells.setdefault((day, bucket_), [0.0] * len(QUANTITIES))
        for index, amount in amounts:
            cell[index] += share * amount

    def size(self, day: int) -> int:
        return len(self.users.get(day, ()))

    def total(self, quantity: str) -> float:
        return math.fsum(cell[_AT[quantity]] for cell in self.cells.values())

    def move(self, day: int, to: _Group) -> None:
        """Hand a day over to another group."""
        for place in [place for place in self.cells if place[0] == day]:
            to.add(day, place[1], list(enumerate(self.cells.pop(place))))
        to.users[day] |= self.users.pop(day, set())

    def masks(self, days: Iterable[int]) -> list[int]:
        """Of each user the days, of these, on which they were there, as bits."""
        found: dict[str, int] = defaultdict(int)
        for day in days:
            for user in self.users.get(day, ()):
                found[user] |= 1 << day
        return list(found.values())


class Tally:
    """The figures of one domain, while they are being added up.

    A user's events count where the user allows it; who may be counted is the caller's to say. Events of nobody
    (anonymous ones) count in sums that are not of users: they have no segment, no variant, and make no group larger.

    Parameters
    ----------
    start, days
        What is counted by day: so many days from ``start`` on, UTC. Experiments are counted from their own start.
    experiments
        Of the domain.
    segments
        The segment of each user; users without one are in none.
    k
        Fewest users of a day's figure.
    """

    def __init__(
        self, start: date, days: int, experiments: Iterable[Experiment], segments: Mapping[str, str], k: int
    ) -> None:
        self._start = start
        self._days = days
        self._experiments = [experiment for experiment in experiments if experiment.started_at is not None]
        self._segments = segments
        self._k = k
        self._groups: dict[Kind, dict[str, _Group]] = {kind: defaultdict(_Group) for kind in KINDS}
        self._shown: dict[str, int] = defaultdict(int)
        self._variants: dict[str, list[tuple[Experiment, str, list[float]]]] = {}

    def add(self, user: str, event: Event, item: ItemFacts) -> None:
        """Add one event on an item of the domain."""
        amounts = _amounts(event, item)
        if not amounts:
            return
        anonymous = is_anonymous(user)
        variants = [] if anonymous else self._experiment(user, event, amounts)
        day = (event.at.astimezone(UTC).date() - self._start).days
        if not 0 <= day < self._days:
            return
        if event.type == "impression":
            self._shown[event.item_id] |= 1 << day
        place = bucket(user)
        named: list[tuple[Kind, str, float]] = [("all", "all", 1.0)]
        named += [("variant", name, 1.0) for name in variants]
        if not anonymous:
            named.append(("segment", self._segments.get(user, OTHER), 1.0))
        named.append(("provider", item.provider or OTHER, 1.0))
        categories = item.categories or (OTHER,)
        named += [("category", name, 1.0 / len(categories)) for name in categories]
        for kind, name, share in named:
            group = self._groups[kind][name]
            group.add(day, place, amounts, share)
            if not anonymous:
                group.users[day].add(user)

    def cube(self, kind: Kind, catalogue: int) -> Cube:
        """The figures by one kind of group. Groups are handed over into ``other`` here, so ask once."""
        groups = self._groups[kind]
        if kind != "all":
            self._hide(groups)
        names = sorted(name for name, group in groups.items() if group.cells)
        sums = np.zeros((len(names), self._days, BUCKETS, len(QUANTITIES)))
        users = np.zeros((len(names), self._days, self._days), dtype=np.int64)
        for number, name in enumerate(names):
            group = groups[name]
            told = {day for day in range(self._days) if group.size(day) >= self._k}
            for (day, place), cell in group.cells.items():
                if day in told:
                    sums[number, day, place] = cell
            users[number] = reach(group.masks(told), self._days)
        kept = [number for number in range(len(names)) if users[number].any()]
        return Cube(
            self._start,
            tuple(names[number] for number in kept),
            sums[kept],
            users[kept],
            reach(list(self._shown.values()), self._days),
            catalogue,
        )

    def arms(self, experiment: Experiment) -> dict[str, Ratio]:
        """Each variant's ratio of the experiment's metric, over users who were shown something in it."""
        y, x = (_AT[name] for name in _METRIC[experiment.metric])
        rows: dict[str, list[tuple[float, float]]] = {variant.name: [] for variant in experiment.variants}
        for counted in self._variants.values():
            for other, variant, sums in counted:
                if other.id == experiment.id and sums[_AT["impressions"]] > 0:
                    rows[variant].append((sums[x], sums[y]))
        return {name: Ratio.of(pairs) for name, pairs in rows.items()}

    def _experiment(self, user: str, event: Event, amounts: Sequence[tuple[int, float]]) -> list[str]:
        """Count an event in the experiments that it is part of; their variants' names."""
        if not self._experiments:
            return []
        known = self._variants.get(user)
        if known is None:
            known = [(e, e.variant(user).name, [0.0] * len(QUANTITIES)) for e in self._experiments]
            self._variants[user] = known
        names = []
        for experiment, variant, sums in known:
            if experiment.counts(event.at):
                names.append(f"{experiment.id}/{variant}")
                for index, amount in amounts:
                    sums[index] += amount
        return names

    def _hide(self, groups: dict[str, _Group]) -> None:
        """Hand over to ``other`` what would tell of fewer than k users, alone or as the difference to the whole."""
        ranked = sorted(groups, key=lambda name: (-groups[name].total("impressions"), name))
        other = groups.pop(OTHER, _Group())
        for name in ranked[MOST_GROUPS:]:
            if name in groups:
                group = groups.pop(name)
                for day in range(self._days):
                    group.move(day, other)
        for day in range(self._days):
            sizes = {name: group.size(day) for name, group in groups.items()}
            small = [name for name, size in sizes.items() if size < self._k]
            large = sorted((name for name, size in sizes.items() if size >= self._k), key=lambda n: (sizes[n], n))
            for name in small:
                groups[name].move(day, other)
            while large and 0 < other.size(day) < self._k:
                groups[large.pop(0)].move(day, other)
        if other.cells:
            groups[OTHER] = other


def _amounts(event: Event, item: ItemFacts) -> list[tuple[int, float]]:
    """What an event adds, by quantity."""
    if event.type == "impression":
        worth = 1.0 if event.position is None else 1.0 / math.log2(2.0 + event.position)
        shown = [(_AT["impressions"], 1.0), (_AT["exposure"], worth)]
        if item.published is not None:
            age = max(0.0, event.at.timestamp() - item.published) / 3_600.0
            shown += [(_AT["dated"], 1.0), (_AT["age_hours"], age)]
        return shown
    if event.type == "click":
        return [(_AT["clicks"], 1.0)]
    if event.type in CONVERSIONS:
        return [(_AT["conversions"], 1.0)]
    if event.type == "rate" and event.value is not None:
        return [(_AT["ratings"], 1.0), (_AT["satisfied"], float(event.value >= SATISFIED))]
    return []


def published(payload: Mapping[str, object]) -> float | None:
    """Unix seconds of an item payload's ``published``; None where its owner gave none."""
    given = payload.get("published")
    return datetime.fromisoformat(given).timestamp() if isinstance(given, str) else None
