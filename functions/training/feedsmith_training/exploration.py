"""What a new ranker would have earned in the places that were left to chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from pydantic import Field

from feedsmith.errors import ValidationFailed
from feedsmith.models import Model
from feedsmith.ranking.base import Array, Ranker
from feedsmith.ranking.features import feature_matrix
from feedsmith_training.log import ImpressionLog, Rows
from feedsmith_training.offpolicy import (
    Diagnostics,
    Estimate,
    cross_fit,
    diagnose,
    doubly_robust,
    from_slates,
    greedy,
    ips,
    snips,
)
from feedsmith_training.offpolicy.logged import Floats, LoggedDecisions
from feedsmith_training.replay import HalfLives, Replay

POOL_UNKNOWN = (
    "the items that could have got these places were not logged, so that nothing can be said of what another ranker "
    "would have put there"
)


class OffPolicy(Model):
    """Clicks per exploration place: as logged, and had the ranker filled it with its own best.

    ``places`` were left to chance, of which ``usable`` have a known pool. The estimates are None where there is
    nothing to estimate them from; ``note`` says why. Read ``diagnostics`` before any of them.
    """

    places: int = Field(ge=0)
    usable: int = Field(ge=0)
    note: str = ""
    logged: float | None = None
    ips: Estimate | None = None
    snips: Estimate | None = None
    doubly_robust: Estimate | None = None
    diagnostics: Diagnostics | None = None


def off_policy(
    log: ImpressionLog, ranker: Ranker, half_lives: HalfLives, *, start: int, pools: Mapping[int, Rows] | None = None
) -> OffPolicy | None:
    """Estimate the value of a ranker's first choice in each exploration place; None: no place was left to chance.

    Parameters
    ----------
    log
        All slates, clickless ones included: they are what most exploration brings.
    start
        Number of the first slate to look at; earlier ones are only replayed.
    pools
        Number of the impression in the log -> rows that its places were filled from. Events carry none.
    """
    drawn = {
        number: int((impression.propensity < 1.0).sum())
        for number, impression in enumerate(log.impressions)
        if number >= start and (impression.propensity < 1.0).any()
    }
    if not drawn:
        return None
    known = {number: pool for number, pool in (pools or {}).items() if number in drawn}
    found = OffPolicy(places=sum(drawn.values()), usable=sum(drawn[number] for number in known))
    if not known:
        return found.model_copy(update={"note": POOL_UNKNOWN})
    try:
        logged = _decisions(log, known)
        terms = _terms(log, known, ranker, half_lives)
        of_members = np.stack([terms[slate][item] for slate, item in _members(logged)])
        return found.model_copy(update=_estimates(logged, of_members.astype(np.float64)))
    except ValidationFailed as error:  # too few slates, or none that agrees: there is no estimate, and that is all
        return found.model_copy(update={"note": error.detail})


def _estimates(logged: LoggedDecisions, terms: Floats) -> dict[str, object]:
    target = greedy(terms.sum(axis=1), logged.offsets)
    scale = np.maximum(terms.std(axis=0), 1e-9)
    folds = min(5, int(logged.units.max()) + 1)
    predicted = cross_fit(logged, terms / scale, folds=folds) if folds > 1 else np.zeros(len(terms))
    return {
        "logged": float(logged.reward.mean()),
        "ips": ips(logged, target),
        "snips": snips(logged, target),
        "doubly_robust": doubly_robust(logged, target, predicted),
        "diagnostics": diagnose(logged, target),
    }


def _decisions(log: ImpressionLog, pools: Mapping[int, Rows]) -> LoggedDecisions:
    slates = [(number, log.impressions[number]) for number in sorted(pools)]
    sizes = [len(impression.candidates) for _, impression in slates]
    return from_slates(
        np.repeat([number for number, _ in slates], sizes),
        np.concatenate([np.arange(size) for size in sizes]),
        np.concatenate([impression.candidates for _, impression in slates]),
        np.concatenate([impression.propensity for _, impression in slates]),
        np.concatenate([impression.clicked for _, impression in slates]),
        {number: pool.tolist() for number, pool in pools.items()},
    )


def _members(logged: LoggedDecisions) -> list[tuple[int, int]]:
    """Slate and item of each pool member."""
    slates = np.repeat(logged.context, logged.sizes).tolist()
    return list(zip(slates, logged.items.tolist(), strict=True))


def _terms(
    log: ImpressionLog, pools: Mapping[int, Rows], ranker: Ranker, half_lives: HalfLives
) -> dict[int, dict[int, Array]]:
    """Impression -> item of its pool -> the terms of its score just before the impression."""
    replay, found = Replay(log.catalogue, half_lives), {}
    for number, impression in enumerate(log.impressions):
        if (pool := pools.get(number)) is not None:
            features = feature_matrix(replay.signals(replace(impression, candidates=pool)), ranker.space)
            found[number] = dict(zip(pool.tolist(), ranker.terms(features).contributions, strict=True))
        replay.absorb(impression)
    return found
