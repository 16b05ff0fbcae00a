"""Items of each format that can be ingested."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import StrEnum

from feedsmith.content.uploads.csv_rows import csv_rows
from feedsmith.content.uploads.json_rows import json_rows
from feedsmith.content.uploads.lines import split_lines
from feedsmith.content.uploads.rows import jsonl_rows
from feedsmith.errors import UploadError
from feedsmith_local.importing.rows import Found, Rows, Wrong, cells, parsed, table
from feedsmith_local.importing.source import Content

_YEAR = re.compile(r"(.*\S)\s*\((\d{4})\)\s*$")
_NO_GENRE = "(no genres listed)"
_FEEDS = (".xml", ".rss", ".atom")


class ItemFormat(StrEnum):
    """Formats of content."""

    JSONL = "jsonl"
    JSON = "json"
    CSV = "csv"
    FEED = "feed"
    MIND = "mind"
    MOVIELENS = "movielens"


def item_rows(content: Content, format_: ItemFormat | None, domain: str) -> Rows:
    """Items, each with its domain where the row itself names none.

    Parameters
    ----------
    format_
        None: told by the name, and of CSV by the header.

    Raises
    ------
    UploadError
        The format cannot be told, or the content cannot be read on; what was read before was given.
    """
    for row in _READERS[format_ or _told(content)](content.blocks):
        if isinstance(row, Found) and isinstance(row.fields, dict):
            row.fields.setdefault("domain", domain)
        yield row


def _told(content: Content) -> ItemFormat:
    if "://" in content.name:
        return ItemFormat.FEED
    name = content.name.lower()
    extension = name[name.rfind(".") :]
    if extension in _FEEDS:
        return ItemFormat.FEED
    if extension == ".tsv":
        return ItemFormat.MIND
    if extension == ".csv":
        return ItemFormat.MOVIELENS if b"movieId" in content.head().split(b"\n", 1)[0] else ItemFormat.CSV
    if extension in (".jsonl", ".json"):
        return ItemFormat(extension[1:])
    raise UploadError(f"{content.name}: its name tells no format: say one of {', '.join(ItemFormat)} with --format")


def _mind(blocks: Iterator[bytes]) -> Rows:
    """``news.tsv``: id, category, subcategory, title, abstract, url, then anything (Wu et al., ACL 2020)."""
    for row in cells(blocks):
        if isinstance(row, Wrong):
            yield row
            continue
        line, (item, *rest) = row
        if len(rest) < 3 or not item:
            yield Wrong(line, "needs tab-separated id, category, subcategory, title and abstract")
            continue
        category, subcategory, title, abstract, url, *_ = [*rest, "", ""]
        fields = {"id": item, "title": title, "body": abstract, "url": url or None}
        yield Found(line, fields | {"categories": [name for name in (category, subcategory) if name]})


def _movielens(blocks: Iterator[bytes]) -> Rows:
    """``movies.csv``: movieId, title with the year in brackets, genres by ``|``."""
    for row in table(split_lines(blocks), ("movieId", "title", "genres")):
        if isinstance(row, Wrong):
            yield row
            continue
        line, film = row
        dated = _YEAR.match(film["title"])
        fields = {
            "id": film["movieId"],
            "title": dated[1] if dated else film["title"],
            "categories": [genre for genre in film["genres"].split("|") if genre and genre != _NO_GENRE],
            "published_at": f"{dated[2]}-01-01T00:00:00Z" if dated else None,
        }
        yield Found(line, fields)


def _feed(blocks: Iterator[bytes]) -> Rows:
    from feedsmith_local.importing.feeds import feed_rows

    return feed_rows(b"".join(blocks))


_READERS: dict[ItemFormat, Callable[[Iterator[bytes]], Rows]] = {
    ItemFormat.JSONL: lambda blocks: parsed(jsonl_rows(split_lines(blocks))),
    ItemFormat.JSON: lambda blocks: parsed(json_rows(blocks)),
    ItemFormat.CSV: lambda blocks: parsed(csv_rows(split_lines(blocks))),
    ItemFormat.FEED: _feed,
    ItemFormat.MIND: _mind,
    ItemFormat.MOVIELENS: _movielens,
}
