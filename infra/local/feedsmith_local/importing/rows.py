"""Rows of any format, and the readers that several formats share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from feedsmith.content.uploads.csv_rows import records
from feedsmith.content.uploads.lines import Line, split_lines
from feedsmith.content.uploads.rows import Rows as UploadRows
from feedsmith.errors import UploadError
from feedsmith.models import Rejected


@dataclass(frozen=True, slots=True)
class Found:
    """Fields of an item or event, and the line that they stand in."""

    line: int
    fields: Any


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row that cannot be read, and why."""

    line: int
    reason: str


Rows: TypeAlias = Iterator[Found | Wrong]


def parsed(rows: UploadRows) -> Rows:
    """The fields of rows of JSON."""
    for row in rows:
        if isinstance(row, Rejected):
            yield Wrong(row.line, row.reason)
            continue
        try:
            yield Found(row.line, json.loads(row.json))
        except (ValueError, RecursionError) as error:
            yield Wrong(row.line, f"not JSON: {error}")


def cells(blocks: Iterator[bytes]) -> Iterator[tuple[int, list[str]] | Wrong]:
    """Cells of tab-separated lines without a header, with the lines' numbers; blank lines are left out."""
    for line in split_lines(blocks):
        if line.too_long:
            yield Wrong(line.number, "the row is too long")
        elif line.text.strip():
            yield line.number, line.text.split("\t")


def table(lines: Iterator[Line], columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]] | Wrong]:
    """Records of a CSV by the names in its header, whose ``columns`` must be there.

    Raises
    ------
    UploadError
        The header lacks one.
    """
    names: list[str] | None = None
    for number, record in records(lines):
        if isinstance(record, Rejected):
            yield Wrong(number, record.reason)
        elif not any(cell.strip() for cell in record):
            continue
        elif names is None:
            names = [cell.strip() for cell in record]
            if missing := [column for column in columns if column not in names]:
                raise UploadError(f"the header of the CSV lacks {', '.join(missing)}: it has {', '.join(names)}")
        elif len(record) != len(names):
            yield Wrong(number, f"{len(record)} cells, but the header has {len(names)}")
        else:
            yield number, dict(zip(names, record, strict=True))
