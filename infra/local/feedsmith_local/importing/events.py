"""Events of each format that can be imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from feedsmith.content.uploads.json_rows import json_rows
from feedsmith.content.uploads.lines import split_lines
from feedsmith.content.uploads.rows import jsonl_rows
from feedsmith.errors import UploadError
from feedsmith_local.importing.rows import Found, Rows, Wrong, cells, parsed, table
from feedsmith_local.importing.source import Content

_MIND_TIME = "%m/%d/%Y %I:%M:%S %p"


class EventFormat(StrEnum):
    """Formats of events."""

    JSONL = "jsonl"
    JSON = "json"
    CSV = "csv"
    MIND = "mind"
    MOVIELENS = "movielens"


def event_rows(content: Content, format_: EventFormat | None) -> Rows:
    """Events.

    None has an id: an event's identity is its own fields then, so that a file imported twice counts once.

    Parameters
    ----------
    format_
        None: told by the name, and of CSV by the header.

    Raises
    ------
    UploadError
        The format cannot be told, or the content cannot be read on; what was read before was given.
    """
    return _READERS[format_ or _told(content)](content.blocks)


def _told(content: Content) -> EventFormat:
    extension = content.name.lower().rpartition(".")[2]
    if extension == "tsv":
        return EventFormat.MIND
    if extension == "csv":
        return EventFormat.MOVIELENS if b"movieId" in content.head().split(b"\n", 1)[0] else EventFormat.CSV
    if extension in ("jsonl", "json"):
        return EventFormat(extension)
    raise UploadError(f"{content.name}: its name tells no format: say one of {', '.join(EventFormat)} with --format")


def _csv(blocks: Iterator[bytes]) -> Rows:
    """A header of an event's fields; empty cells are left out."""
    for row in table(split_lines(blocks), ("user_id", "item_id", "type", "at")):
        if isinstance(row, Wrong):
            yield row
        else:
            line, event = row
            yield Found(line, {name: cell for name, cell in event.items() if cell.strip()})


def _mind(blocks: Iterator[bytes]) -> Rows:
    """``behaviors.tsv``: impression id, user, time, history, candidates (Wu et al., ACL 2020).

    A line is one slate: an impression of each candidate, and a click on those marked ``-1``. There are no places, since
    MIND shuffles the candidates. Its history has no times, and is left out. Its clock has no zone; UTC is assumed.
    """
    for row in cells(blocks):
        if isinstance(row, Wrong):
            yield row
            continue
        line, values = row
        if len(values) != 5:
            yield Wrong(line, "needs tab-separated impression id, user, time, history and candidates")
            continue
        impression, user, time, _, candidates = values
        try:
            at = datetime.strptime(time, _MIND_TIME).replace(tzinfo=UTC).isoformat()
        except ValueError:
            yield Wrong(line, f"{time!r} is no time like 11/9/2019 12:01:13 AM")
            continue
        common = {"user_id": user, "at": at, "slate_id": f"mind-{impression}"}
        for candidate in candidates.split():
            item, _, label = candidate.rpartition("-")
            if label not in ("0", "1") or not item:
                yield Wrong(line, f"{candidate!r} is no candidate like N1-0 or N1-1")
                continue
            for type_ in ("impression", "click") if label == "1" else ("impression",):
                yield Found(line, {**common, "item_id": item, "type": type_})


def _movielens(blocks: Iterator[bytes]) -> Rows:
    """``ratings.csv``: userId, movieId, rating (0.5 to 5), timestamp (seconds since 1970)."""
    for row in table(split_lines(blocks), ("userId", "movieId", "rating", "timestamp")):
        if isinstance(row, Wrong):
            yield row
            continue
        line, rated = row
        try:
            at = datetime.fromtimestamp(float(rated["timestamp"]), UTC).isoformat()
        except (ValueError, OverflowError, OSError):
            yield Wrong(line, f"{rated['timestamp']!r} is no time in seconds since 1970")
            continue
        fields: dict[str, Any] = {"user_id": rated["userId"], "item_id": rated["movieId"], "type": "rate", "at": at}
        yield Found(line, fields | {"value": rated["rating"]})


_READERS: dict[EventFormat, Callable[[Iterator[bytes]], Rows]] = {
    EventFormat.JSONL: lambda blocks: parsed(jsonl_rows(split_lines(blocks))),
    EventFormat.JSON: lambda blocks: parsed(json_rows(blocks)),
    EventFormat.CSV: _csv,
    EventFormat.MIND: _mind,
    EventFormat.MOVIELENS: _movielens,
}
