"""From candidates and their reader to the arrays that the features are computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from feedsmith.models import NO_ACTIVITY, ItemActivity, Profile
from feedsmith.ranking.features import Activity, Signals
from feedsmith.ranking.retrieval import Candidate, Neighbour, Reader, Request
from feedsmith.stores.vectors import Hit, Payload


def topic_scores(payload: Payload) -> dict[str, float]:
    """An item's topics and their scores in [0, 1], best first."""
    scores: dict[str, float] = payload["scores"]
    return scores


def signals_of(candidates: Sequence[Candidate], trending: Sequence[Hit], reader: Reader, request: Request) -> Signals:
    """Arrays of at least one candidate; see :class:`~feedsmith.ranking.features.Signals` for their shapes.

    ``trending`` are the domain's trending items, with their vectors.
    """
    profile, neighbours, domain = reader.profile, reader.neighbours, request.domain
    vectors = np.stack([c.vector for c in candidates]).astype(np.float32, copy=False)
    dimension = vectors.shape[1]
    now, half_life = request.now.timestamp(), domain.trend_half_life_hours * 3_600.0
    keys, trending_keys = [c.key for c in candidates], [hit.key for hit in trending]

    def rows(found: Sequence[npt.ArrayLike | None]) -> npt.NDArray[np.float32]:
        return np.asarray(found, dtype=np.float32).reshape(-1, dimension)

    def topics(items: Sequence[Mapping[str, float]]) -> npt.NDArray[np.float32]:
        table = [[scores.get(topic, 0.0) for topic in domain.taxonomy] for scores in items]
        return np.array(table, dtype=np.float32).reshape(-1, len(domain.taxonomy))

    segment_liked = reader.segment.liked if reader.segment is not None else {}
    return Signals(
        vectors=vectors,
        topics=topics([topic_scores(c.payload) for c in candidates]),
        trend=np.array([c.payload.get("trend", -np.inf) for c in candidates], dtype=np.float64),
        fresh=np.array([c.payload["fresh"] for c in candidates], dtype=np.float64),
        activity=_activity([c.payload for c in candidates], now / half_life),
        trending_vectors=rows([hit.vector for hit in trending]),
        trending_topics=topics([topic_scores(hit.payload) for hit in trending]),
        trending_activity=_activity([hit.payload for hit in trending], now / half_life),
        trending_liked=_liked(trending_keys, neighbours),
        same=_same(keys, trending_keys),
        taste=rows([profile.taste] if profile is not None and profile.taste else []),
        query=rows([request.query] if request.query is not None else []),
        interests=rows([interest.vector for interest in profile.interests] if profile is not None else []),
        history=_history(profile, dimension),
        history_topics=topics([item.topics for item in profile.history] if profile is not None else []),
        disliked=rows([hit.vector for hit in reader.disliked if hit.vector is not None]),
        shares=topics([profile.topics if profile is not None else {}])[0],
        similarity=np.array([n.similarity for n in neighbours], dtype=np.float32),
        liked=_liked(keys, neighbours),
        segment=np.array([segment_liked.get(key, 0.0) for key in keys], dtype=np.float32),
        now=now,
        trend_half_life_hours=domain.trend_half_life_hours,
        freshness_half_life_hours=domain.freshness_half_life_hours,
    )


def _activity(payloads: Sequence[Payload], now: float) -> Activity:
    """``now`` in half-lives since 1970."""
    # Absent from what was stored by earlier versions; None becomes NaN.
    table = np.array([payload.get("activity", NO_ACTIVITY) for payload in payloads], dtype=np.float64)
    recent, total, (first,) = np.split(table.reshape(-1, len(ItemActivity._fields)).T, (3, 6))
    decayed = np.exp2(np.where(np.isnan(recent), -np.inf, recent - now))
    clicks, exposure, shown = np.stack([decayed, total], axis=-1)
    return Activity(clicks, exposure, shown, first)


def _history(profile: Profile | None, dimension: int) -> npt.NDArray[np.float32]:
    packed = profile.history_vectors if profile is not None else b""
    return np.frombuffer(packed, dtype=np.float16).astype(np.float32).reshape(-1, dimension)


def _same(keys: Sequence[str], others: Sequence[str]) -> npt.NDArray[np.bool_]:
    columns = {key: column for column, key in enumerate(others)}
    same = np.zeros((len(keys), len(others)), dtype=np.bool_)
    for row, key in enumerate(keys):
        if key in columns:
            same[row, columns[key]] = True
    return same


def _liked(keys: Sequence[str], neighbours: Sequence[Neighbour]) -> npt.NDArray[np.float32]:
    rows = {key: row for row, key in enumerate(keys)}
    liked = np.zeros((len(keys), len(neighbours)), dtype=np.float32)
    for column, neighbour in enumerate(neighbours):
        for key, weight in neighbour.liked.items():
            if key in rows:
                liked[rows[key], column] = weight
    return liked
