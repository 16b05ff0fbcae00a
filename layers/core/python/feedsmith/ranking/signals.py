"""From candidates and their reader to the arrays that the features are computed from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from feedsmith.ranking.features import Signals
from feedsmith.ranking.retrieval import Candidate, Neighbour, Reader, Request
from feedsmith.stores.base import Payload


def topic_scores(payload: Payload) -> dict[str, float]:
    """An item's topics and their scores in [0, 1], best first."""
    scores: dict[str, float] = payload["scores"]
    return scores


def signals_of(candidates: Sequence[Candidate], reader: Reader, request: Request) -> Signals:
    """Arrays of at least one candidate; see :class:`~feedsmith.ranking.features.Signals` for their shapes."""
    profile, neighbours = reader.profile, reader.neighbours
    vectors = np.stack([c.vector for c in candidates]).astype(np.float32, copy=False)
    dimension = vectors.shape[1]

    def rows(found: Sequence[npt.ArrayLike]) -> npt.NDArray[np.float32]:
        return np.asarray(found, dtype=np.float32).reshape(-1, dimension)

    shares = profile.topics if profile is not None else {}
    scores = [topic_scores(c.payload) for c in candidates]
    segment_liked = reader.segment.liked if reader.segment is not None else {}
    return Signals(
        vectors=vectors,
        topics=np.array([[score.get(topic, 0.0) for topic in shares] for score in scores], dtype=np.float32),
        trend=np.array([c.payload.get("trend", -np.inf) for c in candidates], dtype=np.float64),
        fresh=np.array([c.payload["fresh"] for c in candidates], dtype=np.float64),
        taste=rows([profile.taste] if profile is not None and profile.taste else []),
        query=rows([request.query] if request.query is not None else []),
        interests=rows([interest.vector for interest in profile.interests] if profile is not None else []),
        disliked=rows([hit.vector for hit in reader.disliked if hit.vector is not None]),
        shares=np.array(list(shares.values()), dtype=np.float32),
        similarity=np.array([n.similarity for n in neighbours], dtype=np.float32),
        liked=_liked(candidates, neighbours),
        segment=np.array([segment_liked.get(c.key, 0.0) for c in candidates], dtype=np.float32),
        now=request.now.timestamp(),
        trend_half_life_hours=request.domain.trend_half_life_hours,
        freshness_half_life_hours=request.domain.freshness_half_life_hours,
    )


def _liked(candidates: Sequence[Candidate], neighbours: Sequence[Neighbour]) -> npt.NDArray[np.float32]:
    rows = {c.key: row for row, c in enumerate(candidates)}
    liked = np.zeros((len(candidates), len(neighbours)), dtype=np.float32)
    for column, neighbour in enumerate(neighbours):
        for key, weight in neighbour.liked.items():
            if key in rows:
                liked[rows[key], column] = weight
    return liked
