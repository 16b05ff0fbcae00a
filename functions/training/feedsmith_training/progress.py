"""How long work is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from feedsmith_training.formats.vectors import Progress as Told


@contextmanager
def bar() -> Iterator[Told]:
    """A progress bar per stage, on the error output."""
    shown = Progress(
        TextColumn("{task.description:>16}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    stages: dict[str, TaskID] = {}

    def told(stage: str, share: float) -> None:
        if stage not in stages:
            stages[stage] = shown.add_task(stage, total=1.0)
        shown.update(stages[stage], completed=share)

    with shown:
        yield told
