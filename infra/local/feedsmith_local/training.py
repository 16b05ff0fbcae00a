"""The commands around training: ``export``, ``train`` and ``models``.

They work on the stores that the environment names (``FEEDSMITH_TABLE``, ``FEEDSMITH_MODELS_BUCKET``,
``FEEDSMITH_QDRANT_URL``), with your own AWS credentials.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer
from rich.markup import escape
from rich.table import Table

from feedsmith_local.processes import need, run
from feedsmith_local.terminal import Json, answer, errors, note, say, show

if TYPE_CHECKING:
    from feedsmith.bootstrap import Services

export = typer.Typer(no_args_is_help=True, help="A tenant's events and items as JSON Lines; pseudonyms only.")
train = typer.Typer(no_args_is_help=True, help=r"Training of rankers and writers; needs feedsmith\[training].")
models = typer.Typer(no_args_is_help=True, help="Trained rankers: what serves, what did, and the way back.")

NEEDED = ("feedsmith_training", "torch")
NEEDED_FOR_WRITERS = ("feedsmith_training", "torch", "transformers", "peft", "gguf")

Out = Annotated[Path, typer.Option(dir_okay=False, writable=True, help="Where to write; replaced.")]
Tenant = Annotated[str, typer.Option(help="The tenant.")]
AnyTenant = Annotated[str, typer.Option(help="The only tenant; by default all.")]
DomainName = Annotated[str, typer.Option(help="The domain, such as news or commerce.")]
AnyDomain = Annotated[str, typer.Option(help="The only domain; by default all.")]


@export.command("events")
def export_events(out: Out, tenant: Tenant, json: Json = False) -> None:
    """Write all events, impressions included, in no order."""
    from feedsmith.bootstrap import services
    from feedsmith.stores import export as exports

    _write(out, lambda file: exports.export_events(services().ledger, tenant, file), "events", json)


@export.command("items")
def export_items(out: Out, tenant: Tenant, json: Json = False) -> None:
    """Write all items with their vectors."""
    from feedsmith.bootstrap import services
    from feedsmith.stores import export as exports

    _write(out, lambda file: exports.export_items(services().vectors(), tenant, file), "items", json)


@train.command("ranker")
def train_ranker(tenant: AnyTenant = "", domain: AnyDomain = "", json: Json = False) -> None:
    """Train on what is logged, compare on the newest part, and promote what is not worse."""
    need(NEEDED, "training")
    given = {"--tenant": tenant or None, "--domain": domain or None, "--format": "json" if json else None}
    run("feedsmith_training.run", given)


@train.command("writer")
def train_writer(
    articles: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="JSON Lines of headlines and texts.")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="The adapter, GGUF; a report goes beside it.")],
    held_out: Annotated[Path | None, typer.Option(help="Cases whose headlines are not trained on.")] = None,
    epochs: Annotated[float, typer.Option(min=0.01, help="Times that each pair is seen.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of the order and of the first weights.")] = 0,
    json: Json = False,
) -> None:
    """Train the house writer's adapter, on a GPU if there is one; an interrupted run goes on where it stopped."""
    need(NEEDED_FOR_WRITERS, "training a writer")
    given = {"--articles": articles, "--out": out, "--held-out": held_out, "--epochs": epochs, "--seed": seed}
    run("feedsmith_training.writing.train", given, report=out.with_suffix(".json"), json=json)


@models.command("list")
def list_models(tenant: AnyTenant = "", domain: AnyDomain = "", json: Json = False) -> None:
    """Show all versions, which one serves, and what its training found."""
    from feedsmith.bootstrap import services

    s = services()
    found = [
        _version(s, owner, name, version)
        for owner in ([tenant] if tenant else s.ledger.tenants())
        for name in ([domain] if domain else s.domains)
        for version in s.models.versions(owner, name)
    ]
    if json:
        answer(found)
    elif found:
        table = Table(*found[0])
        for row in found:
            table.add_row(*map(escape, row.values()))
        show(table)
    else:
        say("no ranker was trained; the fixed one serves")


@models.command("rollback")
def roll_back(tenant: Tenant, domain: DomainName, json: Json = False) -> None:
    """Let the version serve that was promoted before; again, the one before that, and at last the fixed ranker."""
    from feedsmith.bootstrap import services

    s = services()
    now = s.models.rollback(tenant, s.domains[domain].name)
    if json:
        answer({"tenant": tenant, "domain": domain, "serves": now.version if now is not None else None})
        return
    serves = now.version if now is not None else "the fixed ranker"
    say(f"{serves} serves {tenant}/{domain} within {s.settings.ranker_refresh_s:g} s")


def _version(s: Services, tenant: str, domain: str, version: str) -> dict[str, str]:
    promotion = s.models.promoted(tenant, domain)
    report = s.models.report(tenant, domain, version) or {}
    return {
        "tenant": tenant,
        "domain": domain,
        "version": version,
        "serves": f"since {promotion.at:%Y-%m-%d %H:%M}" if promotion and promotion.version == version else "",
        "trained": str(report.get("at", ""))[:16].replace("T", " "),
        "what came of it": str(report.get("reason", "")),
    }


def _write(out: Path, write: Callable[[TextIO], int], what: str, json: bool) -> None:
    """Write beside the file, and replace it when all is there."""
    part = out.with_name(f"{out.name}.part")
    try:
        with errors.status(f"writing {out.name}"), part.open("w", encoding="utf-8", newline="\n") as file:
            count = write(file)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    if json:
        answer({what: count, "out": str(out)})
    else:
        note(f"{count} {what} in {out}")
