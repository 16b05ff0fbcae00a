"""How the commands speak, and where they find a running stack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from feedsmith.errors import FeedsmithError

STATE = Path(".feedsmith")
LOCAL_URL = "http://127.0.0.1:8000"

Url = Annotated[str, typer.Option(envvar="FEEDSMITH_URL", help="Where feedsmith listens.")]
Key = Annotated[
    str, typer.Option(envvar="FEEDSMITH_LOCAL_KEY", help="API key; by default that of a running serve here.")
]

console = Console()
errors = Console(stderr=True)
_unfolded = Console(width=10_000)


def show(table: Table) -> None:
    """Print a table, fitted to the screen; in a pipe or a file, where nobody looks at one, its lines stay whole."""
    (console if console.is_terminal else _unfolded).print(table)


def known_key(given: str) -> str:
    """The key given, or that of a `serve` that runs in this folder."""
    path = STATE / "key"
    return given or (path.read_text().strip() if path.is_file() else "")


@contextmanager
def one_line() -> Iterator[None]:
    """End with a line that names the remedy instead of a traceback."""
    try:
        yield
    except (FeedsmithError, OSError, TimeoutError) as error:
        errors.print(f"[bold red]error:[/] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
