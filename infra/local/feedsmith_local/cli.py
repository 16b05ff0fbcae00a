"""The ``feedsmith`` command."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from feedsmith_local import cli_access, cli_evaluate, cli_experiments, cli_redrive, cli_tenants, training
from feedsmith_local.terminal import LOCAL_URL, STATE, Key, Url, console, errors, one_line, show

if TYPE_CHECKING:
    from feedsmith.models import TextKind

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Ranks content for each person and writes it for them."
)
app.command("redrive")(cli_redrive.redrive)
app.add_typer(cli_access.keys, name="keys")
app.add_typer(cli_access.issuers, name="issuers")
app.add_typer(cli_tenants.tenants, name="tenants")
app.add_typer(cli_tenants.erasure, name="erasure")
app.add_typer(cli_evaluate.evaluate, name="evaluate")
app.add_typer(cli_experiments.experiments, name="experiments")
app.add_typer(training.export, name="export")
app.add_typer(training.train, name="train")
app.add_typer(training.models, name="models")

BATCH = 100

Domain = Annotated[str, typer.Option(help="Domain of the content, such as news or commerce.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port of the API; 0: any free one.")]


@app.command()
def serve(
    port: Port = 8000,
    content: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Content to ingest at once.")
    ] = None,
    domain: Domain = "news",
) -> None:
    """Run the whole stack here until Ctrl-C. Its data goes with it."""
    from feedsmith_local.stack import LocalStack

    _log()
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_, signal.default_int_handler)
    with one_line(), suppress(KeyboardInterrupt), LocalStack(STATE, port=port) as stack, _key_file(stack.key):
        console.print(f"feedsmith listens on [bold]{stack.base_url}[/]", highlight=False)
        console.print(f"key: [bold]{stack.key}[/]  (tenant {stack.tenant})", highlight=False, soft_wrap=True)
        if content is not None:
            done = stack.wait_for_ingestion(stack.upload(content, domain=domain))
            said = f"{done.indexed} items indexed, {done.unchanged} unchanged, {done.rejected} rows rejected"
            console.print(f"{content.name}: {done.reason or said}", highlight=False)
        console.print("Ctrl-C ends it.")
        signal.pause()
    console.print("ended")


@app.command()
def ingest(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    domain: Domain,
    url: Url = LOCAL_URL,
    key: Key = "",
) -> None:
    """Send a JSONL, CSV or JSON file to a running feedsmith; rows that it refuses are listed, the others land."""
    from feedsmith_local.api import connected
    from feedsmith_local.rows import batches, put_rows

    landed = 0
    refused: list[tuple[int, str]] = []
    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=errors)
    try:
        with connected(url, key) as client, bar:
            task = bar.add_task(path.name, total=None)
            for batch in batches(path, domain, BATCH):
                done, why = put_rows(client, batch.rows)
                landed += done
                refused += batch.rejected + [(batch.lines[place], reason) for place, reason in why.items()]
                bar.advance(task, len(batch))
            bar.update(task, total=landed + len(refused))
    finally:  # however far it came
        for line, reason in sorted(refused):
            errors.print(f"row {line}: {reason}", highlight=False, markup=False, soft_wrap=True)
        console.print(f"{landed} items are in, {len(refused)} rows were refused")
    if refused and not landed:
        raise typer.Exit(1)


@app.command()
def recommend(
    user: str,
    domain: Domain = "news",
    limit: Annotated[int, typer.Option(min=1, max=100)] = 10,
    url: Url = LOCAL_URL,
    key: Key = "",
) -> None:
    """Show a user's feed, with the reasons."""
    from feedsmith_local.api import connected

    with connected(url, key) as client:
        slate = client.recommendations(user, domain, limit=limit)
    table = Table(title=f"{slate.basis}, {slate.model_version}", title_justify="left")
    for column in ("#", "score", "item", "title", "why"):
        table.add_column(column)
    for item in slate.items:
        why = "; ".join(reason.text for reason in item.reasons)
        table.add_row(str(item.position + 1), f"{item.score:.3f}", item.item_id, item.title, why)
    show(table)


@app.command()
def write(
    user: str, item: str, kind: str = "headline", language: str = "", url: Url = LOCAL_URL, key: Key = ""
) -> None:
    """Write a text of one item for one user."""
    from feedsmith_local.api import connected

    with connected(url, key) as client:
        # The API knows the kinds, and says which there are.
        text = client.texts(user, cast("TextKind", kind), item_id=item, language=language or None)
    console.print(text.text, highlight=False, markup=False, soft_wrap=True)
    errors.print(text.model_dump_json(exclude={"text"}, indent=2), highlight=False, markup=False, soft_wrap=True)


@app.command()
def demo(
    content: Annotated[Path | None, typer.Option(exists=True, help="Your own content instead of BBC articles.")] = None,
    domain: Domain = "news",
    report: Annotated[Path, typer.Option(help="Where the figures are written.")] = Path("reports/demo.json"),
) -> None:
    """Do the main job on real articles: ingest, read, cluster, rank, write, measure."""
    from feedsmith_local import demo as job

    _log()
    with one_line():
        job.main(content=content, domain=domain, report=report, console=console)


@app.command()
def doctor(port: Port = 8000) -> None:
    """Check that all is there to run the stack here, and say what to do where it is not."""
    from feedsmith_local.doctor import examine
    from feedsmith_local.template import TEMPLATE

    models = Path(os.environ.get("FEEDSMITH_MODELS_PATH", TEMPLATE.parent / "build" / "models"))
    checks = list(examine(port, models))
    for check in checks:
        mark = "[green]ok[/]  " if check.well else "[red]no[/]  "
        console.print(
            f"{mark}{check.name}: {check.found}{'' if check.well else f' -> {check.remedy}'}",
            highlight=False,
            soft_wrap=True,
        )
    if not all(check.well for check in checks):
        raise typer.Exit(1)


@contextmanager
def _key_file(key: str) -> Iterator[None]:
    """Leave the key where the other commands find it, for this user's eyes only, while the stack runs."""
    path = STATE / "key"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(key)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _log() -> None:
    level = os.environ.get("LOG_LEVEL", "WARNING")
    logging.basicConfig(level=level, format="%(message)s", handlers=[RichHandler(console=errors, show_path=False)])
