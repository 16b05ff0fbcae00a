"""What may be concluded from an experiment, and what not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from feedsmith.experiments import Experiment, MetricName
from feedsmith.insight.messages import Arm, Contrast, Estimate, ExperimentView, Result, Verdict, Why
from feedsmith.insight.statistics import (
    Comparison,
    Ratio,
    compare_always,
    compare_once,
    interval,
    split_p,
    users_needed,
)

ALPHA: Final = 0.05
BROKEN_SPLIT: Final = 0.001
LEAST_USERS: Final = 100
"""Users in a variant, below which a normal approximation is not trusted."""
LEAST_HITS: Final = 50
"""Clicks (or what the metric counts) in a variant, for the same reason."""

COUNTED: Final[dict[MetricName, str]] = {"ctr": "clicks", "cvr": "conversions", "usat": "satisfied ratings"}
_METHODS: Final = {
    "sequential": "mixture sequential probability ratio test on the log ratio; valid however often it is looked at",
    "fixed_horizon": "two-sided z test on the log ratio, delta method by user; valid once, at the horizon",
}


def result(
    experiment: Experiment, ratios: Mapping[str, Ratio] | None, *, counted_at: datetime | None, k_anonymity: int
) -> Result:
    """The figures, the test and the verdicts.

    Parameters
    ----------
    ratios
        By variant, as counted at ``counted_at``; None: it was not counted since it started.
    k_anonymity
        A variant of fewer users is not told of.
    """
    names = [variant.name for variant in experiment.variants]
    found = [(ratios or {}).get(name, Ratio()) for name in names]
    alpha = ALPHA / (len(names) - 1)
    control = found[0]
    told = [ratio.n >= k_anonymity for ratio in found]
    p = split_p([ratio.n for ratio in found], experiment.shares()) if ratios and all(told) else None
    relative = control.relative_variance
    needed = (
        users_needed(relative * control.n, experiment.minimum_effect, alpha=alpha)
        if relative and control.n >= LEAST_USERS
        else None
    )
    return Result(
        experiment=ExperimentView.of(experiment),
        counted_at=counted_at if ratios is not None else None,
        method=_METHODS[experiment.test],
        alpha=alpha,
        users_needed=needed,
        split_p=p,
        arms=tuple(
            _arm(name, share, ratio) if seen else Arm(variant=name, share=share)
            for name, share, ratio, seen in zip(names, experiment.shares(), found, told, strict=True)
        ),
        contrasts=tuple(
            _contrast(experiment, name, _obstacle(experiment, ratios, found, p, counted_at), control, ratio, alpha)
            for name, ratio in zip(names[1:], found[1:], strict=True)
        ),
    )


def estimate(ratio: Ratio, *, proportion: bool) -> Estimate:
    """A ratio and its interval."""
    bounds = interval(ratio, proportion=proportion)
    low, high = bounds if bounds is not None else (None, None)
    return Estimate(value=ratio.value, low=low, high=high)


def _arm(name: str, share: float, ratio: Ratio) -> Arm:
    value = estimate(ratio, proportion=True)
    return Arm(variant=name, share=share, users=ratio.n, numerator=ratio.y, denominator=ratio.x, value=value)


def _obstacle(
    experiment: Experiment,
    ratios: Mapping[str, Ratio] | None,
    found: list[Ratio],
    p: float | None,
    counted_at: datetime | None,
) -> tuple[Why, str] | None:
    """Why no conclusion may be drawn; None: one may."""
    if experiment.started_at is None:
        return "not_started", "The experiment has not started."
    if ratios is None or counted_at is None or counted_at < experiment.started_at:
        return "not_counted_yet", "Nothing was counted since the start; the next count will."
    if p is not None and p < BROKEN_SPLIT:
        return "sample_ratio_mismatch", (
            f"No conclusion may be drawn: users did not fall into the variants as planned (p = {p:.2g}). Some got lost "
            "in one of them; find out where, and start anew."
        )
    if experiment.horizon is not None and counted_at < experiment.horizon:
        return "horizon_not_reached", (
            f"No conclusion yet: this test is valid once, at {experiment.horizon:%Y-%m-%d %H:%M} UTC. Stopping at a "
            "good moment before would find effects that are not there."
        )
    what = COUNTED[experiment.metric]
    if any(ratio.n < LEAST_USERS or ratio.y < LEAST_HITS for ratio in found):
        return "too_little_data", (
            f"No conclusion may be drawn: each variant needs at least {LEAST_USERS} users and {LEAST_HITS} {what}."
        )
    return None


def _contrast(
    experiment: Experiment,
    name: str,
    obstacle: tuple[Why, str] | None,
    control: Ratio,
    treated: Ratio,
    alpha: float,
) -> Contrast:
    if obstacle is not None:
        why, says = obstacle
        return Contrast(variant=name, verdict="no_conclusion", why=why, says=says)
    compared = (
        compare_always(control, treated, alpha, experiment.minimum_effect)
        if experiment.test == "sequential"
        else compare_once(control, treated, alpha)
    )
    if compared is None:
        says = (
            "No conclusion may be drawn: the ratio is the same for each user, so that there is nothing to judge it by."
        )
        return Contrast(variant=name, verdict="no_conclusion", why="too_little_data", says=says)
    verdict = _verdict(compared, experiment.minimum_effect)
    return Contrast(
        variant=name,
        verdict=verdict,
        why="tested",
        says=_says(verdict, compared, experiment),
        lift=compared.lift,
        low=compared.low,
        high=compared.high,
        p=compared.p,
    )


def _verdict(compared: Comparison, effect: float) -> Verdict:
    if compared.low > 0:
        return "better"
    if compared.high < 0:
        return "worse"
    return "equivalent" if -effect < compared.low and compared.high < effect else "undecided"


def _says(verdict: Verdict, compared: Comparison, experiment: Experiment) -> str:
    change = f"{compared.lift:+.1%} ({compared.low:+.1%} to {compared.high:+.1%})"
    going_on = " It may go on." if experiment.test == "sequential" and experiment.status == "running" else ""
    return {
        "better": f"Better than the control: {change}.",
        "worse": f"Worse than the control: {change}.",
        "equivalent": f"No change that would matter: {change}.",
        "undecided": f"No difference was found: {change}.{going_on}",
    }[verdict]
