"""``feedsmith evaluate``: measures rankers on logs, and writers on cases."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from feedsmith_local.processes import need, run

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
    report: Annotated[Path, typer.Option("--json", help="Where the JSON report goes, and a PNG beside it.")],
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
    need(NEEDED, "evaluating")
    given = {
        "--format": format_.value, "--items": items, "--train": train, "--test": test, "--train-size": train_size,
        "--test-size": test_size, "--domain": domain, "--json": report,
    }  # fmt: skip
    run("feedsmith_training.evaluation", given)


@evaluate.command()
def writing(
    articles: Annotated[Path, typer.Option(help="JSON Lines of headlines, texts and authors.")],
    cases: Annotated[Path, typer.Option(help="JSON Lines of texts to write for, with their readers' articles.")],
    report: Annotated[Path, typer.Option("--json", help="Where the JSON report goes.")],
    most: Annotated[int | None, typer.Option(min=1, help="Cases, spread evenly. [default: all]")] = None,
    rows: Annotated[str | None, typer.Option(help="The only writers, by commas. [default: all]")] = None,
) -> None:
    """Write every case with every writer, measure without and with the gate, write JSON."""
    need(NEEDED_FOR_WRITING, "evaluating")
    given = {"--articles": articles, "--cases": cases, "--json": report, "--most": most, "--rows": rows}
    run("feedsmith_training.writing.evaluation", given)
