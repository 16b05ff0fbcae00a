"""The picture beside an evaluation's JSON: how far the trained ranker is ahead of each other one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from feedsmith_training.ranking_report import COMPARED, DIFFERENCES

LABELS = {"auc": "AUC", "ndcg@10": "nDCG@10"}


def draw(differences: Sequence[Mapping[str, Any]], path: Path, title: str) -> None:
    """Write a PNG of the differences with their 95 % intervals, the largest on top."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 1.6 + 0.32 * len(differences)), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=11)
    for panel, metric in zip(figure.subplots(1, len(DIFFERENCES), sharey=True), DIFFERENCES, strict=True):
        ordered = sorted(differences, key=lambda row: row[DIFFERENCES[0]])
        panel.axvline(0.0, color="0.6", linewidth=1)
        for place, row in enumerate(ordered):
            low, high = row[f"{metric}_ci"]
            colour = "tab:green" if low > 0 else "tab:red" if high < 0 else "0.4"
            panel.plot([low, high], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
            panel.plot(row[metric], place, "o", color=colour, markersize=5)
        panel.set_yticks(range(len(ordered)), [row["ranker"] for row in ordered])
        panel.set_xlabel(f"{LABELS[metric]}: {COMPARED} less the other, 95 % interval")
        panel.grid(axis="x", color="0.9")
    figure.savefig(path)
