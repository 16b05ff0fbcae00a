"""Measures all rankers on a log: ``python -m feedsmith_training.evaluation``, which ``feedsmith evaluate`` runs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from feedsmith.content.embedders import load_embedder
from feedsmith.errors import FeedsmithError
from feedsmith.settings import Settings
from feedsmith_training import lift_chart
from feedsmith_training.additive import Recipe
from feedsmith_training.baselines import all_baselines
from feedsmith_training.baselines.base import Baseline, Part
from feedsmith_training.formats.sources import FORMATS, Files, Source, read_source
from feedsmith_training.formats.vectors import Progress as Told
from feedsmith_training.formats.vectors import silent
from feedsmith_training.metrics import METRICS, beyond_accuracy, clicks_before_all
from feedsmith_training.progress import bar
from feedsmith_training.rankers import SEEDS, Evaluation, Scored
from feedsmith_training.ranking_fairness import fairness
from feedsmith_training.ranking_report import COMPARED, DIGITS, groups, rounded, tables
from feedsmith_training.reranking_report import reranking_table

RESAMPLES = 10_000


def evaluate(
    source: Source,
    *,
    baselines: Sequence[Baseline] | None = None,
    seeds: Sequence[int] = SEEDS,
    recipe: Recipe | None = None,
    resamples: int = RESAMPLES,
    progress: Told = silent,
) -> dict[str, Any]:
    """Fit and measure all rankers; the report, as it goes into JSON.

    ``rows``: each ranker's means over the measured impressions, with 95 % intervals of a bootstrap over users, and what
    its best ten are like (:func:`~feedsmith_training.metrics.beyond_accuracy`). The trained ranker's metrics are, per
    impression, the mean over the seeds, so that they are those of one model on average and not of an ensemble; what
    looks at lists (``coverage`` to ``exposure``, ``reranking``, ``fairness``) takes the first seed's. ``differences``:
    the trained ranker less each other one, on the same resamples. ``groups``: both tables by the reader's number of
    earlier events. ``skipped``: rankers without a row, and why.
    """
    chosen = all_baselines(source.domain.weights) if baselines is None else baselines
    found = Evaluation(source, seeds=seeds, recipe=recipe, progress=progress).run(chosen)
    users = np.array([impression.user for impression in found.test.log.impressions], dtype=np.intp)
    report = tables(found.metrics, users, resamples=resamples)
    clicks = np.expm1(found.test.table.columns(["clicks_total"])[:, 0].astype(np.float64))
    before = clicks_before_all(source.log)[source.train :]
    for row in report["rows"]:
        scores = found.scores[row["ranker"]]
        row |= rounded(beyond_accuracy(scores, found.test.table.offsets, found.test.log, clicks, before))
        if row["ranker"] == COMPARED:
            row["by_seed"] = {
                name: [round(float(values[:, column].mean()), DIGITS) for values in found.by_seed]
                for column, name in enumerate(METRICS)
            }
    report["groups"] = groups(found.metrics, users, found.test.table.history, resamples=resamples)
    if COMPARED in found.scores:
        scores, rule = found.scores[COMPARED], source.domain.reranking
        report["reranking"] = {
            "rule": rule.model_dump(),
            "measures": reranking_table(found.test, scores, rule, resamples=resamples),
        }
        report["fairness"] = fairness(found.train, found.test, scores)
    return report | {
        "skipped": found.skipped,
        "data": _data(source, found),
        "left_out": dict(source.log.left_out),
        "seeds": list(seeds),
        "resamples": resamples,
        "seconds": found.seconds,
    }


def _data(source: Source, found: Scored) -> dict[str, Any]:
    def part(of: Part) -> dict[str, Any]:
        impressions = of.log.impressions
        times = [datetime.fromtimestamp(impressions[place].at, UTC).isoformat() for place in (0, -1)]
        return {
            "impressions": len(impressions),
            "users": len({impression.user for impression in impressions}),
            "clicks": of.log.clicks,
            "candidates": len(of.table.clicked),
            "from": times[0],
            "to": times[1],
        }

    return {
        "format": source.format,
        "domain": source.domain.name,
        "items": len(source.log.catalogue),
        "embedder": source.log.catalogue.embedder,
        "half_lives_hours": asdict(source.half_lives),
        "train": part(found.train),
        "test": part(found.test),
    }


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="feedsmith evaluate ranking", description=__doc__)
    parser.add_argument("--format", choices=FORMATS, default="mind")
    parser.add_argument("--items", type=Path, required=True)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path)
    parser.add_argument("--train-size", type=int)
    parser.add_argument("--test-size", type=int)
    parser.add_argument("--domain", default="news")
    parser.add_argument("--json", type=Path, required=True)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate, write the JSON and the PNG beside it, and print the rows; 1 with a line that says why not."""
    asked = vars(_arguments(arguments))
    target: Path = asked.pop("json")
    console = Console()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with bar() as progress:
            source = read_source(Files(**asked), lambda: load_embedder(Settings()), progress=progress)
            report = evaluate(source, progress=progress)
        target.write_text(json.dumps(report, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        if report["differences"]:
            lift_chart.draw(report["differences"], target.with_suffix(".png"), _title(report))
    except (FeedsmithError, OSError) as error:
        Console(stderr=True).print(f"[bold red]error:[/] {error}", highlight=False, soft_wrap=True)
        return 1
    _show(report, console)
    console.print(f"written to {target}", highlight=False, soft_wrap=True)
    return 0


def _title(report: dict[str, Any]) -> str:
    data = report["data"]
    return f"{data['format']}: {data['test']['impressions']} impressions after {data['train']['impressions']}"


def _show(report: dict[str, Any], console: Console) -> None:
    from rich.table import Table

    table = Table(title=_title(report), title_justify="left")
    table.add_column("ranker", no_wrap=True)
    for column in METRICS:
        table.add_column(column)
    for row in report["rows"]:
        low, high = row["auc_ci"]
        table.add_row(
            row["ranker"], f"{row['auc']:.4f} [{low:.3f}, {high:.3f}]", *(f"{row[m]:.4f}" for m in METRICS[1:])
        )
    console.print(table, markup=False)
    for why, count in report["left_out"].items():
        console.print(f"left out: {count} x {why}", markup=False)
    for why in dict.fromkeys(report["skipped"].values()):
        console.print(f"without the trained rankers: {why}", markup=False)


if __name__ == "__main__":
    sys.exit(main())
