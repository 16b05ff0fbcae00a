"""Calibration: whether a slate's topics come in the shares in which its reader reads them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SMOOTHING = 0.01
"""Share of the reader's own distribution mixed into the slate's, so that a topic it lacks costs a finite sum."""

_TINY = 1e-300  # 0 log 0 = 0


def miscalibration(topics: npt.NDArray[np.floating], shares: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Kullback-Leibler divergence of slates' topics from the reader's.

    ``sum_g p_g log(p_g / ((1 - a) q_g + a p_g))`` with the reader's shares p, a slate's shares q and a = 0.01 (Steck,
    "Calibrated recommendations", RecSys 2018).

    Parameters
    ----------
    topics
        Shape (m, t): of each of m slates, the mean of its items' topic scores, at least 0. What a row lacks to 1 is
        of topics that the reader does not read.
    shares
        Shape (t,), at least 0, with sum 1; t = 0 where nothing is known of the reader.

    Returns
    -------
    numpy.ndarray
        Shape (m,), nats, from 0 (the same shares) to log(1 / a) = 4.6 (none of the reader's topics); 0 where t = 0.
    """
    p = shares.astype(np.float64)
    smoothed = (1.0 - SMOOTHING) * topics + SMOOTHING * p
    return np.asarray(p @ np.log(np.maximum(p, _TINY)) - np.log(np.maximum(smoothed, _TINY)) @ p)
