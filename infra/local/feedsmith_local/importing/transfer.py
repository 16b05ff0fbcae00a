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
    """What became of the rows so far: ``counts`` are the sums of what the API answered, ``wrong`` what did not land."""

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
        good: list[Found] = []
        wrong: list[Wrong] = []
        for row in rows:
            if isinstance(row, Wrong):
                wrong.append(row)
            else:
                good.append(row)
            if len(good) == BATCH or len(wrong) == BATCH:
                self._send(good, wrong)
                good, wrong = [], []
                advanced()
        self._send(good, wrong)
        advanced()

    def _send(self, good: list[Found], wrong: list[Wrong]) -> None:
        """Send the rows that the API takes; tell of the others, in the order of the lines."""
        try:
            while good:
                try:
                    report = self._post([row.fields for row in good])
                except InvalidRequest as error:
                    named = {place: why for place, why in _named(error).items() if place < len(good)}
                    if not named:
                        raise
                    wrong += [Wrong(good[place].line, why) for place, why in named.items()]
                    good = [row for place, row in enumerate(good) if place not in named]
                else:
                    self.counts.update(report.model_dump())
                    return
        finally:
            for row in sorted(wrong, key=lambda row: row.line):
                self.wrong.append(row)
                self._told(row)


def _named(error: InvalidRequest) -> dict[int, str]:
    """Rows that a 422 names with paths like ``/items/3/title``, and what is wrong with them."""
    named: dict[int, str] = {}
    for wrong in error.errors:
        _, _, place, *field = [*wrong.path.split("/"), "", ""]
        if place.isdecimal():
            named.setdefault(int(place), f"{'/'.join(filter(None, field)) or 'row'}: {wrong.message}")
    return named
