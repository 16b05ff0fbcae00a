"""``feedsmith ingest``, and how files are carried to the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from feedsmith.errors import UploadError
from feedsmith_local.importing.items import ItemFormat
from feedsmith_local.terminal import LOCAL_URL, Json, Key, Url, answer, bar, note, say

if TYPE_CHECKING:
    from feedsmith_local.importing.rows import Rows, Wrong
    from feedsmith_local.importing.source import Content
    from feedsmith_local.importing.transfer import Post, Transfer


def ingest(
    source: Annotated[str, typer.Argument(help="A file, gzipped or not, or the address of an RSS or Atom feed.")],
    domain: Annotated[str, typer.Option(help="Domain of the content, such as news or commerce.")],
    format_: Annotated[
        ItemFormat | None, typer.Option("--format", help="Of the content; by default as its name tells.")
    ] = None,
    json: Json = False,
    url: Url = LOCAL_URL,
    key: Key = "",
) -> None:
    """Send content to a running feedsmith; rows that it refuses are listed, the others land."""
    from feedsmith_local.api import connected
    from feedsmith_local.importing.items import item_rows

    with connected(url, key) as client:
        carry(source, lambda content: item_rows(content, format_, domain), client.put_items, "items are in", json)


def carry(source: str, rows: Callable[[Content], Rows], post: Post, what: str, json: bool) -> None:
    """Send the rows of a source, with progress; say how it went, however far it came."""
    from feedsmith_local.importing.source import opened
    from feedsmith_local.importing.transfer import Transfer

    def told(wrong: Wrong) -> None:
        if not json:
            note(f"row {wrong.line}: {wrong.reason}")

    transfer = Transfer(post, told)
    read_all = False
    try:
        with bar() as progress, opened(source) as content:
            task = progress.add_task(content.name, total=content.size)
            transfer.run(rows(content), lambda: progress.update(task, completed=content.place()))
        read_all = True
    finally:
        if read_all or transfer.counts or transfer.wrong:
            _summary(transfer, what, json)
    if transfer.wrong and not transfer.counts:
        raise UploadError("nothing landed: mend the rows that are listed, and send them again")


def _summary(transfer: Transfer, what: str, json: bool) -> None:
    if json:
        refused = [{"line": wrong.line, "reason": wrong.reason} for wrong in transfer.wrong]
        answer({**transfer.counts, "refused": refused})
        return
    parts = ", ".join(f"{count} {name}" for name, count in transfer.counts.items())
    say(f"{transfer.counts.total()} {what}{f': {parts}' if parts else ''}. Rows refused: {len(transfer.wrong)}")
