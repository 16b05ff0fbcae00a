"""Exploration: a few places for items that might be better than is known, filled by Thompson sampling.

An item's click-through rate has a Beta posterior. Thompson sampling draws a rate for every item of a pool and shows the
item with the largest (Chapelle & Li, "An empirical evaluation of Thompson sampling", NIPS 2011). Here the probabilities
of being the largest are integrated, and the item is drawn from them: the same policy, whose propensities are exact,
because they are what is drawn from.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

POOL = 20
"""Candidates that compete for an exploration place: the best by score that are not in the slate."""

PRIOR_CLICKS = 1.0
"""Pseudo-count of the prior: clicks that every item is supposed to have had at the pooled click-through rate."""

SMALLEST_SLATE = 5
_SPAN = np.sinh(np.linspace(-3.0, 3.0, 33))  # grid of one posterior: -10 to 10 standard deviations, dense in the middle
_NEVER = 1e-300  # in place of a probability of 0, whose logarithm is not finite

Floats = npt.NDArray[np.float64]


def exploration_places(limit: int, candidates: int, share: float) -> tuple[int, ...]:
    """0-based places of a slate that are given to exploration.

    They are ``share`` of the places, rounded half up, each the last of an equal stretch of the slate, where trying
    something costs least. None in a slate of fewer than five places, or where all candidates are shown anyway.
    """
    count = int(share * limit + 0.5)
    if limit < SMALLEST_SLATE or candidates <= limit or not count:
        return ()
    return tuple((number + 1) * limit // count - 1 for number in range(count))


def posteriors(clicks: npt.ArrayLike, shown: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Beta posteriors of the candidates' click-through rates.

    The prior is ``Beta(1, 1 / r - 1)``, worth ``PRIOR_CLICKS`` = 1 click at the pooled rate
    ``r = (1 + all clicks) / (2 + all impressions)``, which counts as 1/2 at most. So an item never shown may draw a
    rate well above the pooled one, and one shown 1 / r times is known half as much again.

    Parameters
    ----------
    clicks, shown
        Shape (n,), counted clicks and impressions, at least 0. Clicks without an impression count as one each.

    Returns
    -------
    tuple of numpy.ndarray
        The two parameters, shape (n,) each, at least 1.
    """
    hits = np.asarray(clicks, dtype=np.float64)
    misses = np.maximum(np.asarray(shown, dtype=np.float64) - hits, 0.0)
    odds_against = (1.0 + misses.sum()) / (1.0 + hits.sum())  # 1 / r - 1
    return hits + PRIOR_CLICKS, misses + PRIOR_CLICKS * max(odds_against, 1.0)


def win_probabilities(a: Floats, b: Floats) -> Floats:
    """Probability that each of n independent Beta variables is the largest.

    With the distribution functions F_i and their product G, that is ``integral of G d(log F_i)``. Integrated over the
    log-odds, in which a Beta density is smooth and log-concave, on the joined grids of all posteriors, as
    ``sum of dG * d(log F_i) / d(log G)``, which sums to 1 over i whatever the grid.

    Parameters
    ----------
    a, b
        Shape (n,), n >= 1, the parameters, at least 1.

    Returns
    -------
    numpy.ndarray
        Shape (n,), at least 0, with sum 1 within rounding; each within 0.002 of the integral.
    """
    centre, width = np.log(a / b), np.sqrt(1.0 / a + 1.0 / b)  # mode, and the curvature's standard deviation
    grid = np.unique(centre[:, None] + width[:, None] * _SPAN)
    at_mode = a * np.logaddexp(0.0, -centre) + b * np.logaddexp(0.0, centre)
    minus_log = np.outer(a, np.logaddexp(0.0, -grid)) + np.outer(b, np.logaddexp(0.0, grid)) - at_mode[:, None]
    density = np.exp(-minus_log)
    mass = np.cumsum((density[:, 1:] + density[:, :-1]) * (np.diff(grid) / 2.0), axis=1)
    log_f = np.log(np.maximum(mass / mass[:, -1:], _NEVER))
    log_g = log_f.sum(axis=0)
    steps, gain = np.diff(log_g), np.diff(np.exp(log_g))
    slope = np.divide(gain, steps, out=np.zeros_like(gain), where=steps > 0.0)
    likely = np.diff(log_f, axis=1) @ slope + np.exp(log_g[0]) / len(a)
    return np.asarray(likely / likely.sum())


def draw(probabilities: Floats, seed: str) -> int:
    """An index, drawn with these probabilities; the same for the same seed, on any machine and at any time."""
    digest = hashlib.sha256(seed.encode()).digest()
    uniform = (int.from_bytes(digest[:8], "big") >> 11) / 2**53  # in [0, 1)
    steps = np.cumsum(probabilities)
    return int(np.searchsorted(steps, uniform * steps[-1], side="right"))
