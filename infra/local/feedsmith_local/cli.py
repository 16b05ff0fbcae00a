"""The ``feedsmith`` command: which commands there are. What they do is in the ``cli_*`` modules."""

from __future__ import annotations

import typer

from feedsmith_local import (
    cli_access,
    cli_content,
    cli_evaluate,
    cli_events,
    cli_experiments,
    cli_people,
    cli_redrive,
    cli_stack,
    cli_tenants,
    training,
)
from feedsmith_local.terminal import Commands

RUN, USE, MEASURE, OPERATE = "Run it here", "Use a running feedsmith", "Measure and train", "Operate"

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    help="Ranks content for each person and writes it for them.",
)
app.command("serve", rich_help_panel=RUN)(cli_stack.serve)
app.command("demo", rich_help_panel=RUN)(cli_stack.demo)
app.command("doctor", rich_help_panel=RUN)(cli_stack.doctor)
app.command("ingest", rich_help_panel=USE)(cli_content.ingest)
app.add_typer(cli_events.events, name="events", rich_help_panel=USE)
app.command("recommend", rich_help_panel=USE)(cli_people.recommend)
app.command("write", rich_help_panel=USE)(cli_people.write)
app.add_typer(cli_experiments.experiments, name="experiments", rich_help_panel=MEASURE)
app.add_typer(cli_evaluate.evaluate, name="evaluate", rich_help_panel=MEASURE)
app.add_typer(training.train, name="train", rich_help_panel=MEASURE)
app.add_typer(training.models, name="models", rich_help_panel=MEASURE)
app.add_typer(cli_access.keys, name="keys", rich_help_panel=OPERATE)
app.add_typer(cli_access.issuers, name="issuers", rich_help_panel=OPERATE)
app.add_typer(cli_tenants.tenants, name="tenants", rich_help_panel=OPERATE)
app.add_typer(cli_tenants.erasure, name="erasure", rich_help_panel=OPERATE)
app.add_typer(training.export, name="export", rich_help_panel=OPERATE)
app.command("redrive", rich_help_panel=OPERATE)(cli_redrive.redrive)
