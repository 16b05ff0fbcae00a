"""``feedsmith recommend`` and ``feedsmith write``: what one person gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.markup import escape
from rich.table import Table

from feedsmith_local.terminal import LOCAL_URL, Json, Key, Url, answer, note, say, show

if TYPE_CHECKING:
    from feedsmith.models import TextKind

User = Annotated[str, typer.Argument(help="The user's id.")]


def recommend(
    user: User,
    domain: Annotated[str, typer.Option(help="Domain of the content, such as news or commerce.")] = "news",
    limit: Annotated[int, typer.Option(min=1, max=100, help="Items at most.")] = 10,
    json: Json = False,
    url: Url = LOCAL_URL,
    key: Key = "",
) -> None:
    """Show a user's feed, with the reasons."""
    from feedsmith_local.api import connected

    with connected(url, key) as client:
        slate = client.recommendations(user, domain, limit=limit)
    if json:
        answer(slate)
        return
    if not slate.items:
        say(f"nothing to recommend in {domain}: no items are there, or all of them were consumed")
        return
    table = Table(title=escape(f"{slate.basis}, {slate.model_version}"), title_justify="left")
    for column in ("#", "score", "item", "title", "why"):
        table.add_column(column)
    for item in slate.items:
        why = "; ".join(reason.text for reason in item.reasons)
        table.add_row(str(item.position + 1), f"{item.score:.3f}", *map(escape, (item.item_id, item.title, why)))
    show(table)


def write(
    user: User,
    item: Annotated[str, typer.Argument(help="The item's id.")],
    kind: Annotated[str, typer.Option(help="Such as headline or summary; what the item's domain has.")] = "headline",
    language: Annotated[str, typer.Option(help="Of the text; by default the item's.")] = "",
    json: Json = False,
    url: Url = LOCAL_URL,
    key: Key = "",
) -> None:
    """Write a text of one item for one user: the text, and beside it how it came about."""
    from feedsmith_local.api import connected

    with connected(url, key) as client:
        # The API knows the kinds, and says which there are.
        text = client.texts(user, cast("TextKind", kind), item_id=item, language=language or None)
    if json:
        answer(text)
        return
    say(text.text)
    note(text.model_dump_json(exclude={"text"}, indent=2))
