"""``python -m feedsmith_local.chaos``: what ``make chaos`` runs."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from feedsmith_local.chaos.run import run, write
from feedsmith_local.terminal import console, errors, one_line


def main(
    events: Annotated[int, typer.Option(min=100, help="How many events are posted.")] = 100_000,
    seed: Annotated[int | None, typer.Option(help="Of events and faults; by default any.")] = None,
    report: Annotated[Path, typer.Option("--json", help="Where the figures are written.")] = Path("reports/chaos.json"),
) -> None:
    """Post events to the local stack under faults, and compare what comes out with what should."""
    chosen = random.SystemRandom().randrange(2**31) if seed is None else seed
    console.print(f"seed {chosen}; again with SEED={chosen}", highlight=False)
    with one_line(), tempfile.TemporaryDirectory(prefix="feedsmith-chaos-") as state:
        found = run(
            seed=chosen, events=events, state_dir=Path(state), progress=lambda said: errors.print(said, highlight=False)
        )
    write(found, report)
    console.print(report.read_text(), highlight=False)
    if found.failures:
        errors.print(f"[bold red]failed:[/] {'; '.join(found.failures)}")
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
