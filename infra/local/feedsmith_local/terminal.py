"""How the commands speak, and where they find a running stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup
from typer.exceptions import TyperException

from feedsmith.errors import FeedsmithError

STATE = Path(".feedsmith")
LOCAL_URL = "http://127.0.0.1:8000"
MISUSED: Final = 2
INTERRUPTED: Final = 130  # 128 and the number of SIGINT, as shells have it

Url = Annotated[str, typer.Option(envvar="FEEDSMITH_URL", help="Where feedsmith listens.")]
Key = Annotated[
    str, typer.Option(envvar="FEEDSMITH_LOCAL_KEY", help="API key; by default that of a running serve here.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

console = Console()
errors = Console(stderr=True)
_unfolded = Console(width=10_000)


class Commands(TyperGroup):
    """The commands; whichever fails ends with one line that names the remedy, and another code than 0."""

    def make_context(self, *args: Any, **more: Any) -> Any:
        """Read what stands before the command's name."""
        with one_line():
            return super().make_context(*args, **more)

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        with one_line():
            return super().invoke(ctx)


def say(line: str) -> None:
    """Print a line as it is, never folded: it may hold what is copied from it."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def note(line: str) -> None:
    """Print a line beside the result, where pipes do not carry it; a screen folds it between words."""
    errors.print(line, highlight=False, markup=False, soft_wrap=not errors.is_terminal)


def answer(value: Any) -> None:
    """Print a result as JSON: a model, or what is JSON already."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    typer.echo(json.dumps(plain, indent=2, ensure_ascii=False))


def show(table: Table) -> None:
    """Print a table, fitted to the screen; in a pipe or a file, where nobody looks at one, its lines stay whole."""
    (console if console.is_terminal else _unfolded).print(table)


def bar() -> Progress:
    """Progress of long work, on the error output; nothing but its last state where that is no terminal."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=errors,
        disable=not errors.is_terminal,
    )


def known_key(given: str) -> str:
    """The key given, or that of a `serve` that runs in this folder."""
    path = STATE / "key"
    return given or (path.read_text().strip() if path.is_file() else "")


@contextmanager
def one_line() -> Iterator[None]:
    """End with a line that names the remedy instead of a traceback."""
    try:
        yield
    except TyperException as error:
        # Of those, only mistakes in the command line have a message; of many lines, it is help that was wanted.
        said = error.format_message() if hasattr(error, "format_message") else "\n"
        if "\n" in said:
            raise
        command = getattr(getattr(error, "ctx", None), "command_path", "feedsmith")
        raise _ended(f"{said.removesuffix('.')}: see {command} --help", MISUSED) from None
    except BrokenPipeError:
        raise  # typer ends quietly: whoever reads the pipe has seen enough
    except (FeedsmithError, OSError) as error:
        raise _ended(str(error)) from None
    except ValidationError as error:
        if error.title != "Settings":
            raise
        wrong = (f"FEEDSMITH_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise _ended(f"{'; '.join(wrong)}; mend or unset it") from None
    except KeyboardInterrupt:
        raise _ended("interrupted; what was done stays done", INTERRUPTED) from None


def _ended(why: str, code: int = 1) -> typer.Exit:
    line = Text.assemble(("error: ", "bold red"), " ".join(why.split()))
    errors.print(line, highlight=False, soft_wrap=not errors.is_terminal)
    return typer.Exit(code)
