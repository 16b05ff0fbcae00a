"""Target policies: the probability with which each pool member would be chosen."""

from __future__ import annotations

import numpy as np

from feedsmith.errors import ConfigurationError
from feedsmith_training.offpolicy.logged import Floats, Rows


def softmax(scores: Floats, offsets: Rows, temperature: float = 1.0) -> Floats:
    """Choose with probability proportional to ``exp(score / temperature)`` within each pool.

    Parameters
    ----------
    scores
        Shape (m,), finite, the higher the better.
    offsets
        Shape (n + 1,): pool bounds, as in :class:`~feedsmith_training.offpolicy.logged.LoggedDecisions`; no pool is
        empty.
    temperature
        Above 0; the smaller, the closer to :func:`greedy`.

    Returns
    -------
    array
        Shape (m,), float64; sums to 1 over each pool.

    Raises
    ------
    ConfigurationError
        The temperature is not above 0.
    """
    if not temperature > 0:
        raise ConfigurationError(f"the temperature is {temperature}, but must be above 0; for its limit use greedy")
    starts, sizes = offsets[:-1], np.diff(offsets)
    mass = np.exp((scores - np.repeat(np.maximum.reduceat(scores, starts), sizes)) / temperature)
    return np.asarray(mass / np.repeat(np.add.reduceat(mass, starts), sizes), dtype=np.float64)


def greedy(scores: Floats, offsets: Rows) -> Floats:
    """Choose the highest score of each pool, the first of equals; parameters and result as of :func:`softmax`."""
    starts, sizes = offsets[:-1], np.diff(offsets)
    best = np.flatnonzero(scores == np.repeat(np.maximum.reduceat(scores, starts), sizes))
    owner = np.repeat(np.arange(len(starts)), sizes)
    first = best[np.unique(owner[best], return_index=True)[1]]
    policy = np.zeros(len(scores))
    policy[first] = 1.0
    return policy


def thompson(mean: Floats, deviation: Floats) -> Floats:
    """Choose the highest of one draw per member from its own normal distribution.

    The probability that member a draws the highest, ``E_z[prod_b P(draw_b < mean_a + deviation_a z)]`` with z standard
    normal, is integrated by the trapezoidal rule, which for smooth integrands that vanish at both ends converges
    faster than any power of the step; no sampling is involved. (Thompson, "On the likelihood that one unknown
    probability exceeds another in view of the evidence of two samples", Biometrika 1933.)

    Parameters
    ----------
    mean, deviation
        Shape (pools, size): of each member's belief; deviations above 0.

    Returns
    -------
    array
        Shape (pools, size), float64; rows sum to 1.
    """
    from scipy.special import ndtr

    z = np.linspace(-8.0, 8.0, 401)
    density = np.exp(-0.5 * z * z)
    chance = np.empty(mean.shape)
    for a in range(mean.shape[1]):
        draw = mean[:, a, None] + deviation[:, a, None] * z  # (pools, grid)
        below = np.tile(density, (len(mean), 1))
        for b in range(mean.shape[1]):
            if b != a:
                below *= ndtr((draw - mean[:, b, None]) / deviation[:, b, None])
        chance[:, a] = below.sum(axis=1)
    return np.asarray(chance / chance.sum(axis=1, keepdims=True))
