"""How the commands speak."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from feedsmith.errors import FeedsmithError

console = Console()
errors = Console(stderr=True)


@contextmanager
def one_line() -> Iterator[None]:
    """End with a line that names the remedy instead of a traceback."""
    try:
        yield
    except (FeedsmithError, OSError, TimeoutError) as error:
        errors.print(f"[bold red]error:[/] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
