"""Rows to the API, in batches: what is wrong is left out and named, and the rest lands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from pydantic import BaseModel

from feedsmith.client import InvalidRequest
from feedsmith_local.importing.rows import Found, Rows, Wrong

BATCH: Final = 100  # the most that the API takes

Post: TypeAlias = Callable[[Sequence[Any]], BaseModel]
"""Sends up to ``BATCH`` rows, all or none; what it answers is counts."""


class Transfer:
    """What became of the rows so far.

    ``counts`` are the sums of what the API answered; ``wrong`` the rows that did not land, in the order of the file but
    for those of one batch, whose unreadable rows come first.
    """

    def __init__(self, post: Post, told: Callable[[Wrong], None] = lambda wrong: None) -> None:
        self._post = post
        self._told = told
        self.counts: Counter[str] = Counter()
        self.wrong: list[Wrong] = []

    def run(self, rows: Rows, advanced: Callable[[], None] = lambda: None) -> None:
        """Send all rows; ``advanced`` is called after each batch.

        Raises
        ------
        FeedsmithError
            The rows cannot be read on, or the API cannot be had. What was sent before that has landed and is counted.
        """
        batch: list[Found] = []
        for row in rows:
            if isinstance(row, Wrong):
                self._leave_out(row)
            else:
                batch.append(row)
            if len(batch) == BATCH:
                self._send(batch)
                batch = []
                advanced()
        self._send(batch)
        advanced()

    def _send(self, batch: list[Found]) -> None:
        while batch:
            try:
                report = self._post([row.fields for row in batch])
            except InvalidRequest as error:
                named = _named(error)
                refused = {place for place in named if place < len(batch)}
                if not refused:
                    raise
                for place in sorted(refused):
                    self._leave_out(Wrong(batch[place].line, named[place]))
                batch = [row for place, row in enumerate(batch) if place not in refused]
            else:
                self.counts.update(report.model_dump())
                return

    def _leave_out(self, wrong: Wrong) -> None:
        self.wrong.append(wrong)
        self._told(wrong)


def _named(error: InvalidRequest) -> dict[int, str]:
    """Rows that a 422 names with paths like ``/items/3/title``, and what is wrong with them."""
    named: dict[int, str] = {}
    for wrong in error.errors:
        _, _, place, *field = [*wrong.path.split("/"), "", ""]
        if place.isdecimal():
            named.setdefault(int(place), f"{'/'.join(filter(None, field)) or 'row'}: {wrong.message}")
    return named
