"""Users of a domain on a plane, for people to look at: where tastes lie, and which segment each belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feedsmith.content.base import Matrix


@dataclass(frozen=True, slots=True)
class TasteMap:
    """A plane with users on it, none of them named.

    ``users``: (x, y, row of the segment) of each; ``segments``: (x, y) of each centroid; ``explained``: share of the
    tastes' variance that the plane shows, in [0, 1].
    """

    users: tuple[tuple[float, float, int], ...]
    segments: tuple[tuple[float, float], ...]
    explained: float


def taste_map(tastes: Matrix, centroids: Matrix) -> TasteMap:
    """The first two principal components of tastes, (n, d), with n at least 2; centroids are (k, d), k at least 1.

    Coordinates are rounded to a hundredth: enough for the eye, too little to find a taste again from. Axes point so
    that the largest loading of each is positive, lest the map turn over from one day to the next.
    """
    middle = tastes.mean(axis=0)
    _, spread, axes = np.linalg.svd(tastes - middle, full_matrices=False)
    plane = axes[:2]
    plane = plane * np.sign(plane[np.arange(len(plane)), np.abs(plane).argmax(axis=1)])[:, None]
    nearest = (tastes @ centroids.T).argmax(axis=1)
    energy = spread**2
    return TasteMap(
        users=tuple((x, y, int(row)) for (x, y), row in zip(_placed(tastes - middle, plane), nearest, strict=True)),
        segments=tuple(_placed(centroids - middle, plane)),
        explained=float(energy[:2].sum() / energy.sum()) if energy.sum() > 0 else 0.0,
    )


def _placed(rows: Matrix, plane: Matrix) -> Sequence[tuple[float, float]]:
    flat = np.round(rows @ plane.T, 2) + 0.0  # + 0.0: there is no -0.0
    return [(float(row[0]), float(row[1]) if len(row) > 1 else 0.0) for row in flat]
