"""The feature matrix: what a candidate and its reader have in common, one number per feature.

==============  ==========  ========  ==========================================================================
feature         group       range     meaning
==============  ==========  ========  ==========================================================================
taste           content     [-1, 1]   cosine of the item and the reader's taste
interest        content     [-1, 1]   cosine of the item and the nearest of the reader's interests
topics          content     [0, 1]    sum over topics of the reader's share times the item's score
similar_users   social      [0, 1)    s / (s + 2), s: similar users who liked the item, weighted by similarity
segment         social      [0, 1]    share of the reader's segment that liked the item
popularity      popularity  [0, 1)    p / (p + 4), p = log2(1 + m), m: decayed mass of the item's events now
freshness       freshness   [0, 1]    2^(-age / half-life)
query           context     [-1, 1]   cosine of the item and the search text; 0 without one
disliked        content     [0, 1]    cosine of the item and the nearest newly disliked item, at least 0
==============  ==========  ========  ==========================================================================

All are pure numbers without a unit. What is not known of a reader or an item counts 0. The same function serves
requests and makes training data, so that both see the same numbers; it does no input or output.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feedsmith.models import TermGroup
from feedsmith.ranking.base import Features

GROUPS: dict[str, TermGroup] = {
    "taste": "content",
    "interest": "content",
    "topics": "content",
    "similar_users": "social",
    "segment": "social",
    "popularity": "popularity",
    "freshness": "freshness",
    "query": "context",
    "disliked": "content",
}
"""Feature -> group, in the order of the matrix's columns."""

# Where a saturating feature reaches one half: two like-minded users; log2(1 + m) = 4, that is, 15 clicks just now.
_HALF_SIMILAR = 2.0
_HALF_POPULAR = 4.0

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Signals:
    """What the features of n candidates for one reader are computed from.

    Item side: ``vectors`` (n, d) of unit length; ``topics`` (n, t) scores in [0, 1]; ``trend`` (n,) float64, log2 of
    forward-decayed mass (:class:`feedsmith.models.ItemStats`), -inf where never counted; ``fresh`` (n,) float64, unix
    seconds of publication.

    Reader side: ``taste`` and ``query`` (1, d) or (0, d); ``interests`` (k, d), k >= 0; ``disliked`` (m, d), m >= 0,
    all rows of unit length; ``shares`` (t,) topic shares; ``similarity`` (u,) cosines of similar users in (0, 1].

    Both: ``liked`` (n, u), how much each similar user liked each candidate, in [0, 1]; ``segment`` (n,), the share
    of the reader's segment that liked it, in [0, 1].

    ``now``: unix seconds. Half-lives: hours, those of the domain.
    """

    vectors: Array
    topics: Array
    trend: npt.NDArray[np.float64]
    fresh: npt.NDArray[np.float64]
    taste: Array
    query: Array
    interests: Array
    disliked: Array
    shares: Array
    similarity: Array
    liked: Array
    segment: Array
    now: float
    trend_half_life_hours: float
    freshness_half_life_hours: float


def feature_matrix(signals: Signals) -> Features:
    """All features of all candidates, shape (n, f), columns as in ``GROUPS``."""
    columns = (
        _nearest(signals.vectors, signals.taste),
        _nearest(signals.vectors, signals.interests),
        signals.topics @ signals.shares,
        _saturate(signals.liked @ signals.similarity, _HALF_SIMILAR),
        signals.segment,
        popularity(signals.trend, signals.now, signals.trend_half_life_hours),
        freshness(signals.fresh, signals.now, signals.freshness_half_life_hours),
        _nearest(signals.vectors, signals.query),
        np.maximum(_nearest(signals.vectors, signals.disliked), 0.0),
    )
    return Features(tuple(GROUPS), tuple(GROUPS.values()), np.column_stack(columns).astype(np.float32))


def popularity(trend: npt.NDArray[np.float64], now: float, half_life_hours: float) -> npt.NDArray[np.float64]:
    """Popularity in [0, 1) of items with these log2 masses, at the unix time ``now``."""
    log2_mass = trend - now / (half_life_hours * 3600.0)
    return _saturate(np.logaddexp2(0.0, log2_mass), _HALF_POPULAR)  # log2(1 + 2^x), which cannot overflow


def freshness(fresh: npt.NDArray[np.float64], now: float, half_life_hours: float) -> npt.NDArray[np.float64]:
    """Freshness in [0, 1]: 1 when published now (or later), 0.5 after one half-life."""
    age = np.maximum(now - fresh, 0.0) / 3600.0
    return np.asarray(np.exp2(-age / half_life_hours))


def _nearest(vectors: Array, anchors: Array) -> Array:
    """Cosine with the nearest of the anchors, shape (n,); 0 without anchors."""
    if not len(anchors):
        return np.zeros(len(vectors), dtype=np.float32)
    return np.asarray((vectors @ anchors.T).max(axis=1))


def _saturate(amount: npt.NDArray[np.floating], half: float) -> npt.NDArray[np.float64]:
    return np.asarray(amount / (amount + half), dtype=np.float64)
