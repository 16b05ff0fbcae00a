"""CSV (RFC 4180) to rows."""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Iterator
from typing import Any

from feedsmith.content.uploads.limits import MAX_ROW_BYTES
from feedsmith.content.uploads.lines import Line
from feedsmith.content.uploads.rows import Row, Rows, too_long
from feedsmith.errors import UploadError
from feedsmith.models import Item, Rejected

ATTRIBUTE = "attributes."
_SEPARATOR = "|"
_REQUIRED = ("id", "title")
# csv refuses fields over 128 KiB unless told otherwise, for the whole process; bodies may be longer.
csv.field_size_limit(max(csv.field_size_limit(), MAX_ROW_BYTES))


class _RecordTooLong(Exception):
    """A record did not end within ``MAX_ROW_BYTES``."""


def csv_rows(lines: Iterator[Line]) -> Rows:
    """One row per record after the header, which names fields of an item, or attributes as ``attributes.NAME``.

    Empty cells are left out; ``categories`` are separated by ``|``. A record that cannot be read, such as one whose
    quote is never closed, costs its first line only: reading goes on at the next.

    Raises
    ------
    UploadError
        The header lacks a required column, or has one that is unknown or there twice.
    """
    feed = _Feed(lines)
    names: list[str] | None = None
    for line, cells in _records(feed):
        if isinstance(cells, Rejected):
            if names is None:
                raise UploadError(f"the header of the CSV cannot be read: {cells.reason}")
            yield cells
        elif not any(cell.strip() for cell in cells):
            continue
        elif names is None:
            names = _checked_header(cells)
        elif len(cells) != len(names):
            reason = f"{len(cells)} cells, but the header has {len(names)}"
            yield Rejected(line=line, reason=reason, row=feed.read)
        else:
            yield Row(line, json.dumps(_fields(names, cells), ensure_ascii=False))


def records(lines: Iterator[Line]) -> Iterator[tuple[int, list[str] | Rejected]]:
    """The cells of each record, the header's included, or why it cannot be read, with its first line's number."""
    return _records(_Feed(lines))


def _records(feed: _Feed) -> Iterator[tuple[int, list[str] | Rejected]]:
    """Each record with its first line's number."""
    while True:
        reader = csv.reader(feed, strict=True)
        try:
            while True:
                feed.begin()
                cells = next(reader, None)
                if cells is None:
                    return
                yield feed.first.number, cells
        except (csv.Error, _RecordTooLong) as error:
            first = feed.first
            reason = too_long(first).reason if first.too_long else f"not CSV ({error}): is a quote left open?"
            yield first.number, Rejected(line=first.number, reason=reason, row=first.text)
            feed.resume_after_first()


class _Feed:
    """Lines for ``csv.reader``; those of the record being read are kept, at most ``MAX_ROW_BYTES`` of them."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._again: deque[Line] = deque()
        self._held: list[Line] = []
        self._size = 0

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._held.append(line)
        self._size += line.end - line.start
        if self._size > MAX_ROW_BYTES:
            raise _RecordTooLong(
                f"the record from line {self.first.number} on does not end within {MAX_ROW_BYTES} bytes"
            )
        return line.text + "\n"

    @property
    def first(self) -> Line:
        """First line of the record being read."""
        return self._held[0]

    @property
    def read(self) -> str:
        """The record being read, as it stands in the file."""
        return "\n".join(line.text for line in self._held)

    def begin(self) -> None:
        """Let go of the record that was read."""
        self._held.clear()
        self._size = 0

    def resume_after_first(self) -> None:
        """Read again all but the first line of the record."""
        self._again.extendleft(reversed(self._held[1:]))
        self.begin()


def _checked_header(cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    allowed = [name for name in Item.model_fields if name != "attributes"]
    unknown = [name for name in names if name not in allowed and not (name.startswith(ATTRIBUTE) and name[11:])]
    if unknown:
        raise UploadError(
            f"the header of the CSV has columns that no item has: {', '.join(map(repr, unknown))}; there are "
            f"{', '.join(allowed)}, and {ATTRIBUTE}NAME for attributes of your own"
        )
    if missing := [name for name in _REQUIRED if name not in names]:
        raise UploadError(f"the header of the CSV lacks {' and '.join(missing)}: its first line must name the columns")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UploadError(f"the header of the CSV has columns twice: {', '.join(twice)}")
    return names


def _fields(names: list[str], cells: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=True):
        if not cell.strip():
            continue
        if name.startswith(ATTRIBUTE):
            fields.setdefault("attributes", {})[name.removeprefix(ATTRIBUTE)] = cell
        elif name == "categories":
            fields[name] = [category.strip() for category in cell.split(_SEPARATOR) if category.strip()]
        else:
            fields[name] = cell
    return fields
