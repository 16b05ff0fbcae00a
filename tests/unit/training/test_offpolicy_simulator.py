"""The estimators against a simulator whose truth is known."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pytest

from feedsmith_training.offpolicy import cross_fit, doubly_robust, greedy, ips, snips, softmax
from feedsmith_training.offpolicy.__main__ import main
from feedsmith_training.offpolicy.policies import thompson
from feedsmith_training.offpolicy.simulator import ClickSimulator, target_of

REPLICATIONS = 200
DECISIONS = 1_000

WORLD = ClickSimulator.make(seed=3, users=30, items=60, pool=6)
BELIEFS = WORLD.guess(noise=1.0, seed=4)
LOGGING = thompson(BELIEFS, np.full(BELIEFS.shape, 1.5))
TARGET = softmax(WORLD.guess(noise=0.3, seed=5).ravel(), WORLD.offsets, temperature=0.5).reshape(BELIEFS.shape)
TRUTH = WORLD.true_value(TARGET)

Runs: TypeAlias = dict[str, npt.NDArray[np.float64]]


def test_the_true_value_by_hand() -> None:
    # GIVEN one user with taste (1, 0), two items (1, 0) and (0, 1) without appeal, two places that cost 0 and 1
    world = ClickSimulator(
        taste=np.array([[1.0, 0.0]]),
        vector=np.array([[1.0, 0.0], [0.0, 1.0]]),
        appeal=np.zeros(2),
        place_bias=np.array([0.0, -1.0]),
        pools=np.array([[0, 1]]),
        bias=-1.0,
    )
    # Logits: place 0: -1 + 2 = 1 and -1; place 1: 0 and -2.
    sigmoid = [[0.7310586, 0.2689414], [0.5, 0.1192029]]
    assert world.click_probability == pytest.approx(np.array(sigmoid), abs=1e-6)
    # WHEN it chooses item 0 always at place 0, and item 1 in three of four cases at place 1
    policy = np.array([[1.0, 0.0], [0.25, 0.75]])
    # THEN (0.7310586 + 0.125 + 0.0894022) / 2
    assert world.true_value(policy) == pytest.approx(0.4727304, abs=1e-6)


def test_thompson_with_two_arms_is_a_normal_probability() -> None:
    # P(N(1, 3^2) > N(0, 4^2)) = Phi(1 / sqrt(9 + 16)) = Phi(.2) = .5792597; equal beliefs share alike.
    chance = thompson(np.array([[1.0, 0.0]]), np.array([[3.0, 4.0]]))
    assert chance[0] == pytest.approx([0.5792597, 0.4207403], abs=1e-6)
    assert thompson(np.zeros((1, 3)), np.ones((1, 3)))[0] == pytest.approx([1 / 3] * 3)


def test_the_same_seed_gives_the_same_world_and_log() -> None:
    again = ClickSimulator.make(seed=3, users=30, items=60, pool=6)
    assert again.true_value(TARGET) == TRUTH
    one, two, other = (WORLD.log(LOGGING, 50, seed) for seed in (1, 1, 2))
    assert one.chosen.tolist() == two.chosen.tolist()
    assert one.reward.tolist() == two.reward.tolist()
    assert one.chosen.tolist() != other.chosen.tolist()


def test_the_log_says_with_which_probability_it_chose() -> None:
    logged = WORLD.log(LOGGING, 40_000, seed=1)
    # In 40,000 draws the mean of (chosen - probability) per pool place stays within 4 standard errors, .5 / 200 each.
    rows = logged.pool_propensity
    assert rows is not None
    drawn = np.zeros_like(rows)
    drawn[logged.chosen_at] = 1
    assert np.abs((drawn - rows).reshape(-1, 6).mean(axis=0)).max() < 4 * 0.5 / 200
    assert logged.reward.mean() == pytest.approx(WORLD.true_value(LOGGING), abs=4 * 0.5 / 200)


@pytest.fixture(scope="module")
def runs() -> Runs:
    """Values and interval ends, (3, replications), of each estimator over independent logs."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    for seed in range(REPLICATIONS):
        logged = WORLD.log(LOGGING, DECISIONS, seed=1_000 + seed)
        target = target_of(TARGET, logged)
        truth = WORLD.click_probability[logged.context].ravel()
        fitted = cross_fit(logged, WORLD.features(logged), folds=2)
        # The wrong propensities: as if the choice had been uniform. The wrong rewards: what is liked is disliked.
        careless = replace(logged, propensity=np.full(len(logged), 1 / 6), pool_propensity=None)
        estimates = {
            "ips": ips(logged, target),
            "snips": snips(logged, target),
            "dr": doubly_robust(logged, target, fitted),
            "dr, wrong rewards": doubly_robust(logged, target, 1 - truth),
            "dr, wrong propensities": doubly_robust(careless, target, truth),
            "ips, wrong propensities": ips(careless, target),
            "ips, clipped": ips(logged, target, clip=1.5),
            "snips, clipped": snips(logged, target, clip=1.5),
            "dr, clipped": doubly_robust(logged, target, 1 - truth, clip=1.5),
        }
        for name, estimate in estimates.items():
            found.setdefault(name, []).append((estimate.value, estimate.low, estimate.high))
    return {name: np.array(values).T for name, values in found.items()}


@pytest.mark.parametrize("name", ["ips", "snips", "dr", "dr, wrong rewards", "dr, wrong propensities"])
def test_the_interval_holds_the_truth_as_often_as_it_says(runs: Runs, name: str) -> None:
    _, low, high = runs[name]
    assert 0.90 <= ((low <= TRUTH) & (high >= TRUTH)).mean() <= 0.99


@pytest.mark.parametrize("name", ["ips", "snips", "dr", "dr, wrong rewards", "dr, wrong propensities"])
def test_the_mean_over_many_logs_is_the_truth(runs: Runs, name: str) -> None:
    value = runs[name][0]
    assert abs(value.mean() - TRUTH) < 3 * value.std(ddof=1) / np.sqrt(REPLICATIONS)


def test_wrong_propensities_alone_do_mislead(runs: Runs) -> None:
    # Else the test of doubly robust above would show nothing.
    value = runs["ips, wrong propensities"][0]
    assert abs(value.mean() - TRUTH) > 10 * value.std(ddof=1) / np.sqrt(REPLICATIONS)


def test_a_decent_reward_model_narrows_the_estimate(runs: Runs) -> None:
    assert runs["dr"][0].var() < 0.8 * runs["ips"][0].var()
    assert (runs["dr"][2] - runs["dr"][1]).mean() < (runs["ips"][2] - runs["ips"][1]).mean()


def test_clipping_trades_variance_for_bias(runs: Runs) -> None:
    for whole, clipped in (("ips", "ips, clipped"), ("snips", "snips, clipped"), ("dr, wrong rewards", "dr, clipped")):
        assert runs[clipped][0].var() < runs[whole][0].var()
    assert runs["ips, clipped"][0].mean() < TRUTH - 0.01  # rewards are never below 0: the bias is downwards


def test_a_greedy_target_is_estimated_too() -> None:
    policy = greedy(WORLD.relevance.ravel(), WORLD.offsets).reshape(BELIEFS.shape)
    logged = WORLD.log(LOGGING, 20_000, seed=1)
    estimate = snips(logged, target_of(policy, logged))
    assert estimate.low < WORLD.true_value(policy) < estimate.high


def test_the_module_prints_the_table_with_its_seed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--seed", "11", "--decisions", "3000"])
    printed = json.loads(capsys.readouterr().out)
    assert (printed["seed"], printed["decisions"]) == (11, 3000)
    for row in printed["targets"]:
        assert 0 < row["truth"] < 1
        assert row["diagnostics"]["verdict"] == "supported"
        for name in ("ips", "snips", "doubly_robust"):
            assert row[name]["low"] < row[name]["value"] < row[name]["high"]
