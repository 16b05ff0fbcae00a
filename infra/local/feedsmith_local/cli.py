"""The ``feedsmith`` command."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from feedsmith_local import cli_evaluate, training
from feedsmith_local.terminal import console, errors, one_line, show

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Ranks content for each person and writes it for them."
)
keys = typer.Typer(no_args_is_help=True, help="API keys of tenants.")
app.add_typer(keys, name="keys")
app.add_typer(cli_evaluate.evaluate, name="evaluate")
app.add_typer(training.export, name="export")
app.add_typer(training.train, name="train")
app.add_typer(training.models, name="models")

STATE = Path(".feedsmith")
BATCH = 100

Domain = Annotated[str, typer.Option(help="Domain of the content, such as news or commerce.")]
Url = Annotated[str, typer.Option(envvar="FEEDSMITH_URL", help="Where feedsmith listens.")]
Key = Annotated[
    str, typer.Option(envvar="FEEDSMITH_LOCAL_KEY", help="API key; by default that of a running serve here.")
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port of the API; 0: any free one.")]
LOCAL_URL = "http://127.0.0.1:8000"


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
    from feedsmith_local.client import ApiClient
    from feedsmith_local.rows import batches

    landed = 0
    refused: list[tuple[int, str]] = []
    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=errors)
    try:
        with one_line(), ApiClient(url, _key(key)) as client, bar:
            task = bar.add_task(path.name, total=None)
            for batch in batches(path, domain, BATCH):
                done, why = client.put_items(batch.rows)
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
    slate = _call(
        url, key, "GET", f"/v1/users/{_quoted(user)}/recommendations", params={"domain": domain, "limit": limit}
    )
    table = Table(title=f"{slate['basis']}, {slate['model_version']}", title_justify="left")
    for column in ("#", "score", "item", "title", "why"):
        table.add_column(column)
    for item in slate["items"]:
        why = "; ".join(reason["text"] for reason in item["reasons"])
        table.add_row(str(item["position"] + 1), f"{item['score']:.3f}", item["item_id"], item["title"], why)
    show(table)


@app.command()
def write(
    user: str, item: str, kind: str = "headline", language: str = "", url: Url = LOCAL_URL, key: Key = ""
) -> None:
    """Write a text of one item for one user."""
    wanted: dict[str, Any] = {"kind": kind, "item_id": item} | ({"language": language} if language else {})
    text = _call(url, key, "POST", f"/v1/users/{_quoted(user)}/texts", body=wanted)
    console.print(text["text"], highlight=False, markup=False, soft_wrap=True)
    errors.print(
        json.dumps({name: value for name, value in text.items() if name != "text"}, ensure_ascii=False, indent=2)
    )


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


@keys.command("create")
def create_key(
    tenant: Annotated[str, typer.Option(help="Whom the key lets in: lower-case letters, digits, - and _.")],
    label: Annotated[str, typer.Option(help="Who will use it; the authorizer passes it on.")] = "",
) -> None:
    """Make an API key in the ledger table that FEEDSMITH_TABLE names, with your own AWS credentials."""
    from pydantic import TypeAdapter, ValidationError

    from feedsmith.bootstrap import services
    from feedsmith.models import Domain as TenantName

    try:
        TypeAdapter(TenantName).validate_python(tenant)
    except ValidationError:
        errors.print(f"[bold red]error:[/] {tenant!r} is no tenant name: use lower-case letters, digits, - and _")
        raise typer.Exit(1) from None
    key = secrets.token_urlsafe(32)
    with one_line():
        services().ledger.save_key(
            hashlib.sha256(key.encode()).hexdigest(), tenant=tenant, role="service", subject=label
        )
    console.print(key, highlight=False, markup=False, soft_wrap=True)
    errors.print("Only its hash is stored; keep it now.")


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


def _call(url: str, key: str, method: str, path: str, **what: Any) -> Any:
    from feedsmith_local.client import ApiClient

    with one_line(), ApiClient(url, _key(key)) as client:
        return client.call(method, path, **what)


def _quoted(part: str) -> str:
    from urllib.parse import quote

    return quote(part, safe="")


def _key(given: str) -> str:
    """The key given, or that of a `serve` that runs in this folder."""
    path = STATE / "key"
    return given or (path.read_text().strip() if path.is_file() else "")


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
