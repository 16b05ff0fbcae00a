"""feedsmith's own events, read into a log: slates, their clicks, and what each reader had liked before."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from pydantic import ValidationError

from feedsmith.content.understanding import LEAD_CHARACTERS, embedded_text
from feedsmith.domains.loader import Domain
from feedsmith.errors import InvalidRequest
from feedsmith.models import Event, IndexedItem
from feedsmith.profiles.build import MAX_HALF_LIVES, decayed_weights
from feedsmith.stores.export import ExportedItem
from feedsmith.stores.vectors import Vector
from feedsmith_training.log import Catalogue, Impression, ImpressionLog

CLICK_WINDOW_S = 1800.0
"""A click that names no slate answers the impression before it, if that is no older."""

HISTORY_LENGTH = 200
"""Newest interactions that make a history; the default of ``FEEDSMITH_HISTORY_LENGTH``."""

# Reasons of what is left out.
UNREADABLE_EVENT = "line that is no event"
UNREADABLE_ITEM = "line that is no exported item"
UNKNOWN = "event on an unknown item"
REPEATED = "item shown twice in one slate"
OUTSIDE = "click on an item that its slate did not show"
ONE_CANDIDATE = "slate with fewer than two items"
NO_CLICK = "slate without a click"
ALL_CLICKED = "slate with nothing but clicks"

_SlateKey: TypeAlias = tuple[str, int]
"""Slate id and 0, or no id and the second that its items were shown in."""


def read_events(events: Path, items: Path, domain: Domain) -> ImpressionLog:
    """Read an export of events and one of items.

    Parameters
    ----------
    events, items
        What ``feedsmith export events`` and ``feedsmith export items`` wrote.
    domain
        Whose items the log is about.

    Raises
    ------
    InvalidRequest
        Nothing of a file can be used, or its vectors are of several embedders; the message counts why.
    OSError
        A file cannot be opened.
    """
    left_out: Counter[str] = Counter()
    exported = list(_exported(items, left_out))
    embedders = sorted({line.embedder for line in exported})
    if len(embedders) != 1:
        raise InvalidRequest(
            f"{items} needs items of one embedder, but has {', '.join(embedders) or 'no item'} "
            f"({_counted(left_out)}): write it with `feedsmith export items`"
        )
    known = ((line.indexed, np.asarray(line.vector, dtype=np.float32)) for line in exported)
    catalogues = catalogues_of(known, embedders[0], [domain])
    if domain.name not in catalogues:
        raise InvalidRequest(f"{items} has no item of {domain.name}, but of {', '.join(sorted(catalogues))}")
    log = log_of(_events(events, left_out), catalogues, domain)
    found = trainable(replace(log, left_out=log.left_out + left_out))
    if not len(found):
        raise InvalidRequest(
            f"{events} has no slate of {domain.name} that can be used ({_counted(found.left_out)}): send impressions "
            "with slate_id and position, and the clicks that answer them"
        )
    return found


def catalogues_of(
    items: Iterable[tuple[IndexedItem, Vector]], embedder: str, domains: Iterable[Domain]
) -> dict[str, Catalogue]:
    """Catalogues by domain, each domain's topics in the order of its taxonomy; one for each domain there is an item of.

    ``published`` is when an item was indexed, where it has no time of publication. Items of other domains than
    ``domains`` are known by their ids alone.
    """
    rules = {domain.name: domain for domain in domains}
    held: dict[str, list[tuple[IndexedItem, Vector]]] = defaultdict(list)
    for indexed, vector in items:
        # Bodies are the bulk of a catalogue, and the lead is all that was embedded.
        lead = indexed.item.model_copy(update={"body": indexed.item.body[:LEAD_CHARACTERS]})
        held[lead.domain].append((indexed.model_copy(update={"item": lead}), vector))
    return {name: _catalogue(found, embedder, rules.get(name)) for name, found in held.items()}


def log_of(
    events: Iterable[tuple[str, Event]],
    catalogues: Mapping[str, Catalogue],
    domain: Domain,
    *,
    history_length: int = HISTORY_LENGTH,
) -> ImpressionLog:
    """All slates of a domain, in order of the time of their first impression; clickless and single ones included.

    Impressions of one user that name the same slate are one; so are those without a slate within the same second.
    Candidates are in order of position. Clicked is what got an event of positive weight that names the slate, or that
    names none known and follows the impression within ``CLICK_WINDOW_S``; of several impressions the last.

    Parameters
    ----------
    events
        User and event, in any order; a user's event that comes twice counts once.
    catalogues
        As :func:`catalogues_of` makes them, all domains of the tenant.
    domain
        Whose slates are wanted; events on items of other domains are passed over.
    history_length
        Newest interactions before a slate, of any domain, that make its history.
    """
    catalogue = catalogues[domain.name]
    rows = {key: row for row, key in enumerate(catalogue.ids)}
    elsewhere = {key for name, other in catalogues.items() if name != domain.name for key in other.ids}
    left_out: Counter[str] = Counter()
    by_user: dict[str, dict[str, Event]] = defaultdict(dict)
    for user, event in events:
        if event.item_id not in rows and event.item_id not in elsewhere:
            left_out[UNKNOWN] += 1
        else:
            by_user[user].setdefault(event.identity, event)
    found: list[Impression] = []
    for number, own in enumerate(by_user.values()):
        found += _Reader(number, own.values(), rows, domain, history_length, left_out).impressions()
    found.sort(key=lambda impression: (impression.at, impression.user))
    return ImpressionLog(_published_by_then(catalogue, found), tuple(found), left_out)


def trainable(log: ImpressionLog) -> ImpressionLog:
    """The slates that rank something: two items at least, some clicked and some not. The others are counted."""
    left_out, kept = Counter(log.left_out), []
    for impression in log.impressions:
        if reason := unusable(impression):
            left_out[reason] += 1
        else:
            kept.append(impression)
    return ImpressionLog(log.catalogue, tuple(kept), left_out)


def unusable(impression: Impression) -> str | None:
    """Why a slate ranks nothing; None: it does."""
    if len(impression.candidates) < 2:
        return ONE_CANDIDATE
    if not impression.clicked.any():
        return NO_CLICK
    return ALL_CLICKED if impression.clicked.all() else None


class _Reader:
    """One user's slates."""

    def __init__(
        self, number: int, events: Collection[Event], rows: Mapping[str, int], domain: Domain,
        history_length: int, left_out: Counter[str],
    ) -> None:  # fmt: skip
        self._number = number
        self._rows = rows
        self._domain = domain
        self._history_length = history_length
        self._left_out = left_out
        in_time = sorted(events, key=lambda event: (event.at, event.identity))
        self._acted = [event for event in in_time if event.type != "impression"]
        self._times = [event.at.timestamp() for event in self._acted]
        self._slates: dict[_SlateKey, dict[str, Event]] = defaultdict(dict)
        for event in in_time:
            if event.type == "impression" and event.item_id in rows:
                slate = self._slates[_slate_key(event)]
                left_out[REPEATED] += event.item_id in slate
                slate.setdefault(event.item_id, event)
        self._histories: dict[int, tuple[list[int], list[float], float]] = {}

    def impressions(self) -> Iterator[Impression]:
        clicks = self._clicks()
        for key, shown in self._slates.items():
            yield self._impression(sorted(shown.values(), key=_place), clicks[key])

    def _impression(self, shown: list[Event], clicked: set[str]) -> Impression:
        at = min(event.at.timestamp() for event in shown)
        history, weights, newest = self._history(bisect_left(self._times, at))
        half_lives = min((at - newest) / (self._domain.history_half_life_days * 86_400.0), MAX_HALF_LIVES)
        exposure = [1.0 if event.position is None else 1.0 / math.log2(2.0 + event.position) for event in shown]
        return Impression(
            user=self._number,
            at=at,
            history=np.array(history, dtype=np.intp),
            history_weights=np.array(weights, dtype=np.float64) * 2.0**-half_lives,
            candidates=np.array([self._rows[event.item_id] for event in shown], dtype=np.intp),
            clicked=np.array([event.item_id in clicked for event in shown], dtype=np.bool_),
            exposure=np.array(exposure, dtype=np.float64),
            propensity=np.array([event.propensity or 1.0 for event in shown], dtype=np.float64),
        )

    def _history(self, before: int) -> tuple[list[int], list[float], float]:
        """Rows of what was liked in the first ``before`` interactions, newest first; weights, and as of when."""
        if before not in self._histories:
            newest = self._acted[max(0, before - self._history_length) : before]
            known = [event for event in newest if event.item_id in self._rows]
            liked = {item: weight for item, weight in decayed_weights(self._domain, known).items() if weight > 0}
            as_of = known[-1].at.timestamp() if known else 0.0
            self._histories[before] = [self._rows[item] for item in liked], list(liked.values()), as_of
        return self._histories[before]

    def _clicks(self) -> dict[_SlateKey, set[str]]:
        """Clicked items by slate."""
        places: dict[str, list[tuple[float, _SlateKey]]] = defaultdict(list)
        for key, slate in self._slates.items():
            for item, event in slate.items():
                places[item].append((event.at.timestamp(), key))
        clicked: dict[_SlateKey, set[str]] = defaultdict(set)
        for event, at in zip(self._acted, self._times, strict=True):
            if event.item_id not in self._rows or self._domain.weight(event.type, event.value) <= 0:
                continue
            named = (event.slate_id or "", 0)
            if event.slate_id is not None and named in self._slates:
                self._left_out[OUTSIDE] += event.item_id not in self._slates[named]
                clicked[named].add(event.item_id)
                continue
            before = [
                (shown, key)
                for shown, key in places[event.item_id]
                # One that names a slate nobody logged answers no other slate that has a name.
                if 0.0 <= at - shown <= CLICK_WINDOW_S and (event.slate_id is None or not key[0])
            ]
            if before:
                clicked[max(before)[1]].add(event.item_id)
        return clicked


def _slate_key(event: Event) -> _SlateKey:
    return (event.slate_id, 0) if event.slate_id is not None else ("", math.floor(event.at.timestamp()))


def _place(event: Event) -> tuple[bool, int, float, str]:
    """Orders a slate: by position, then what has none by time."""
    return event.position is None, event.position or 0, event.at.timestamp(), event.item_id


def _catalogue(items: list[tuple[IndexedItem, Vector]], embedder: str, domain: Domain | None) -> Catalogue:
    names = tuple(domain.taxonomy) if domain is not None else ()
    column = {name: number for number, name in enumerate(names)}
    topics = np.zeros((len(items), len(names)), dtype=np.float32)
    for row, (indexed, _) in enumerate(items):
        for topic in indexed.understanding.topics:
            if topic.name in column:
                topics[row, column[topic.name]] = topic.score
    return Catalogue(
        ids=tuple(indexed.item.id for indexed, _ in items),
        texts=tuple(embedded_text(indexed.item) for indexed, _ in items),
        vectors=np.stack([vector for _, vector in items]).astype(np.float32, copy=False),
        embedder=embedder,
        topics=topics,
        topic_names=names,
        published=np.array([(indexed.item.published_at or indexed.indexed_at).timestamp() for indexed, _ in items]),
        providers=tuple(indexed.item.provider for indexed, _ in items),
    )


def _published_by_then(catalogue: Catalogue, impressions: Iterable[Impression]) -> Catalogue:
    """What was shown was there: an item that was indexed again since is as old as its first impression."""
    published = catalogue.published.copy()
    for impression in impressions:
        published[impression.candidates] = np.minimum(published[impression.candidates], impression.at)
    return replace(catalogue, published=published)


def _events(path: Path, left_out: Counter[str]) -> Iterator[tuple[str, Event]]:
    for line in _lines(path):
        try:
            event = Event.model_validate_json(line)
        except ValidationError:
            left_out[UNREADABLE_EVENT] += 1
        else:
            yield event.user_id, event


def _exported(path: Path, left_out: Counter[str]) -> Iterator[ExportedItem]:
    for line in _lines(path):
        try:
            yield ExportedItem.model_validate_json(line)
        except ValidationError:
            left_out[UNREADABLE_ITEM] += 1


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from (line for line in file if line.strip())


def _counted(reasons: Counter[str]) -> str:
    return "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common()) or "it is empty"
