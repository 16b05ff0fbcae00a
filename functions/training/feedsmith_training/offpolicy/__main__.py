"""`python -m feedsmith_training.offpolicy`: the three estimates beside the simulator's truth, as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

import numpy as np

from feedsmith_training.offpolicy import cross_fit, diagnose, doubly_robust, greedy, ips, snips, softmax
from feedsmith_training.offpolicy.logged import Floats
from feedsmith_training.offpolicy.policies import thompson
from feedsmith_training.offpolicy.simulator import ClickSimulator, target_of


def table(seed: int, decisions: int) -> dict[str, object]:
    """Log under Thompson exploration with a poor ranker's beliefs; estimate two policies of a better one."""
    world = ClickSimulator.make(seed)
    beliefs = world.guess(noise=1.0, seed=seed + 1)
    logging = thompson(beliefs, np.full(beliefs.shape, 1.5))
    logged = world.log(logging, decisions, seed=seed + 2)
    better = world.guess(noise=0.3, seed=seed + 3)
    predicted = cross_fit(logged, world.features(logged), seed=seed + 4)

    def row(name: str, policy: Floats) -> dict[str, object]:
        target = target_of(policy, logged)
        return {
            "policy": name,
            "truth": world.true_value(policy),
            "ips": ips(logged, target).model_dump(),
            "snips": snips(logged, target).model_dump(),
            "doubly_robust": doubly_robust(logged, target, predicted).model_dump(),
            "diagnostics": diagnose(logged, target).model_dump(),
        }

    flat = better.ravel()
    return {
        "seed": seed,
        "decisions": decisions,
        "logging_policy": {"name": "thompson", "truth": world.true_value(logging), "mean": float(logged.reward.mean())},
        "targets": [
            row("softmax of a better ranker", softmax(flat, world.offsets, temperature=0.25).reshape(better.shape)),
            row("greedy by a better ranker", greedy(flat, world.offsets).reshape(better.shape)),
        ],
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m feedsmith_training.offpolicy", description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--decisions", type=int, default=20_000)
    chosen = parser.parse_args(arguments)
    sys.stdout.write(json.dumps(table(chosen.seed, chosen.decisions), indent=2) + "\n")


if __name__ == "__main__":
    main()
