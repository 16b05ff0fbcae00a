"""What should be there after a run, computed from the events themselves, and how far what is there differs."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from feedsmith.bootstrap import Services
from feedsmith.models import Event, ItemStats, Profile
from feedsmith.profiles.build import KnownItems, build_profile
from feedsmith.profiles.interests import min_similarity_of
from feedsmith.stores import codec
from feedsmith_local.chaos.world import DOMAIN, TENANT, World

DIFFERENT = 1.0  # of a profile that is absent, or names other items


@dataclass(frozen=True, slots=True)
class Findings:
    """Events that were lost and counted twice, and the largest differences of numbers."""

    lost: int
    double_counted: int
    max_profile_error: float
    max_trend_error: float
    profiles: int


def audit(services: Services, world: World, known: KnownItems, now: datetime) -> Findings:
    """Compare stores with events. ``known``: the items as they were read before anything was posted."""
    expected = Counter((event.item_id, event.type) for event in world.events)
    by_item: dict[str, list[Event]] = defaultdict(list)
    by_user: dict[str, list[Event]] = defaultdict(list)
    for event in world.events:
        by_item[event.item_id].append(event)
        by_user[event.user_id].append(event)

    counters = services.ledger.counters(TENANT, list(known))
    counted = Counter({(key, kind): n for key, counter in counters.items() for kind, n in counter.counts.items()})
    shown = Counter(
        {
            (key, kind): n
            for key, hit in services.vectors().retrieve(TENANT, "items", list(known)).items()
            for kind, n in ItemStats.model_validate(hit.payload["stats"]).counts.items()
        }
    )
    should = {(services.pseudonym(TENANT, event.user_id), event.identity) for event in world.events}
    appended = {(user, event.identity) for user, event in services.ledger.events(TENANT)}
    lost = max(len(should - appended), (expected - counted).total(), (expected - shown).total())
    double = max(len(appended - should), (counted - expected).total(), (shown - expected).total())
    errors = [_profile_error(services, user, events, known, now) for user, events in by_user.items()]
    trends = [
        _difference(counters[key].trend if key in counters else None, _trend(services, events))
        for key, events in by_item.items()
    ]
    return Findings(lost, double, max(errors, default=0.0), max(trends, default=0.0), len(errors))


def _difference(one: float | None, other: float | None) -> float:
    if one is None or other is None:
        return 0.0 if one is other else DIFFERENT
    return abs(one - other)


def _trend(services: Services, events: Iterable[Event]) -> float | None:
    domain = services.domains[DOMAIN]
    half_life = domain.trend_half_life_hours * 3_600.0
    terms = [
        math.log2(weight) + event.at.timestamp() / half_life
        for event in events
        if (weight := domain.weight(event.type, event.value)) > 0
    ]
    if not terms:
        return None
    highest = max(terms)
    return highest + math.log2(math.fsum(2.0 ** (term - highest) for term in terms))


def _profile_error(services: Services, user: str, events: list[Event], known: KnownItems, now: datetime) -> float:
    interactions = [event for event in events if event.type != "impression"]
    if not interactions:
        return 0.0
    pseudonym = services.pseudonym(TENANT, user)
    should = build_profile(
        pseudonym,
        services.domains[DOMAIN],
        interactions,
        known,
        revision=0,
        now=now,
        min_similarity=min_similarity_of(services.settings.embedder),
    )
    key = codec.profile_key(pseudonym, DOMAIN)
    hit = services.vectors().retrieve(TENANT, "users", [key], with_vectors=True).get(key)
    return DIFFERENT if hit is None else profile_error(should, codec.profile_of(hit))


def profile_error(one: Profile, other: Profile) -> float:
    """The largest difference of any number; ``DIFFERENT`` where they name other items, topics or numbers of them."""
    if _names(one) != _names(other):
        return DIFFERENT
    pairs = [(_numbers(one), _numbers(other)), (_half(one), _half(other))]
    if any(len(left) != len(right) for left, right in pairs):
        return DIFFERENT
    return max(float(np.abs(left - right).max(initial=0.0)) for left, right in pairs)


def _names(profile: Profile) -> object:
    return (
        profile.interactions,
        profile.consumed,
        profile.disliked,
        profile.missing,
        sorted(profile.topics),
        sorted(profile.liked),
        [item.item_id for item in profile.history],
        [(interest.newest_item_id, interest.label, len(interest.vector)) for interest in profile.interests],
    )


def _numbers(profile: Profile) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(
        [
            *profile.taste,
            *(profile.topics[name] for name in sorted(profile.topics)),
            *(profile.liked[name] for name in sorted(profile.liked)),
            *(item.weight for item in profile.history),
            *(number for interest in profile.interests for number in (interest.weight, *interest.vector)),
        ]
    )


def _half(profile: Profile) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.frombuffer(profile.history_vectors, dtype=np.float16).astype(np.float64)
