"""``feedsmith evaluate``: measures rankers on logs, and writers on cases."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from feedsmith_local.terminal import errors

evaluate = typer.Typer(no_args_is_help=True, help="Measure rankers on logs of clicks, and writers on headlines.")

NEEDED = ("feedsmith_training", "torch", "lightgbm", "implicit", "gensim", "matplotlib")
NEEDED_FOR_WRITING = ("feedsmith_training", "rouge_score", "xllamacpp")


class Format(StrEnum):
    """Logs that can be read."""

    MIND = "mind"
    MOVIES = "movies"
    EVENTS = "events"


@evaluate.command()
def ranking(
    items: Annotated[Path, typer.Option("--news", "--items", help="news.tsv, movies.jsonl, or an export of items.")],
    train: Annotated[Path, typer.Option(help="What to train on: behaviors.tsv, ratings.csv, or an export of events.")],
    json: Annotated[Path, typer.Option(help="Where the report goes, and a PNG beside it.")],
    test: Annotated[
        Path | None, typer.Option(help="A later behaviors.tsv to measure on; without it, --train is split by time.")
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="Of the files.")] = Format.MIND,
    train_size: Annotated[
        int | None, typer.Option(min=1, help="Earliest impressions, to train on. [default: three quarters]")
    ] = None,
    test_size: Annotated[
        int | None, typer.Option(min=1, help="Impressions after them, to measure on. [default: all]")
    ] = None,
    domain: Annotated[str, typer.Option(help="Domain of an export's items.")] = "news",
) -> None:
    """Train on the earlier impressions, measure all rankers on the later ones, write JSON and PNG."""
    _need(NEEDED)
    given = {
        "--format": format_.value, "--items": items, "--train": train, "--test": test, "--train-size": train_size,
        "--test-size": test_size, "--domain": domain, "--json": json,
    }  # fmt: skip
    options = [f"{name}={value}" for name, value in given.items() if value is not None]
    _run("feedsmith_training.evaluation", options)


@evaluate.command()
def writing(
    articles: Annotated[Path, typer.Option(help="JSON Lines of headlines, texts and authors.")],
    cases: Annotated[Path, typer.Option(help="JSON Lines of texts to write for, with their readers' articles.")],
    json: Annotated[Path, typer.Option(help="Where the report goes.")],
    most: Annotated[int | None, typer.Option(min=1, help="Cases, spread evenly. [default: all]")] = None,
    rows: Annotated[str | None, typer.Option(help="The only writers, by commas. [default: all]")] = None,
) -> None:
    """Write every case with every writer, measure without and with the gate, write JSON."""
    _need(NEEDED_FOR_WRITING)
    given = {"--articles": articles, "--cases": cases, "--json": json, "--most": most, "--rows": rows}
    options = [f"{name}={value}" for name, value in given.items() if value is not None]
    _run("feedsmith_training.writing.evaluation", options)


def _need(packages: Sequence[str]) -> None:
    if missing := [name for name in packages if find_spec(name) is None]:
        errors.print(
            f"[bold red]error:[/] evaluating needs {', '.join(missing)}: run `make install`",
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(1)


def _run(module: str, options: Sequence[str]) -> None:
    """In another process, since this package runs where torch is not, and imports nothing of what needs it."""
    done = subprocess.run([sys.executable, "-m", module, *options], check=False)
    raise typer.Exit(done.returncode)
