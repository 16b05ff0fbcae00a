"""``feedsmith events``."""

from __future__ import annotations

from typing import Annotated

import typer

from feedsmith_local.cli_content import carry
from feedsmith_local.importing.events import EventFormat
from feedsmith_local.terminal import LOCAL_URL, Json, Key, Url

events = typer.Typer(no_args_is_help=True, help="What users did.")


@events.command("import")
def import_events(
    source: Annotated[str, typer.Argument(help="A file, gzipped or not.")],
    format_: Annotated[
        EventFormat | None, typer.Option("--format", help="Of the file; by default as its name tells.")
    ] = None,
    json: Json = False,
    url: Url = LOCAL_URL,
    key: Key = "",
) -> None:
    """Send events of a file to a running feedsmith: its own, MIND's behaviors.tsv, or MovieLens' ratings.csv.

    An event that is known already is a duplicate and counts once, so that a file may be sent again.
    """
    from feedsmith_local.api import connected
    from feedsmith_local.importing.events import event_rows

    with connected(url, key) as client:
        carry(source, lambda content: event_rows(content, format_), client.post_events, "events arrived", json)
