"""Spherical K-means over tastes, with a floor under the size of a cluster."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from feedsmith.content.base import Matrix

CANDIDATES: Final = (2, 3, 4, 5, 6, 8, 10, 12, 16, 20)
SAMPLE: Final = 4_000
SEED: Final = 0


@dataclass(frozen=True, slots=True)
class Clustering:
    """``centroids``: (k, d), unit rows, largest cluster first. ``labels``: (n,), each row's nearest centroid.

    ``silhouette``: mean silhouette by cosine distance, in [-1, 1]; None with one cluster.
    """

    centroids: Matrix
    labels: npt.NDArray[np.intp]
    silhouette: float | None


def cluster(tastes: Matrix, *, floor: int) -> Clustering:
    """Cluster unit vectors by cosine; every cluster is the nearest of at least ``floor`` rows.

    K-means on unit vectors (Euclidean distance and cosine order them alike) with unit centroids. Of several k, after
    the clusters below the floor were merged into their neighbours, the one with the greatest silhouette (Rousseeuw,
    1987) wins, the smaller k on a tie; where none is positive there is no structure to show, and all are one cluster.
    Centroids and silhouette are those of 4,000 random rows where there are more; labels and sizes are of all.

    Parameters
    ----------
    tastes
        Shape (n, d), float32, unit rows, ``n >= floor``. The same rows in the same order give the same answer.
    floor
        Fewest rows of a cluster, at least 1.
    """
    # Imported here: scikit-learn loads scipy, and the functions that read segments need neither.
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    sample = tastes[np.sort(np.random.default_rng(SEED).permutation(len(tastes))[:SAMPLE])]
    best = _ordered(tastes, _unit(tastes.sum(axis=0, keepdims=True)), None)
    for k in CANDIDATES:
        if k * floor > len(tastes):
            break
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different tastes than k: fewer clusters
            fitted = KMeans(k, n_init=4, random_state=SEED).fit(sample)
        centroids = _merged(tastes, _unit(fitted.cluster_centers_), floor)
        silhouette = _silhouette(sample, _nearest(sample, centroids))
        if silhouette is not None and silhouette > (best.silhouette or 0.0):
            best = _ordered(tastes, centroids, silhouette)
    return best


def _merged(tastes: Matrix, centroids: Matrix, floor: int) -> Matrix:
    """Merge the smallest cluster into its nearest until none is below the floor."""
    while len(centroids) > 1:
        labels = _nearest(tastes, centroids)
        sizes = np.bincount(labels, minlength=len(centroids))
        smallest = int(sizes.argmin())
        if sizes[smallest] >= floor:
            break
        similarity = centroids @ centroids[smallest]
        similarity[smallest] = -np.inf
        into = int(similarity.argmax())
        if sizes[smallest]:
            centroids[into] = _unit(tastes[np.isin(labels, (smallest, into))].sum(axis=0, keepdims=True))[0]
        centroids = np.delete(centroids, smallest, axis=0)
    return centroids


def _ordered(tastes: Matrix, centroids: Matrix, silhouette: float | None) -> Clustering:
    sizes = np.bincount(_nearest(tastes, centroids), minlength=len(centroids))
    centroids = centroids[np.argsort(-sizes, kind="stable")]
    return Clustering(centroids, _nearest(tastes, centroids), silhouette)


def _nearest(tastes: Matrix, centroids: Matrix) -> npt.NDArray[np.intp]:
    return np.asarray((tastes @ centroids.T).argmax(axis=1))


def _silhouette(tastes: Matrix, labels: npt.NDArray[np.intp]) -> float | None:
    from sklearn.metrics import silhouette_score

    if not 2 <= len(np.unique(labels)) < len(tastes):
        return None
    return float(silhouette_score(tastes, labels, metric="cosine"))


def _unit(sums: npt.NDArray[np.floating]) -> Matrix:
    """Rows to unit length; tastes that cancel have no common direction, and any that is nobody's own will do."""
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    anywhere = np.full_like(sums, 1 / np.sqrt(sums.shape[1]))
    return np.where(lengths > 1e-6, sums / np.maximum(lengths, 1e-6), anywhere).astype(np.float32)
