"""Trains the house writer: ``python -m feedsmith_training.writing.train``, which ``feedsmith train writer`` runs.

Goes on where an interrupted run of the same recipe and data stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from feedsmith.content.embedders import load_embedder
from feedsmith.errors import FeedsmithError
from feedsmith.settings import Settings
from feedsmith.writing.house import READS
from feedsmith_training.writing.adapter import write_adapter
from feedsmith_training.writing.cases import Library, read_articles, read_cases
from feedsmith_training.writing.lora import Recipe, Trained, load_base, train


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, write the adapter and a report beside it; 1 with a line that says why not."""
    asked = _arguments(arguments)
    console = Console(stderr=True)
    settings = Settings()
    try:
        if asked.threads:
            torch.set_num_threads(asked.threads)
        recipe = Recipe(**{f.name: getattr(asked, f.name) for f in fields(Recipe)})
        articles = read_articles(asked.articles)
        held_out = {case.target for path in asked.held_out for case in read_cases(path, articles)}
        pairs = Library(articles, load_embedder(settings)).pairs(held_out, READS)
        base = settings.models_path / "smollm2" / "model.gguf"
        model, tokenizer = load_base(base)
        checkpoint = asked.out.with_suffix(".checkpoint")
        with _bar(console) as bar:
            task = bar.add_task("training", total=None, loss="")

            def told(step: int, steps: int, loss: float) -> None:
                bar.update(task, completed=step, total=steps, loss=f"loss {loss:.3f}")

            trained = train(pairs, model, tokenizer, recipe, checkpoint=checkpoint, progress=told)
        _write(asked.out, trained, model.config, base, len(pairs))
        checkpoint.unlink()
    except (FeedsmithError, OSError) as error:
        console.print(f"[bold red]error:[/] {error}", highlight=False, soft_wrap=True)
        return 1
    console.print(f"written to {asked.out}", highlight=False, soft_wrap=True)
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="feedsmith train writer", description=__doc__)
    parser.add_argument("--articles", type=Path, required=True, help="JSON Lines of headlines with their texts")
    parser.add_argument(
        "--held-out", type=Path, action="append", default=[], help="cases whose headlines are not trained on"
    )
    parser.add_argument("--out", type=Path, required=True, help="the adapter, GGUF")
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0: its own choice")
    for field in fields(Recipe):
        kind = float if isinstance(field.default, float) else int
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=kind, default=field.default)
    return parser.parse_args(arguments)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[loss]}"),
        TimeRemainingColumn(), console=console,
    )  # fmt: skip


def _write(out: Path, trained: Trained, config: Any, base: Path, pairs: int) -> None:
    write_adapter(
        out,
        trained.weights,
        alpha=trained.recipe.alpha,
        heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads,
        card={"name": "feedsmith house writer", "license": "Apache-2.0"},
    )
    report = {
        "base_sha256": hashlib.sha256(base.read_bytes()).hexdigest(),
        "adapter_sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
        "pairs": pairs,
        "steps": trained.steps,
        "loss": [round(sum(part) / len(part), 4) for part in _parts(trained.losses, 20)],
        "recipe": asdict(trained.recipe),
    }
    out.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def _parts(losses: Sequence[float], most: int) -> list[Sequence[float]]:
    """The losses in at most ``most`` runs of equal length, for a curve that a person reads."""
    size = max(1, -(-len(losses) // most))
    return [losses[start : start + size] for start in range(0, len(losses), size)]


if __name__ == "__main__":
    sys.exit(main())
