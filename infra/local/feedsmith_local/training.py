"""The commands around training: ``export``, ``train`` and ``models``.

They work on the stores that the environment names (``FEEDSMITH_TABLE``, ``FEEDSMITH_MODELS_BUCKET``,
``FEEDSMITH_QDRANT_URL``), with your own AWS credentials.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.table import Table

from feedsmith_local.terminal import console, errors, one_line, show

export = typer.Typer(no_args_is_help=True, help="A tenant's events and items as JSON Lines; pseudonyms only.")
train = typer.Typer(no_args_is_help=True, help="Training of rankers and writers; needs feedsmith[training].")
models = typer.Typer(no_args_is_help=True, help="Trained rankers: what serves, what did, and the way back.")

Out = Annotated[Path, typer.Option(dir_okay=False, writable=True, help="Where to write; replaced.")]
Tenant = Annotated[str, typer.Option(help="The tenant.")]
AnyTenant = Annotated[str, typer.Option(help="The only tenant; by default all.")]
DomainName = Annotated[str, typer.Option(help="The domain, such as news or commerce.")]
AnyDomain = Annotated[str, typer.Option(help="The only domain; by default all.")]


@export.command("events")
def export_events(out: Out, tenant: Tenant) -> None:
    """Write all events, impressions included, in no order."""
    from feedsmith.bootstrap import services
    from feedsmith.stores import export as exports

    _write(out, lambda file: exports.export_events(services().ledger, tenant, file), "events")


@export.command("items")
def export_items(out: Out, tenant: Tenant) -> None:
    """Write all items with their vectors."""
    from feedsmith.bootstrap import services
    from feedsmith.stores import export as exports

    _write(out, lambda file: exports.export_items(services().vectors(), tenant, file), "items")


@train.command("ranker")
def train_ranker(tenant: AnyTenant = "", domain: AnyDomain = "") -> None:
    """Train on what is logged, compare on the newest part, and promote what is not worse."""
    chosen = (["--tenant", tenant] if tenant else []) + (["--domain", domain] if domain else [])
    # A process of its own: torch is no part of this one.
    done = subprocess.run([sys.executable, "-m", "feedsmith_training.run", *chosen], check=False)
    raise typer.Exit(done.returncode)


@train.command("writer")
def train_writer(
    articles: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="JSON Lines of headlines and texts.")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="The adapter, GGUF; a report goes beside it.")],
    held_out: Annotated[Path | None, typer.Option(help="Cases whose headlines are not trained on.")] = None,
    epochs: Annotated[float, typer.Option(min=0.01, help="Times that each pair is seen.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of the order and of the first weights.")] = 0,
) -> None:
    """Train the house writer's adapter, on a GPU if there is one; an interrupted run goes on where it stopped."""
    asked = {"--articles": articles, "--out": out, "--held-out": held_out, "--epochs": epochs, "--seed": seed}
    options = [f"{name}={value}" for name, value in asked.items() if value is not None]
    done = subprocess.run([sys.executable, "-m", "feedsmith_training.writing.train", *options], check=False)
    raise typer.Exit(done.returncode)


@models.command("list")
def list_models(tenant: AnyTenant = "", domain: AnyDomain = "") -> None:
    """Show all versions, which one serves, and what its training found."""
    from feedsmith.bootstrap import services

    table = Table()
    for column in ("tenant", "domain", "version", "serves", "trained", "what came of it"):
        table.add_column(column)
    with one_line():
        s = services()
        for owner in [tenant] if tenant else s.ledger.tenants():
            for name in [domain] if domain else s.domains:
                promotion = s.models.promoted(owner, name)
                for version in s.models.versions(owner, name):
                    report = s.models.report(owner, name, version) or {}
                    since = f"since {promotion.at:%Y-%m-%d %H:%M}" if promotion and promotion.version == version else ""
                    trained, said = str(report.get("at", ""))[:16].replace("T", " "), str(report.get("reason", ""))
                    table.add_row(owner, name, version, since, trained, said)
    if table.row_count:
        show(table)
    else:
        console.print("no ranker was trained; the fixed one serves")


@models.command("rollback")
def roll_back(tenant: Tenant, domain: DomainName) -> None:
    """Let the version serve that was promoted before; again, the one before that, and at last the fixed ranker."""
    from feedsmith.bootstrap import services

    with one_line():
        s = services()
        now = s.models.rollback(tenant, s.domains[domain].name)
    serves = now.version if now is not None else "the fixed ranker"
    console.print(f"{serves} serves {tenant}/{domain} within {s.settings.ranker_refresh_s:g} s", highlight=False)


def _write(out: Path, write: Callable[[TextIO], int], what: str) -> None:
    """Write beside the file, and replace it when all is there."""
    part = out.with_name(f"{out.name}.part")
    try:
        with one_line(), part.open("w", encoding="utf-8", newline="\n") as file:
            count = write(file)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    errors.print(f"{count} {what} in {out}", highlight=False)
