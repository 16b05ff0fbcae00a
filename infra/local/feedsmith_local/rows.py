"""The rows of a file on this machine, read as uploads are, in batches for the API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from feedsmith.client import Feedsmith, InvalidRequest
from feedsmith.content.uploads.csv_rows import csv_rows
from feedsmith.content.uploads.gunzip import gunzip
from feedsmith.content.uploads.json_rows import json_rows
from feedsmith.content.uploads.keys import kind_of
from feedsmith.content.uploads.lines import split_lines
from feedsmith.content.uploads.rows import Rows, jsonl_rows
from feedsmith.models import Rejected
from feedsmith.settings import Settings

_BLOCK = 2**20


@dataclass(slots=True)
class Batch:
    """Rows with their lines, and the (line, reason) of those that are none."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rejected: list[tuple[int, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows) + len(self.rejected)


def batches(path: Path, domain: str, size: int) -> Iterator[Batch]:
    """Batches of at most ``size`` rows, each row with its domain.

    Raises
    ------
    UploadError
        The file's name tells no format, or the file cannot be read on; what was read before was given.
    OSError
        The file cannot be opened.
    """
    batch = Batch()
    for row in _rows(path, domain):
        if isinstance(row, Rejected):
            batch.rejected.append((row.line, row.reason))
        else:
            try:
                fields = json.loads(row.json)
            except ValueError as error:
                batch.rejected.append((row.line, f"not JSON: {error}"))
            else:
                batch.rows.append({"domain": domain, **fields} if isinstance(fields, dict) else fields)
                batch.lines.append(row.line)
        if len(batch) == size:
            yield batch
            batch = Batch()
    if len(batch):
        yield batch


def put_rows(client: Feedsmith, rows: Sequence[dict[str, Any]]) -> tuple[int, dict[int, str]]:
    """Index up to 100 items: how many are in now, and why each other row was refused, by its place.

    The API takes a batch whole or not at all; the rows that it names are left out, and the rest is sent again.
    """
    refused: dict[int, str] = {}
    places = list(range(len(rows)))
    while places:
        try:
            report = client.put_items(rows[place] for place in places)
        except InvalidRequest as error:
            named = _named(error)
            if not named:
                raise
            refused |= {places[index]: why for index, why in named.items() if index < len(places)}
            places = [place for place in places if place not in refused]
        else:
            return report.indexed + report.unchanged, refused
    return 0, refused


def _named(error: InvalidRequest) -> dict[int, str]:
    """Rows that a 422 names with paths like ``/items/3/title``, and what is wrong with them."""
    named: dict[int, str] = {}
    for wrong in error.errors:
        _, _, place, *field = [*wrong.path.split("/"), "", ""]
        if place.isdecimal():
            named.setdefault(int(place), f"{'/'.join(filter(None, field)) or 'row'}: {wrong.message}")
    return named


def _rows(path: Path, domain: str) -> Rows:
    kind = kind_of(f"local/{domain}/{path.name}")
    with path.open("rb") as file:
        blocks = iter(lambda: file.read(_BLOCK), b"")
        if kind.gzipped:
            blocks = gunzip(blocks, Settings().max_expansion)
        if kind.format == "json":
            yield from json_rows(blocks)
        else:
            yield from (csv_rows if kind.format == "csv" else jsonl_rows)(split_lines(blocks))
