from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from feedsmith.ranking.calibration import miscalibration


@pytest.mark.parametrize(
    ("topics", "shares", "nats"),
    [
        ([0.5, 0.5], [0.5, 0.5], 0.0),
        # q~ = 0.99 q + 0.01 p = (0.995, 0.005): 0.5 ln(0.5 / 0.995) + 0.5 ln(0.5 / 0.005) = -0.3441 + 2.3026
        ([1.0, 0.0], [0.5, 0.5], 1.9585),
        # Nothing that the reader reads: q~ = 0.01 p, so ln 100
        ([0.0, 0.0], [0.5, 0.5], 4.6052),
        # A topic without a share costs only what it takes from the others: ln(1 / (0.99 * 0.5 + 0.01))
        ([0.5, 0.5], [1.0, 0.0], 0.6832),
        ([0.0, 1.0], [1.0, 0.0], 4.6052),
        ([], [], 0.0),
    ],
)
def test_divergence_by_hand(topics: list[float], shares: list[float], nats: float) -> None:
    assert miscalibration(np.array([topics]), np.array(shares)) == pytest.approx([nats], abs=1e-4)


_weights = arrays(np.float64, 4, elements=st.floats(0, 1)).filter(lambda w: w.sum() > 0.01)


@settings(print_blob=True, deadline=None)
@given(topics=_weights, shares=_weights)
def test_it_is_least_for_the_reader_s_own_shares(topics: np.ndarray, shares: np.ndarray) -> None:
    p, q = shares / shares.sum(), topics / topics.sum()
    own, other = miscalibration(np.array([p, q]), p)
    assert own == pytest.approx(0.0, abs=1e-12)
    assert -1e-12 <= other <= np.log(100.0) + 1e-9
