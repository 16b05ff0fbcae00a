"""The feature matrix: what a candidate and its reader have in common, one number per feature.

Terms are what a score is a sum of, and what reasons speak of; each feature belongs to one term, each term to one
group. ``FEATURES`` is the table. All are pure numbers; what is not known of a reader or an item counts 0, or as the
formula has it for nothing at all. Natural logarithms. "Recent" is decayed with the domain's trend half-life, "total" is
not.

======================  =============  ===========================================================================
feature                 term           meaning
======================  =============  ===========================================================================
taste                   taste          cosine of the item and the reader's taste
interest                interest       cosine of the item and the nearest of the reader's interests
history_mean            interest       cosine with the mean of the history
history_recent          interest       the same, the k-th newest weighing exp(-k / 10)
history_top_1 .. 20     interest       mean of the 1, 3, 5, 10, 20 largest cosines with items of the history
history_attention_5 ..  interest       softmax-weighted mean of these cosines, sharpness 5, 10, 20
history_density         interest       log of the kernel density exp((cosine - 1) / 0.2) of the history at the item
projected_1_mean ..     interest       as history_mean, in the first learned projection; so for the second and third
projected_1_recent      interest       as history_recent, in the projection
projected_1_top_1, _5   interest       as history_top, in the projection
projected_1_attention   interest       as history_attention, sharpness 4, in the projection
projected_1_average     interest       mean of the cosines in the projection
topics                  topics         sum over topics of the reader's share times the item's score
topic_recent            topics         the same with the shares of the newest items, the k-th weighing exp(-k / 10)
topic_lift              topics         log of the reader's share over everybody's, shrunk by 5 items
disliked                disliked       cosine of the item and the nearest newly disliked item, at least 0
similar_users           similar_users  s / (s + 2), s: similar users who liked the item, weighted by similarity
similar_users_lift      similar_users  log of s over what the item's clicks let expect, shrunk by 0.2
segment                 segment        share of the reader's segment that liked the item
popularity              popularity     p / (p + 4), p = log2(1 + m), m: decayed mass of the item's events now
lift_recent, _total     popularity     log of clicks over expected clicks, shrunk by 2 of each
clicks_recent, _total   popularity     log(1 + clicks)
shown_recent, _total    popularity     log(1 + impressions)
near_lift_recent, ..    popularity     as lift, over the item and trending ones, weight exp((cosine - 1) / 0.1)
wide_lift_recent, ..    popularity     the same, weight exp((cosine - 1) / 0.25)
topic_lift_recent, ..   popularity     the same, weighted by common topics, shrunk by 5
near_shown, wide_shown  popularity     log(1 + recent impressions) over the same neighbourhoods
topic_shown             popularity     the same over common topics
freshness               freshness      2^(-age / half-life), age since publication
age                     freshness      log(1 + hours since it was shown first)
unseen                  freshness      1 if it was never shown
pace                    freshness      log(1 + impressions per hour since then)
rise                    freshness      log of recent over total impressions, shrunk by 0.5 and 1
query                   query          cosine of the item and the search text; 0 without one
crowd_near, crowd_wide  crowd          log of the mean kernel between the item and all candidates (0.1 and 0.25)
crowd_topic             crowd          log of the mean topic overlap with all candidates
======================  =============  ===========================================================================

The same function serves requests and makes training data, so that both see the same numbers; it does no input or
output. A feature looks at no other candidate, but for those of the term ``crowd``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from feedsmith.models import TermGroup
from feedsmith.ranking.base import PROJECTIONS, Features, FeatureSpace

Array = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

GROUPS: Mapping[str, TermGroup] = MappingProxyType({
    "taste": "content",
    "interest": "content",
    "topics": "content",
    "disliked": "content",
    "similar_users": "social",
    "segment": "social",
    "popularity": "popularity",
    "freshness": "freshness",
    "query": "context",
    "crowd": "context",
})  # fmt: skip
"""Term -> group. Each term's first feature has its name, or is what stands for it."""

HORIZONS = ("recent", "total")

# Where a saturating feature reaches one half: two like-minded users; log2(1 + m) = 4, that is, 15 clicks just now.
_HALF_SIMILAR = 2.0
_HALF_POPULAR = 4.0
# Pseudo-clicks, expected as often as made, that shrink a lift to 0 where little is known.
_SHRINK, _SHRINK_TOPIC, _SHRINK_SOCIAL, _SHRINK_SHARE = 2.0, 5.0, 0.2, 5.0
_NEAR, _WIDE, _DENSITY = 0.1, 0.25, 0.2
_RECENT_ITEMS = 10.0


@dataclass(frozen=True, slots=True)
class Activity:
    """What n items have had from everybody until now; columns as in ``HORIZONS``.

    ``clicks``, ``exposure``, ``shown``: (n, 2), float64, at least 0. ``exposure`` sums the examination weights of the
    item's impressions (position discounts), ``shown`` counts them. ``first``: (n,), float64, unix seconds of the first
    impression, NaN where there was none.
    """

    clicks: Doubles
    exposure: Doubles
    shown: Doubles
    first: Doubles


@dataclass(frozen=True, slots=True)
class Signals:
    """What the features of n candidates for one reader are computed from.

    Item side: ``vectors`` (n, d) of unit length; ``topics`` (n, t) scores in [0, 1] of all the domain's topics;
    ``trend`` (n,) float64, log2 of forward-decayed mass (:class:`feedsmith.models.ItemStats`), -inf where never
    counted; ``fresh`` (n,) float64, unix seconds of publication; ``activity`` of the candidates.

    Trending items: ``trending_vectors`` (p, d), ``trending_topics`` (p, t), ``trending_activity``,
    ``trending_liked`` (p, u); ``same`` (n, p) bool, whether a candidate is that item.

    Reader side: ``taste`` and ``query`` (1, d) or (0, d); ``interests`` (k, d); ``history`` (m, d) liked items,
    newest first; ``history_topics`` (m, t); ``disliked`` (m', d), all rows of unit length; ``shares`` (t,) topic
    shares; ``similarity`` (u,) cosines of similar users in (0, 1].

    Both: ``liked`` (n, u), how much each similar user liked each candidate, in [0, 1]; ``segment`` (n,), the share
    of the reader's segment that liked it, in [0, 1].

    ``now``: unix seconds. Half-lives: hours, those of the domain.
    """

    vectors: Array
    topics: Array
    trend: Doubles
    fresh: Doubles
    activity: Activity
    trending_vectors: Array
    trending_topics: Array
    trending_activity: Activity
    trending_liked: Array
    same: npt.NDArray[np.bool_]
    taste: Array
    query: Array
    interests: Array
    history: Array
    history_topics: Array
    disliked: Array
    shares: Array
    similarity: Array
    liked: Array
    segment: Array
    now: float
    trend_half_life_hours: float
    freshness_half_life_hours: float


def feature_matrix(signals: Signals, space: FeatureSpace) -> Features:
    """All features of all candidates, shape (n, f), columns as in ``FEATURES``."""
    columns = {
        **_content(signals, space),
        **_social(signals),
        **_popular(signals, space),
        **_fresh(signals),
        **_context(signals),
    }
    return Features(
        tuple(FEATURES),
        tuple(FEATURES.values()),
        np.column_stack([columns[name] for name in FEATURES]).astype(np.float32),
        history=len(signals.history),
    )


def popularity(trend: Doubles, now: float, half_life_hours: float) -> Doubles:
    """Popularity in [0, 1) of items with these log2 masses, at the unix time ``now``."""
    log2_mass = trend - now / (half_life_hours * 3600.0)
    return _saturate(np.logaddexp2(0.0, log2_mass), _HALF_POPULAR)  # log2(1 + 2^x), which cannot overflow


def freshness(fresh: Doubles, now: float, half_life_hours: float) -> Doubles:
    """Freshness in [0, 1]: 1 when published now (or later), 0.5 after one half-life."""
    age = np.maximum(now - fresh, 0.0) / 3600.0
    return np.asarray(np.exp2(-age / half_life_hours))


def _content(s: Signals, space: FeatureSpace) -> dict[str, npt.NDArray[np.floating]]:
    n, m = len(s.vectors), len(s.history)
    prior = space.prior(s.topics.shape[1])
    found: dict[str, npt.NDArray[np.floating]] = dict.fromkeys(_HISTORY, np.zeros(n))
    found |= {
        "taste": _nearest(s.vectors, s.taste),
        "interest": _nearest(s.vectors, s.interests),
        "topics": s.topics @ s.shares,
        "disliked": np.maximum(_nearest(s.vectors, s.disliked), 0.0),
    }
    if not m:
        return found
    weights = np.exp(-np.arange(m) / _RECENT_ITEMS)
    cosines = s.vectors @ s.history.T
    found |= _to_history("history", s.vectors, s.history, weights)
    found |= {f"history_top_{k}": _top(cosines, k) for k in (1, 3, 5, 10, 20)}
    found |= {f"history_attention_{k}": _attention(cosines, k) for k in (5, 10, 20)}
    found["history_density"] = np.log(np.exp((cosines - 1.0) / _DENSITY) @ weights + 0.01)
    for number, projection in enumerate(space.projections, 1):
        items = _unit(np.hstack([s.vectors, s.topics]) @ projection)
        history = _unit(np.hstack([s.history, s.history_topics]) @ projection)
        cosines, name = items @ history.T, f"projected_{number}"
        found |= _to_history(name, items, history, weights)
        found |= {f"{name}_top_{k}": _top(cosines, k) for k in (1, 5)}
        found |= {f"{name}_attention": _attention(cosines, 4), f"{name}_average": cosines.mean(axis=1)}
    share = s.topics @ s.history_topics.sum(axis=0)
    usual = s.topics @ prior + 1e-3
    found["topic_lift"] = np.log((share / usual + _SHRINK_SHARE) / (m + _SHRINK_SHARE))
    found["topic_recent"] = s.topics @ (weights @ s.history_topics) / weights.sum()
    return found


def _to_history(name: str, items: Array, history: Array, weights: Doubles) -> dict[str, npt.NDArray[np.floating]]:
    mean, recent = history.sum(axis=0), weights.astype(np.float32) @ history
    return {f"{name}_mean": items @ _unit(mean), f"{name}_recent": items @ _unit(recent)}


def _social(s: Signals) -> dict[str, npt.NDArray[np.floating]]:
    liked, trending = s.liked @ s.similarity, s.trending_liked @ s.similarity
    # What these users would have liked had they the taste of everybody: in proportion to an item's clicks.
    clicks = s.trending_activity.clicks[:, 1].sum()
    rate = trending.sum() / clicks if clicks else 0.0
    expected = rate * s.activity.clicks[:, 1]
    return {
        "similar_users": _saturate(liked, _HALF_SIMILAR),
        "similar_users_lift": np.log((liked + _SHRINK_SOCIAL) / (expected + _SHRINK_SOCIAL)),
        "segment": s.segment,
    }


def _popular(s: Signals, space: FeatureSpace) -> dict[str, npt.NDArray[np.floating]]:
    own, trending, other = s.activity, s.trending_activity, ~s.same
    cosines = s.vectors @ s.trending_vectors.T
    kernels = {
        "near": (np.exp((cosines - 1.0) / _NEAR) * other, _SHRINK),
        "wide": (np.exp((cosines - 1.0) / _WIDE) * other, _SHRINK),
        "topic": ((s.topics @ s.trending_topics.T) * other, _SHRINK_TOPIC),
    }
    found: dict[str, npt.NDArray[np.floating]] = {"popularity": popularity(s.trend, s.now, s.trend_half_life_hours)}
    for column, horizon in enumerate(HORIZONS):
        clicks, expected = own.clicks[:, column], space.base_rate * own.exposure[:, column]
        found[f"lift_{horizon}"] = np.log((clicks + _SHRINK) / (expected + _SHRINK))
        found[f"clicks_{horizon}"] = np.log1p(clicks)
        found[f"shown_{horizon}"] = np.log1p(own.shown[:, column])
        for name, (kernel, shrink) in kernels.items():
            near_clicks = clicks + kernel @ trending.clicks[:, column]
            near_expected = expected + space.base_rate * (kernel @ trending.exposure[:, column])
            found[f"{name}_lift_{horizon}"] = np.log((near_clicks + shrink) / (near_expected + shrink))
    for name, (kernel, _) in kernels.items():
        found[f"{name}_shown"] = np.log1p(own.shown[:, 0] + kernel @ trending.shown[:, 0])
    return found


def _fresh(s: Signals) -> dict[str, npt.NDArray[np.floating]]:
    unseen = np.isnan(s.activity.first)
    hours = np.where(unseen, 0.0, np.maximum(s.now - s.activity.first, 0.0) / 3600.0)
    recent, total = s.activity.shown.T
    return {
        "freshness": freshness(s.fresh, s.now, s.freshness_half_life_hours),
        "age": np.log1p(hours),
        "unseen": unseen.astype(np.float64),
        "pace": np.log1p(total / (hours + 1.0)),
        "rise": np.log((recent + 0.5) / (total + 1.0)),
    }


def _context(s: Signals) -> dict[str, npt.NDArray[np.floating]]:
    cosines = s.vectors @ s.vectors.T
    return {
        "query": _nearest(s.vectors, s.query),
        "crowd_near": np.log(np.exp((cosines - 1.0) / _NEAR).mean(axis=1)),
        "crowd_wide": np.log(np.exp((cosines - 1.0) / _WIDE).mean(axis=1)),
        "crowd_topic": np.log((s.topics @ s.topics.mean(axis=0)) + 1e-3),
    }


def _nearest(vectors: Array, anchors: Array) -> Array:
    """Cosine with the nearest of the anchors, shape (n,); 0 without anchors."""
    if not len(anchors):
        return np.zeros(len(vectors), dtype=np.float32)
    return np.asarray((vectors @ anchors.T).max(axis=1))


def _top(cosines: Array, k: int) -> Array:
    """Mean of each row's k largest values, or of all where there are fewer; shape (n,)."""
    k = min(k, cosines.shape[1])
    return np.asarray(np.partition(cosines, -k, axis=1)[:, -k:].mean(axis=1))


def _attention(cosines: Array, sharpness: float) -> Array:
    weights = np.exp(cosines * sharpness)
    return np.asarray((weights * cosines).sum(axis=1) / weights.sum(axis=1))


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9), dtype=np.float32)


def _saturate(amount: npt.NDArray[np.floating], half: float) -> Doubles:
    return np.asarray(amount / (amount + half), dtype=np.float64)


_HISTORY = (
    "history_mean", "history_recent", "history_top_1", "history_top_3", "history_top_5", "history_top_10",
    "history_top_20", "history_attention_5", "history_attention_10", "history_attention_20", "history_density",
    *(
        f"projected_{number}_{name}"
        for number in range(1, PROJECTIONS + 1)
        for name in ("mean", "recent", "top_1", "top_5", "attention", "average")
    ),
    "topic_recent", "topic_lift",
)  # fmt: skip

FEATURES: Mapping[str, str] = MappingProxyType({
    "taste": "taste",
    "interest": "interest",
    **dict.fromkeys(_HISTORY[:-2], "interest"),
    "topics": "topics",
    "topic_recent": "topics",
    "topic_lift": "topics",
    "disliked": "disliked",
    "similar_users": "similar_users",
    "similar_users_lift": "similar_users",
    "segment": "segment",
    "popularity": "popularity",
    **{f"{name}_{horizon}": "popularity" for name in ("lift", "clicks", "shown") for horizon in HORIZONS},
    **{f"{name}_lift_{horizon}": "popularity" for name in ("near", "wide", "topic") for horizon in HORIZONS},
    "near_shown": "popularity",
    "wide_shown": "popularity",
    "topic_shown": "popularity",
    "freshness": "freshness",
    "age": "freshness",
    "unseen": "freshness",
    "pace": "freshness",
    "rise": "freshness",
    "query": "query",
    "crowd_near": "crowd",
    "crowd_wide": "crowd",
    "crowd_topic": "crowd",
})  # fmt: skip
"""Feature -> term, in the order of the matrix's columns."""
