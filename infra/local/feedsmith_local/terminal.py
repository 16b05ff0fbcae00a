"""How the commands speak."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.table import Table

from feedsmith.errors import FeedsmithError

console = Console()
errors = Console(stderr=True)
_unfolded = Console(width=10_000)


def show(table: Table) -> None:
    """Print a table, fitted to the screen; in a pipe or a file, where nobody looks at one, its lines stay whole."""
    (console if console.is_terminal else _unfolded).print(table)


@contextmanager
def one_line() -> Iterator[None]:
    """End with a line that names the remedy instead of a traceback."""
    try:
        yield
    except (FeedsmithError, OSError, TimeoutError) as error:
        errors.print(f"[bold red]error:[/] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
