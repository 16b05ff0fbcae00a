"""The estimators on three decisions, worked out by hand, and what must hold on any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.errors import ConfigurationError, ValidationFailed
from feedsmith_training.offpolicy import (
    Estimate,
    LoggedDecisions,
    cross_fit,
    diagnose,
    doubly_robust,
    greedy,
    ips,
    snips,
    softmax,
)

# Pools {10, 11}, {10, 11, 12}, {12, 11}. Weights target / propensity of the chosen:
#   .5 / .5 = 1,   .5 / .25 = 2,   .4 / .8 = .5      rewards 1, 0, 1
LOGGED = LoggedDecisions(
    context=np.array([0, 1, 2]),
    offsets=np.array([0, 2, 5, 7]),
    items=np.array([10, 11, 10, 11, 12, 12, 11]),
    chosen=np.array([0, 2, 1]),
    propensity=np.array([0.5, 0.25, 0.8]),
    reward=np.array([1.0, 0.0, 1.0]),
)
TARGET = np.array([0.5, 0.5, 0.25, 0.25, 0.5, 0.6, 0.4])
PREDICTED = np.array([0.6, 0.2, 0.1, 0.3, 0.4, 0.5, 0.5])


def standard_error(estimate: Estimate) -> float:
    assert estimate.high - estimate.value == pytest.approx(estimate.value - estimate.low)
    return (estimate.high - estimate.low) / (2 * 1.959963984540054)


def test_ips_by_hand() -> None:
    estimate = ips(LOGGED, TARGET)
    assert estimate.value == pytest.approx(0.5)  # (1*1 + 2*0 + .5*1) / 3
    # The terms 1, 0, .5 have the sample variance (.25 + .25 + 0) / 2 = .25.
    assert standard_error(estimate) == pytest.approx(sqrt(0.25 / 3))
    assert estimate.n == 3
    assert estimate.effective_sample_size == pytest.approx(7 / 3)  # 3.5^2 / (1 + 4 + .25) = 12.25 / 5.25


def test_snips_by_hand() -> None:
    estimate = snips(LOGGED, TARGET)
    assert estimate.value == pytest.approx(3 / 7)  # 1.5 / 3.5
    # w (r - 3/7) / (7/6) = (24, -36, 12) / 49; squares sum to 2016 / 2401; se^2 = 3/2 * 2016/2401 / 3^2.
    assert standard_error(estimate) == pytest.approx(sqrt(1.5 * 2016 / 2401 / 9))
    assert estimate.effective_sample_size == pytest.approx(7 / 3)


def test_doubly_robust_by_hand() -> None:
    estimate = doubly_robust(LOGGED, TARGET, PREDICTED)
    # sum target q:  .3 + .1 = .4    .025 + .075 + .2 = .3    .3 + .2 = .5
    # w (r - q):     1 * .4 = .4     2 * -.4 = -.8            .5 * .5 = .25
    # together       .8              -.5                      .75            mean 1.05 / 3 = .35
    assert estimate.value == pytest.approx(0.35)
    # deviations .45, -.85, .4: squares .2025 + .7225 + .16 = 1.085, over 2
    assert standard_error(estimate) == pytest.approx(sqrt(1.085 / 2 / 3))


def test_clipping_cuts_the_weights() -> None:
    # Weights at most .75: .75, .75, .5.
    assert ips(LOGGED, TARGET, clip=0.75).value == pytest.approx(1.25 / 3)
    assert snips(LOGGED, TARGET, clip=0.75).value == pytest.approx(1.25 / 2)
    # .4 + .75 * .4 = .7     .3 - .75 * .4 = 0     .5 + .25 = .75     mean 1.45 / 3
    assert doubly_robust(LOGGED, TARGET, PREDICTED, clip=0.75).value == pytest.approx(1.45 / 3)
    assert ips(LOGGED, TARGET, clip=0.75).effective_sample_size == pytest.approx(4 / 1.375)  # 2^2 / (2 * .5625 + .25)


def test_decisions_of_one_slate_count_as_one_draw() -> None:
    together = replace(LOGGED, cluster=np.array([8, 3, 8]))
    # Deviations of the terms from .5: .5, -.5, 0; per slate .5 + 0 and -.5: se^2 = 2/1 * (.25 + .25) / 3^2 = 1/9.
    assert standard_error(ips(together, TARGET)) == pytest.approx(1 / 3)
    assert ips(together, TARGET).value == ips(LOGGED, TARGET).value


def test_the_logging_policy_itself_earns_the_mean_reward() -> None:
    # GIVEN a target that chooses as the log did, WHEN estimated, THEN all weights are 1.
    target = np.array([0.5, 0.5, 0.25, 0.5, 0.25, 0.2, 0.8])
    for estimate in (ips(LOGGED, target), snips(LOGGED, target)):
        assert estimate.value == pytest.approx(2 / 3)
        assert estimate.effective_sample_size == pytest.approx(3)


@pytest.mark.parametrize("estimate", [ips, snips, lambda logged, target: doubly_robust(logged, target, PREDICTED)])
@pytest.mark.parametrize(
    ("target", "said"),
    [
        (TARGET[:-1], "has shape"),
        (TARGET * 3, "not scores"),
        (-TARGET, "not scores"),
        (TARGET * np.nan, "not scores"),
        (np.full(7, 0.6), "more than 1 over a pool"),
        (np.array([0, 1.0, 0.5, 0.5, 0, 1.0, 0]), "never chooses what was logged"),
    ],
)
def test_a_target_that_does_not_fit_is_refused(estimate: Callable[..., Estimate], target: Any, said: str) -> None:
    with pytest.raises(ValidationFailed, match=said):
        estimate(LOGGED, target)


def test_other_refusals_say_how_to_mend_them() -> None:
    with pytest.raises(ConfigurationError, match="above 0"):
        ips(LOGGED, TARGET, clip=0.0)
    with pytest.raises(ValidationFailed, match="one per pool member"):
        doubly_robust(LOGGED, TARGET, PREDICTED * np.inf)
    with pytest.raises(ValidationFailed, match="two independent decisions"):
        ips(replace(LOGGED, cluster=np.array([1, 1, 1])), TARGET)


@st.composite
def problems(draw: st.DrawFn) -> tuple[LoggedDecisions, np.ndarray[Any, Any]]:
    """A sound log of 2 to 12 decisions, and a target with some probability of each choice."""
    n = draw(st.integers(2, 12))
    sizes = draw(st.lists(st.integers(1, 4), min_size=n, max_size=n))
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    mass = np.array(draw(st.lists(st.floats(0.05, 1), min_size=sum(sizes), max_size=sum(sizes))))
    numbers = st.floats(-5, 5)
    logged = LoggedDecisions(
        context=np.arange(n),
        offsets=offsets,
        items=np.arange(offsets[-1]),
        chosen=np.array([draw(st.integers(0, size - 1)) for size in sizes]),
        propensity=np.array(draw(st.lists(st.floats(0.05, 1), min_size=n, max_size=n))),
        reward=np.array(draw(st.lists(numbers, min_size=n, max_size=n))),
    )
    return logged, mass / np.repeat(np.add.reduceat(mass, offsets[:-1]), sizes)


@settings(print_blob=True, max_examples=60, deadline=None)
@given(problems(), st.floats(-100, 100), st.none() | st.floats(0.1, 10))
def test_snips_moves_with_a_constant_that_is_added_to_the_rewards(
    problem: tuple[LoggedDecisions, Any], constant: float, clip: float | None
) -> None:
    logged, target = problem
    before = snips(logged, target, clip=clip)
    after = snips(replace(logged, reward=logged.reward + constant), target, clip=clip)
    assert after.value == pytest.approx(before.value + constant, abs=1e-9)
    assert after.high - after.low == pytest.approx(before.high - before.low, abs=1e-9)


@settings(print_blob=True, max_examples=60, deadline=None)
@given(problems())
def test_what_always_holds(problem: tuple[LoggedDecisions, Any]) -> None:
    logged, target = problem
    normalised = snips(logged, target)
    assert logged.reward.min() - 1e-9 <= normalised.value <= logged.reward.max() + 1e-9
    assert 0 < normalised.effective_sample_size <= len(logged) + 1e-9
    nothing_predicted = doubly_robust(logged, target, np.zeros(len(target)))
    assert nothing_predicted.value == pytest.approx(ips(logged, target).value)  # DR with q = 0 is IPS
    assert Estimate.model_validate_json(normalised.model_dump_json()) == normalised


# -- diagnostics ---------------------------------------------------------------------------------------------


def uniform_log(n: int, **change: Any) -> LoggedDecisions:
    """Pools of items 0 and 1, chosen in turn with probability 1/2 each."""
    fields = {
        "context": np.arange(n),
        "offsets": np.arange(0, 2 * n + 1, 2),
        "items": np.tile([0, 1], n),
        "chosen": np.arange(n) % 2,
        "propensity": np.full(n, 0.5),
        "reward": np.ones(n),
    }
    return LoggedDecisions(**{**fields, **change})


def test_diagnostics_by_hand() -> None:
    found = diagnose(uniform_log(100), np.tile([0.9, 0.1], 100))
    # Weights 1.8 and .2, fifty times each: sum 100, squares 50 * (3.24 + .04) = 164; 100^2 / 164 / 100 = 1 / 1.64.
    assert found.max_weight == pytest.approx(1.8)
    assert found.mean_weight == pytest.approx(1.0)
    assert found.effective_share == pytest.approx(1 / 1.64)
    assert found.missing_mass == pytest.approx(0.0)
    assert found.verdict == "supported"


@pytest.mark.parametrize("unreachable", [0.0, np.nan])
def test_mass_on_what_was_never_or_not_known_to_be_chosen_is_missing_support(unreachable: float) -> None:
    # GIVEN a log that always chose item 0
    logged = uniform_log(
        50,
        chosen=np.zeros(50, dtype=int),
        propensity=np.ones(50),
        pool_propensity=np.tile([1.0, unreachable], 50),
    )
    # WHEN the target chooses item 1 in 3 % of cases THEN that is too much, unless 3 % may be missing
    target = np.tile([0.97, 0.03], 50)
    assert diagnose(logged, target).verdict == "support is missing"
    assert diagnose(logged, target).missing_mass == pytest.approx(0.03)
    assert diagnose(logged, target, threshold=0.05).verdict == "supported"


def test_mass_outside_the_pool_is_missing_support() -> None:
    found = diagnose(uniform_log(100), np.tile([0.45, 0.45], 100))
    assert found.missing_mass == pytest.approx(0.1)
    assert found.verdict == "support is missing"


def test_missing_support_shows_in_the_weights_when_only_the_chosen_propensity_was_logged() -> None:
    # GIVEN a place without chance, logged as such, WHEN the target never chooses that item THEN no weight is above 0
    logged = uniform_log(50, chosen=np.zeros(50, dtype=int), propensity=np.ones(50))
    found = diagnose(logged, np.tile([0.0, 1.0], 50))
    assert found.verdict == "support is missing"
    assert (found.max_weight, found.effective_share) == (0.0, 0.0)


def test_propensities_that_are_too_small_show_in_the_weights() -> None:
    logged = uniform_log(100, propensity=np.full(100, 0.25))  # truly 1/2
    assert diagnose(logged, np.tile([0.5, 0.5], 100)).verdict == "propensities are inconsistent"


# -- policies and reward model -------------------------------------------------------------------------------

SCORES = np.array([0.0, np.log(3.0), 5.0, 5.0, 1.0])
OFFSETS = np.array([0, 2, 5])


def test_greedy_takes_the_first_of_the_best() -> None:
    assert greedy(SCORES, OFFSETS).tolist() == [0, 1, 1, 0, 0]


def test_softmax_by_hand() -> None:
    assert softmax(SCORES, OFFSETS)[:2] == pytest.approx([0.25, 0.75])  # 1 : 3
    assert softmax(SCORES, OFFSETS, temperature=0.5)[:2] == pytest.approx([0.1, 0.9])  # 1 : 9
    assert softmax(SCORES * 1e6, OFFSETS, temperature=1e-3) == pytest.approx([0, 1, 0.5, 0.5, 0])  # nothing overflows
    with pytest.raises(ConfigurationError, match="above 0"):
        softmax(SCORES, OFFSETS, temperature=0)


def test_cross_fit_learns_a_linear_reward_from_other_decisions() -> None:
    # GIVEN rewards that are .2 + .5 x, one feature
    x = np.tile([0.0, 1.0], 40)[:, None]
    logged = uniform_log(40, reward=0.2 + 0.5 * (np.arange(40) % 2))
    assert cross_fit(logged, x, ridge=1e-9)[:2] == pytest.approx([0.2, 0.7])
    # WHEN one outcome becomes absurd THEN its own prediction does not move, others do
    absurd = replace(logged, reward=np.where(np.arange(40) == 1, 100.0, logged.reward))
    predicted = cross_fit(absurd, x, ridge=1e-9)
    assert predicted[3] == pytest.approx(0.7)
    assert predicted.max() > 1


def test_cross_fit_refuses_what_it_cannot_use() -> None:
    logged = uniform_log(4)
    with pytest.raises(ValidationFailed, match="one row for each of the 8"):
        cross_fit(logged, np.zeros((7, 1)))
    with pytest.raises(ConfigurationError, match="from 2 to the 4 independent units"):
        cross_fit(logged, np.zeros((8, 1)), folds=5)
