"""Figures of an evaluation, as they go into its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from feedsmith_training.metrics import METRICS, Floats, PairedBootstrap, Rows, compare, interval

COMPARED = "additive"
"""The ranker whose difference to all others is reported."""

GROUPS: Mapping[str, tuple[int, float]] = {"0": (0, 0), "1-5": (1, 5), "6-20": (6, 20), "more": (21, np.inf)}
"""Groups of impressions, by how many events of the reader came before."""

DIFFERENCES = ("auc", "ndcg@10")
DIGITS = 5


def tables(metrics: Mapping[str, Floats], users: Rows, *, resamples: int, seed: int = 0) -> dict[str, Any]:
    """``rows``: each ranker's metrics with intervals; ``differences``: the trained ranker less each other one.

    Parameters
    ----------
    metrics
        Ranker -> metrics of each impression, (n, 4).
    users
        Shape (n,): whose impression each is.
    """
    means = compare(metrics, PairedBootstrap(users, resamples=resamples, seed=seed))
    rows = [{"ranker": name, **_cells(metrics[name], means[name], METRICS), "n": len(users)} for name in metrics]
    differences = [
        {"ranker": name, **_cells(metrics[COMPARED] - metrics[name], means[COMPARED] - means[name], DIFFERENCES)}
        for name in metrics
        if COMPARED in metrics and name != COMPARED
    ]
    return {"rows": rows, "differences": differences}


def groups(metrics: Mapping[str, Floats], users: Rows, history: Rows, *, resamples: int) -> dict[str, Any]:
    """The tables of each group of ``GROUPS`` that has impressions; ``history`` (n,) counts earlier events."""
    found = {}
    for name, (least, most) in GROUPS.items():
        there = (history >= least) & (history <= most)
        if there.any():
            of_group = {ranker: values[there] for ranker, values in metrics.items()}
            found[name] = {"n": int(there.sum()), **tables(of_group, users[there], resamples=resamples)}
    return found


def group_of(history: Rows) -> list[str]:
    """Name of each impression's group."""
    return [next(name for name, (least, most) in GROUPS.items() if least <= n <= most) for n in history.tolist()]


def _cells(values: Floats, means: Floats, names: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for column, name in enumerate(METRICS):
        if name in names:
            found[name] = round(float(values[:, column].mean()), DIGITS)
            found[f"{name}_ci"] = [round(edge, DIGITS) for edge in interval(means[:, column])]
    return found


def rounded(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The same with fewer digits, also inside."""
    return {
        name: rounded(value) if isinstance(value, Mapping) else round(value, DIGITS) for name, value in figures.items()
    }
