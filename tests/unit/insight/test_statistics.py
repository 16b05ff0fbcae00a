"""Intervals and tests on ratios, against hand computations, reference values and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from feedsmith.insight.statistics import (
    Ratio,
    chi_square_tail,
    compare_always,
    compare_once,
    interval,
    split_p,
    student,
    users_needed,
)

SEED = 20_261_124
ALPHA = 0.05


def test_the_variance_of_a_ratio_by_hand() -> None:
    # Users with (shown, clicked): ratio 3 / 6 = .5, residuals y - .5 x: 1 - 1 = 0, 2 - 1.5 = .5, 0 - .5 = -.5
    ratio = Ratio.of([(2, 1), (3, 2), (1, 0)])

    assert ratio.value == 0.5
    assert ratio.variance == pytest.approx((0 + 0.25 + 0.25) * 3 / 2 / 36)
    assert ratio.relative_variance == pytest.approx(0.75 / 36 / 0.25)


@pytest.mark.parametrize("pairs", [[], [(0.0, 0.0), (0.0, 0.0)], [(5.0, 1.0)]])
def test_nothing_is_said_of_too_little(pairs: list[tuple[float, float]]) -> None:
    assert interval(Ratio.of(pairs), proportion=True) is None
    assert compare_once(Ratio.of(pairs), Ratio.of(pairs), ALPHA) is None
    assert compare_always(Ratio.of(pairs), Ratio.of(pairs), ALPHA, 0.1) is None


def test_wilson_s_interval_where_users_are_independent() -> None:
    # 20 of 100, one impression a user. Wilson's own at z = 1.96: .1334 to .2888; Student's t with 99 degrees is wider.
    low, high = interval(Ratio.of([(1, 1)] * 20 + [(1, 0)] * 80), proportion=True) or (0, 0)

    assert (low, high) == (pytest.approx(0.1334, abs=2e-3), pytest.approx(0.2888, abs=2e-3))


def test_ten_impressions_that_one_user_all_clicks_say_no_more_than_one() -> None:
    one = interval(Ratio.of([(1, 1)] * 20 + [(1, 0)] * 80), proportion=True)
    ten = interval(Ratio.of([(10, 10)] * 20 + [(10, 0)] * 80), proportion=True)

    assert one is not None
    assert ten is not None
    assert ten == pytest.approx(one, abs=2e-3)


def test_no_click_at_all_has_an_interval_too() -> None:
    low, high = interval(Ratio.of([(1, 0)] * 100), proportion=True) or (1, 1)

    assert low == pytest.approx(0, abs=1e-12)
    assert 0.03 < high < 0.05  # about 3.8 / 100


def test_a_mean_and_a_share_above_one_get_student_s_interval() -> None:
    # Two clicks on one impression: 1.5 with residuals -.5 and .5; t(1) = 12.706
    low, high = interval(Ratio.of([(1, 1), (1, 2)]), proportion=True) or (0, 0)
    error = math.sqrt(0.5 * 2 / 4)

    assert (low, high) == (pytest.approx(1.5 - 12.7062 * error), pytest.approx(1.5 + 12.7062 * error))


@pytest.mark.parametrize(
    ("freedom", "expected"), [(1, 12.706205), (2, 4.302653), (4, 2.776445), (10, 2.228139), (63, 1.998341)]
)
def test_student_s_quantiles(freedom: int, expected: float) -> None:
    assert student(0.975, freedom) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("freedom", "expected"), [(1, 0.0190165), (2, 0.0639279), (3, 0.1386386), (4, 0.2397295), (7, 0.5991839)]
)
def test_the_tail_of_chi_square(freedom: int, expected: float) -> None:
    assert chi_square_tail(5.5, freedom) == pytest.approx(expected, abs=1e-6)


def test_a_split_that_lost_users() -> None:
    assert split_p([500, 500], [0.5, 0.5]) == 1.0
    assert split_p([], []) == 1.0
    # (550 - 500)^2 / 500 * 2 = 10: p = .00157; one more step on either side is below .001
    assert split_p([550, 450], [0.5, 0.5]) == pytest.approx(0.001565, abs=1e-6)
    assert split_p([553, 447], [0.5, 0.5]) < 0.001
    assert split_p([553, 447], [0.55, 0.45]) > 0.8


def test_the_users_needed_for_a_plain_proportion() -> None:
    # A click rate of 10 %, one impression a user: (1 - p) / p = 9. 2 * 9 * (1.95996 + .84162)^2 / log(1.1)^2
    assert users_needed(9.0, 0.10, alpha=0.05) == math.ceil(18 * 7.848879 / math.log(1.1) ** 2)


# -- simulated experiments -----------------------------------------------------------------------------------


def looks(
    rng: np.random.Generator, runs: int, users: int, days: int, lift: float
) -> tuple[list[list[Ratio]], list[list[Ratio]]]:
    """Sums of both variants at the end of each day, [run][day].

    Users come for the first time on any day and then return on some; each has an own click rate (mean 10 %) and an own
    number of impressions, so that a user's impressions are far from independent.
    """

    def variant(factor: float) -> list[list[Ratio]]:
        rate = factor * rng.beta(2, 18, size=(runs, users, 1))
        starts = rng.integers(0, days, size=(runs, users, 1))
        there = (np.arange(days) == starts) | ((np.arange(days) > starts) & (rng.random((runs, users, days)) < 0.3))
        shown = there * (1 + rng.poisson(rng.gamma(2, 2, size=(runs, users, 1)), size=(runs, users, days)))
        x, y = np.cumsum(shown, axis=2), np.cumsum(rng.binomial(shown, rate), axis=2)
        n = (x > 0).sum(axis=1)
        sums = [n, x.sum(axis=1), y.sum(axis=1), (x * x).sum(axis=1), (x * y).sum(axis=1), (y * y).sum(axis=1)]
        table = np.stack(sums, axis=2)
        return [[Ratio(int(row[0]), *map(float, row[1:])) for row in run] for run in table]

    return variant(1.0), variant(1.0 + lift)


def test_the_sequential_test_calls_no_difference_where_none_is_though_it_is_looked_at_daily() -> None:
    control, treated = looks(np.random.default_rng(SEED), runs=400, users=400, days=14, lift=0.0)
    called = [
        any(
            (found := compare_always(a, b, ALPHA, 0.10)) is not None and found.p < ALPHA
            for a, b in zip(*run, strict=True)
            if min(a.n, b.n) >= 100 and min(a.y, b.y) >= 50
        )
        for run in zip(control, treated, strict=True)
    ]

    assert sum(called) <= 0.05 * len(called), f"seed {SEED}: {sum(called)} of {len(called)} runs called"


def test_the_fixed_horizon_test_errs_as_often_as_it_says_and_more_often_when_looked_at_daily() -> None:
    control, treated = looks(np.random.default_rng(SEED), runs=1_000, users=200, days=14, lift=0.0)
    p = [
        [found.p if (found := compare_once(a, b, ALPHA)) else 1.0 for a, b in zip(*run, strict=True)]
        for run in zip(control, treated, strict=True)
    ]
    once = sum(run[-1] < ALPHA for run in p) / len(p)
    peeking = sum(min(run) < ALPHA for run in p) / len(p)

    assert once <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / len(p)), f"seed {SEED}: {once:.3f}"
    assert peeking > 0.10  # why an answer before the horizon is none


def test_a_lift_of_ten_percent_is_found_with_the_power_that_was_asked_for() -> None:
    rng = np.random.default_rng(SEED)
    # GIVEN the users needed, from a pilot's variance
    pilot = looks(rng, runs=1, users=4_000, days=7, lift=0.0)[0][0][-1]
    users = users_needed((pilot.relative_variance or 0) * pilot.n, 0.10, alpha=ALPHA, power=0.9)
    # WHEN as many come
    control, treated = looks(rng, runs=200, users=users, days=7, lift=0.10)
    once = [compare_once(a[-1], b[-1], ALPHA) for a, b in zip(control, treated, strict=True)]
    found = [c for c in once if c is not None and c.low > 0]
    # THEN nine of ten runs find it, and their intervals hold the truth as often as they say
    assert 0.84 <= len(found) / len(once) <= 0.96, f"seed {SEED}: {len(found)} of {len(once)} with {users} users"
    covered = sum(c is not None and c.low <= 0.10 <= c.high for c in once)
    assert covered >= 0.90 * len(once)


def test_the_sequential_test_finds_it_too_with_twice_the_users() -> None:
    rng = np.random.default_rng(SEED)
    control, treated = looks(rng, runs=50, users=7_900, days=7, lift=0.10)
    found = sum(
        any((c := compare_always(a, b, ALPHA, 0.10)) is not None and c.low > 0 for a, b in zip(*run, strict=True))
        for run in zip(control, treated, strict=True)
    )

    assert found >= 45, f"seed {SEED}: {found} of 50 found it"
