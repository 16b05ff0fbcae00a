"""Replays a log in order of time, so that each impression's features know only what was known before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feedsmith.profiles.build import MAX_HISTORY, MAX_LIKED
from feedsmith.profiles.clustering import cluster
from feedsmith.profiles.segments import MAX_LIKED as LIKED_OF_SEGMENT
from feedsmith.ranking.base import FeatureSpace
from feedsmith.ranking.features import FEATURES, Activity, Signals, feature_matrix
from feedsmith.ranking.retrieval import SIMILAR_USERS, TRENDING
from feedsmith_training.log import Array, Catalogue, Impression, ImpressionLog, Rows

K_ANONYMITY = 5


@dataclass(frozen=True, slots=True)
class HalfLives:
    """Those of the domain, in hours."""

    trend: float
    freshness: float


class Replay:
    """What was known of items and users at one moment, moved on by :meth:`absorb`."""

    def __init__(self, catalogue: Catalogue, half_lives: HalfLives) -> None:
        n = len(catalogue)
        self._catalogue = catalogue
        self._half_lives = half_lives
        self._recent = np.full((3, n), -np.inf)  # clicks, exposure, shown: log2 of forward-decayed mass
        self._total = np.zeros((3, n))
        self._first = np.full(n, np.nan)
        self._users = _Users(catalogue.vectors.shape[1], half_lives.trend * 3600.0)

    def signals(self, impression: Impression) -> Signals:
        """What the features of the impression's candidates are computed from; see ``ranking/features.py``."""
        known, rows = self._catalogue, impression.candidates
        trending = self._trending()
        taste = _taste(known.vectors, impression.history, impression.history_weights)
        neighbours = self._users.similar(impression.user, taste)
        similarity = np.array([cosine for cosine, _ in neighbours], dtype=np.float32)
        history = impression.history[:MAX_HISTORY]
        published = known.published[rows]
        return Signals(
            vectors=known.vectors[rows],
            topics=known.topics[rows],
            trend=self._recent[0, rows],
            fresh=np.fmin(np.where(np.isnan(published), self._first[rows], published), impression.at),
            activity=self._activity(rows, impression.at),
            trending_vectors=known.vectors[trending],
            trending_topics=known.topics[trending],
            trending_activity=self._activity(trending, impression.at),
            trending_liked=_liked(trending, neighbours),
            same=rows[:, None] == trending[None, :],
            taste=taste,
            query=np.zeros((0, known.vectors.shape[1]), dtype=np.float32),
            interests=np.zeros((0, known.vectors.shape[1]), dtype=np.float32),
            history=known.vectors[history].astype(np.float16).astype(np.float32),  # as profiles keep them
            history_topics=known.topics[history],
            disliked=np.zeros((0, known.vectors.shape[1]), dtype=np.float32),
            shares=_shares(known.topics, impression),
            similarity=similarity,
            liked=_liked(rows, neighbours),
            segment=self._users.segment(taste, rows),
            now=impression.at,
            trend_half_life_hours=self._half_lives.trend,
            freshness_half_life_hours=self._half_lives.freshness,
        )

    def absorb(self, impression: Impression) -> None:
        """Learn what happened in the impression."""
        rows, at = impression.candidates, impression.at / (self._half_lives.trend * 3600.0)
        masses = np.stack([impression.clicked, impression.exposure, np.ones(len(rows))]).astype(np.float64)
        with np.errstate(divide="ignore"):  # log2(0) = -inf is what nothing adds
            self._recent[:, rows] = np.logaddexp2(self._recent[:, rows], np.log2(masses) + at)
        self._total[:, rows] += masses
        self._first[rows] = np.fmin(self._first[rows], impression.at)
        self._users.update(impression, self._catalogue.vectors)

    def _trending(self) -> Rows:
        """Rows of the items that trend most, the best first."""
        clicks = self._recent[0]
        most = min(TRENDING, len(clicks))
        rows = np.argpartition(-clicks, most - 1)[:most]
        rows = rows[np.argsort(-clicks[rows], kind="stable")]
        return np.asarray(rows[np.isfinite(clicks[rows])], dtype=np.intp)

    def _activity(self, rows: Rows, now: float) -> Activity:
        recent = np.exp2(self._recent[:, rows] - now / (self._half_lives.trend * 3600.0))
        clicks, exposure, shown = np.stack([recent, self._total[:, rows]], axis=-1)
        return Activity(clicks, exposure, shown, self._first[rows])


class _Users:
    """Tastes and liked items of all users so far, and the segments of the last clustering.

    Clustering is due once in a trend half-life: daily, for news.
    """

    def __init__(self, dimension: int, clustered_every_s: float) -> None:
        self._clustered_every_s = clustered_every_s
        self._number: dict[int, int] = {}
        self._tastes = np.zeros((1024, dimension), dtype=np.float32)
        self._liked: list[Mapping[int, float]] = []
        self._clustered_at = -np.inf
        self._centroids = np.zeros((0, dimension), dtype=np.float32)
        self._shares: list[dict[int, float]] = []

    def similar(self, user: int, taste: Array) -> list[tuple[float, Mapping[int, float]]]:
        """Cosine in (0, 1] and liked items of the users with the most similar taste, the best first."""
        n = len(self._liked)
        if not len(taste) or not n:
            return []
        cosines = self._tastes[:n] @ taste[0]
        if user in self._number:
            cosines[self._number[user]] = -1.0
        most = min(SIMILAR_USERS, n)
        rows = np.argpartition(-cosines, most - 1)[:most]
        rows = rows[np.argsort(-cosines[rows], kind="stable")]
        return [(float(cosines[row]), self._liked[row]) for row in rows if cosines[row] > 0.0]

    def segment(self, taste: Array, rows: Rows) -> Array:
        """Share of the members of the taste's segment that like each row, shape (n,)."""
        if not len(taste) or not len(self._centroids):
            return np.zeros(len(rows), dtype=np.float32)
        shares = self._shares[int((self._centroids @ taste[0]).argmax())]
        return np.array([shares.get(int(row), 0.0) for row in rows], dtype=np.float32)

    def update(self, impression: Impression, vectors: Array) -> None:
        """Take in the user as of after the impression, its clicks included; cluster anew when it is time."""
        history, weights = _history_after(impression)
        taste = _taste(vectors, history, weights)
        if len(taste):
            row = self._number.setdefault(impression.user, len(self._liked))
            if row == len(self._liked):
                self._liked.append({})
                if row == len(self._tastes):
                    self._tastes = np.concatenate([self._tastes, np.zeros_like(self._tastes)])
            self._tastes[row] = taste[0]
            newest = weights[:MAX_LIKED]
            self._liked[row] = dict(zip(history[:MAX_LIKED].tolist(), newest / newest.max(), strict=True))
        if impression.at - self._clustered_at >= self._clustered_every_s and len(self._liked) >= K_ANONYMITY:
            self._cluster()
            self._clustered_at = impression.at

    def _cluster(self) -> None:
        found = cluster(self._tastes[: len(self._liked)].copy(), floor=K_ANONYMITY)
        self._centroids = found.centroids
        self._shares = []
        for number in range(len(found.centroids)):
            members = np.flatnonzero(found.labels == number)
            counts: dict[int, int] = {}
            for member in members:
                for item in self._liked[member]:
                    counts[item] = counts.get(item, 0) + 1
            most = sorted(counts.items(), key=lambda pair: -pair[1])[:LIKED_OF_SEGMENT]
            self._shares.append({item: count / len(members) for item, count in most if count >= K_ANONYMITY})


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """Features of a whole log: ``values`` (N, f), float32, impression i in rows ``offsets[i]:offsets[i + 1]``.

    ``clicked`` (N,) bool; ``history`` (len(log),) liked items of each reader before the impression.
    """

    names: tuple[str, ...]
    values: Array
    offsets: npt.NDArray[np.intp]
    clicked: npt.NDArray[np.bool_]
    history: npt.NDArray[np.intp]

    def rows(self, start: int, stop: int) -> FeatureTable:
        """The impressions ``start:stop``."""
        first, last = self.offsets[start], self.offsets[stop]
        return FeatureTable(
            self.names,
            self.values[first:last],
            self.offsets[start : stop + 1] - first,
            self.clicked[first:last],
            self.history[start:stop],
        )

    def columns(self, names: Sequence[str]) -> Array:
        """The named features, (N, len(names))."""
        return self.values[:, [self.names.index(name) for name in names]]

    def __len__(self) -> int:
        return len(self.history)


def signals_of_log(log: ImpressionLog, half_lives: HalfLives) -> Iterator[Signals]:
    """The signals of each impression, before it happened."""
    replay = Replay(log.catalogue, half_lives)
    for impression in log.impressions:
        yield replay.signals(impression)
        replay.absorb(impression)


def feature_table(log: ImpressionLog, half_lives: HalfLives, space: FeatureSpace) -> FeatureTable:
    """Features of every impression, each as of before it happened."""
    found = [feature_matrix(signals, space).values for signals in signals_of_log(log, half_lives)]
    sizes = [len(impression.candidates) for impression in log.impressions]
    return FeatureTable(
        tuple(FEATURES),
        np.concatenate(found),
        np.cumsum([0, *sizes], dtype=np.intp),
        np.concatenate([impression.clicked for impression in log.impressions]),
        np.array([len(impression.history) for impression in log.impressions], dtype=np.intp),
    )


def _history_after(impression: Impression) -> tuple[Rows, npt.NDArray[np.float64]]:
    """What the user liked and its weights once the impression was answered, newest first; a click weighs 1."""
    clicked = impression.candidates[impression.clicked]
    older = ~np.isin(impression.history, clicked)
    weights = [np.ones(len(clicked)), impression.history_weights[older]]
    return np.concatenate([clicked, impression.history[older]]), np.concatenate(weights)


def _taste(vectors: Array, history: Rows, weights: npt.NDArray[np.float64]) -> Array:
    """Weighted mean of the history, unit length, shape (1, d), or (0, d) without one."""
    mean = weights @ vectors[history]
    length = np.linalg.norm(mean)
    if not len(history) or length < 1e-6:
        return np.zeros((0, vectors.shape[1]), dtype=np.float32)
    return (mean / length).astype(np.float32)[None, :]


def _shares(topics: Array, impression: Impression) -> Array:
    mass = impression.history_weights @ topics[impression.history]
    return np.asarray(mass / max(mass.sum(), 1e-9), dtype=np.float32)


def _liked(rows: Rows, neighbours: Sequence[tuple[float, Mapping[int, float]]]) -> Array:
    liked = np.zeros((len(rows), len(neighbours)), dtype=np.float32)
    for column, (_, items) in enumerate(neighbours):
        liked[:, column] = [items.get(row, 0.0) for row in rows.tolist()]
    return liked
