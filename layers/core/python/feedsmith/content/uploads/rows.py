"""An upload's rows, whatever its format: each with its line, or why it is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from feedsmith.content.uploads.limits import MAX_ROW_BYTES, SHOWN_BYTES
from feedsmith.content.uploads.lines import Line
from feedsmith.models import Rejected


class Row(NamedTuple):
    """A row as one line of JSON; ``start`` to ``end`` are its bytes where the upload itself is JSON Lines."""

    line: int
    json: str
    start: int = 0
    end: int = 0


Rows: TypeAlias = Iterator[Row | Rejected]


def jsonl_rows(lines: Iterator[Line]) -> Rows:
    """One row per line that is not blank."""
    for line in lines:
        if line.too_long:
            yield too_long(line)
        elif line.text and not line.text.isspace():
            yield Row(line.number, line.text, line.start, line.end)


def too_long(line: Line) -> Rejected:
    """The rejection of a line that was not even kept."""
    return Rejected(
        line=line.number,
        reason=f"the row is longer than {MAX_ROW_BYTES} bytes; its first {SHOWN_BYTES} are shown",
        row=line.text,
    )
