"""Ranking metrics of each impression, and what a ranking does beyond them.

Equal scores stand for all their orders alike: a tie gets the mean of the places it takes (McSherry & Najork, "Computing
information retrieval performance measures efficiently in the presence of tied scores", ECIR 2008). So a ranker that
gives everything the same score has an AUC of exactly .5. Only the lists of :func:`top` need one order; there a seeded
permutation breaks ties.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from feedsmith_training.log import Catalogue, ImpressionLog

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.intp]

METRICS = ("auc", "mrr", "ndcg@5", "ndcg@10")
TOP = 10


def quality(scores: npt.NDArray[np.floating], clicked: npt.NDArray[np.bool_], offsets: Rows) -> Floats:
    """AUC, MRR, nDCG@5 and nDCG@10 of each impression, in [0, 1].

    MRR is the mean of 1 / rank over the clicked items, as MIND's own evaluation has it; nDCG has binary gains and the
    discount 1 / log2(1 + rank).

    Parameters
    ----------
    scores, clicked
        Shape (N,), finite; impression i in ``offsets[i]:offsets[i + 1]``, with clicked and other items.

    Returns
    -------
    numpy.ndarray
        Shape (n, 4), columns as in ``METRICS``.
    """
    sizes = np.diff(offsets)
    impression = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort((-scores, impression))
    score, hit = scores[order], clicked[order].astype(np.float64)
    place = (np.arange(len(order)) - np.repeat(offsets[:-1], sizes)).astype(np.float64)  # 0-based
    tie = np.cumsum(np.concatenate(([False], (np.diff(score) != 0) | (np.diff(impression) != 0))))
    in_tie = np.bincount(tie)

    def won(worth: Floats) -> Floats:
        """Sum over each impression's clicks of what their places are worth, (n,)."""
        shared = (np.bincount(tie, weights=worth) / in_tie)[tie]
        return np.asarray(np.bincount(impression, weights=shared * hit, minlength=len(sizes)), dtype=np.float64)

    clicks = np.bincount(impression, weights=hit, minlength=len(sizes))
    beaten = won(np.repeat(sizes, sizes) - 1.0 - place) - clicks * (clicks - 1.0) / 2.0  # pairs in the right order
    columns = [beaten / (clicks * (sizes - clicks)), won(1.0 / (1.0 + place)) / clicks]
    for k in (5, 10):
        worth = np.where(place < k, 1.0 / np.log2(2.0 + place), 0.0)
        ideal = np.concatenate(([0.0], np.cumsum(1.0 / np.log2(2.0 + np.arange(k)))))
        columns.append(won(worth) / ideal[np.minimum(clicks, k).astype(np.intp)])
    return np.column_stack(columns)


def top(scores: npt.NDArray[np.floating], offsets: Rows, k: int = TOP, seed: int = 0) -> tuple[Rows, Rows]:
    """Each impression's best k: their indices into ``scores``, and their 0-based places; impressions in order."""
    sizes = np.diff(offsets)
    impression = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort((np.random.default_rng(seed).permutation(len(scores)), -scores, impression))
    place = np.arange(len(order)) - np.repeat(offsets[:-1], sizes)
    return order[place < k], place[place < k]


def beyond_accuracy(
    scores: npt.NDArray[np.floating],
    offsets: Rows,
    log: ImpressionLog,
    clicks_before: Floats,
    all_before: Floats,
) -> dict[str, float | dict[str, float]]:
    """What the best ten of each impression are like.

    - ``coverage``: share of all items that were candidates which got into some best ten;
    - ``diversity``: 1 - mean cosine of the pairs of a best ten, mean over impressions;
    - ``novelty``: mean of -log2 of an item's share of all clicks before the impression, in bits, each item with one
      click more than it had (Zhou et al., "Solving the apparent diversity-accuracy dilemma", PNAS 2010);
    - ``exposure``: share of each topic in the exposure 1 / log2(1 + rank).

    Parameters
    ----------
    scores
        Shape (N,), of all candidates of ``log``.
    clicks_before
        Shape (N,), clicks of each candidate before its impression.
    all_before
        Shape (n,), clicks on any item before each impression.
    """
    catalogue = log.catalogue
    rows = np.concatenate([impression.candidates for impression in log.impressions])
    best, place = top(scores, offsets)
    items = rows[best]
    impression = np.searchsorted(offsets, best, side="right") - 1
    share = (clicks_before[best] + 1.0) / (all_before[impression] + len(catalogue))
    return {
        "coverage": len(np.unique(items)) / len(np.unique(rows)),
        "diversity": _diversity(catalogue, items, impression),
        "novelty": float(-np.log2(share).mean()),
        "exposure": topic_exposure(catalogue, items, place),
    }


def clicks_before_all(log: ImpressionLog) -> Floats:
    """Clicks on any item in the log's earlier impressions, shape (len(log),)."""
    clicks = [float(impression.clicked.sum()) for impression in log.impressions]
    return np.concatenate(([0.0], np.cumsum(clicks[:-1])))


def topic_exposure(catalogue: Catalogue, items: Rows, place: Rows) -> dict[str, float]:
    """Share of each topic in the exposure of items at these 0-based places; an item's goes to its topics alike."""
    topics = catalogue.topics[items].astype(np.float64)
    mass = (1.0 / np.log2(2.0 + place)) @ (topics / np.maximum(topics.sum(axis=1, keepdims=True), 1e-9))
    shares = mass / max(mass.sum(), 1e-9)
    return dict(zip(catalogue.topic_names, map(float, shares), strict=True))


def _diversity(catalogue: Catalogue, items: Rows, impression: Rows) -> float:
    """Mean over the lists with two items or more; the pairs' cosines sum to (|sum of vectors|^2 - n) / 2."""
    n = np.bincount(impression)
    sums = np.zeros((len(n), catalogue.vectors.shape[1]))
    np.add.at(sums, impression, catalogue.vectors[items])
    several = n > 1
    pairs = n[several] * (n[several] - 1.0)
    return float((1.0 - ((sums[several] ** 2).sum(axis=1) - n[several]) / pairs).mean()) if several.any() else 0.0


class PairedBootstrap:
    """Resamples users, with all their impressions, the same ones for whatever is compared.

    A user's impressions depend on each other; resampled alone they would make intervals too narrow. Intervals are
    percentiles (Efron & Tibshirani, "An introduction to the bootstrap", 1993).

    Parameters
    ----------
    users
        Shape (n,), int: the user of each impression.
    """

    def __init__(self, users: npt.ArrayLike, *, resamples: int = 10_000, seed: int = 0) -> None:
        self._users = np.unique(users, return_inverse=True)[1]
        self._resamples = resamples
        self._seed = seed

    def means(self, values: Floats) -> Floats:
        """Means of k metrics (n, k) in each resample, shape (resamples, k)."""
        n = int(self._users.max()) + 1
        sums = np.zeros((n, values.shape[1] + 1))
        np.add.at(sums, self._users, np.column_stack([values, np.ones(len(values))]))
        rng = np.random.default_rng(self._seed)
        found = np.empty((self._resamples, values.shape[1]))
        block = max(1, 4_000_000 // n)  # bounds the matrix of drawn counts to 32 MB
        for start in range(0, self._resamples, block):
            size = min(block, self._resamples - start)
            drawn = rng.multinomial(n, np.full(n, 1.0 / n), size=size) @ sums
            found[start : start + size] = drawn[:, :-1] / drawn[:, -1:]
        return found


def interval(means: Floats) -> tuple[float, float]:
    """The middle 95 % of resampled means, shape (resamples,)."""
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def compare(rows: Mapping[str, Floats], bootstrap: PairedBootstrap) -> dict[str, Floats]:
    """Resampled means (resamples, 4) of each ranker's metrics (n, 4), in the same resamples for all."""
    names = list(rows)
    means = bootstrap.means(np.concatenate([rows[name] for name in names], axis=1))
    return dict(zip(names, np.split(means, len(names), axis=1), strict=True))
