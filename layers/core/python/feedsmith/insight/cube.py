"""Counted figures, by day: what :mod:`feedsmith.insight.tally` writes and :mod:`feedsmith.insight.figures` reads.

Users are dealt into ``BUCKETS`` by a hash of their pseudonym, always into the same one. Sums by bucket add up over
days, and buckets are disjoint groups of users; so the spread between them gives an interval that is clustered by user
for any range of days, without a row about any user.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, get_args

import numpy as np
import numpy.typing as npt

from feedsmith.errors import ConfigurationError
from feedsmith.insight.messages import Kind

BUCKETS: Final = 64
QUANTITIES: Final = (
    "impressions", "clicks", "conversions", "ratings", "satisfied", "dated", "age_hours", "exposure",
)  # fmt: skip
OTHER: Final = "other"
"""What belongs to no group, and all groups of a day that have too few users to be told of."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


def bucket(user: str) -> int:
    """The bucket of a user, by pseudonym."""
    return hashlib.sha256(user.encode()).digest()[0] % BUCKETS


@dataclass(frozen=True, slots=True, eq=False)
class Cube:
    """Figures of one domain, split one way.

    Parameters
    ----------
    start
        The first day, UTC; there are ``d`` of them.
    groups
        ``g`` names.
    sums
        Shape (g, d, BUCKETS, len(QUANTITIES)); zero on days on which the group has too few users.
    users
        Shape (g, d, d): users of the group from the first to the second day, both included.
    shown
        Shape (d, d): items shown from the first to the second day.
    catalogue
        Items of the domain when this was counted.
    """

    start: date
    groups: tuple[str, ...]
    sums: npt.NDArray[np.float64]
    users: npt.NDArray[np.int64]
    shown: npt.NDArray[np.int64]
    catalogue: int

    def days(self, first: date, last: date) -> tuple[int, int] | None:
        """Indices of the first and last day of a range, as far as they were counted; None: none of them was."""
        low, high = max((first - self.start).days, 0), min((last - self.start).days, self.sums.shape[1] - 1)
        return (low, high) if low <= high else None

    def day(self, index: int) -> date:
        """The day of an index."""
        return self.start + timedelta(days=index)

    def dump(self) -> bytes:
        """As NumPy's compressed archive."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            start=np.array(self.start.isoformat()),
            groups=np.array(self.groups, dtype=np.str_),
            quantities=np.array(QUANTITIES),
            sums=self.sums,
            users=self.users,
            shown=self.shown,
            catalogue=np.array(self.catalogue),
        )
        return buffer.getvalue()

    @classmethod
    def load(cls, data: bytes) -> Cube:
        """From ``dump``.

        Raises
        ------
        ConfigurationError
            Another version wrote it.
        """
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            if tuple(held["quantities"].tolist()) != QUANTITIES or held["sums"].shape[2] != BUCKETS:
                raise ConfigurationError(
                    "the figures were counted by another version of feedsmith: deploy all functions from the same "
                    "version, and wait for the next count"
                )
            return cls(
                date.fromisoformat(str(held["start"])),
                tuple(held["groups"].tolist()),
                held["sums"],
                held["users"],
                held["shown"],
                int(held["catalogue"]),
            )


def reach(masks: list[int], days: int) -> npt.NDArray[np.int64]:
    """How many of some things were there from day to day.

    Parameters
    ----------
    masks
        Of each thing the days on which it was there, as bits.
    days
        ``d``, the number of days.

    Returns
    -------
    Shape (d, d): entry (i, j) counts those that were there on any day from i to j; 0 below the diagonal.
    """
    first = np.zeros((days, days + 1), dtype=np.int64)
    if masks:
        width = (days + 7) // 8
        packed = np.frombuffer(b"".join(mask.to_bytes(width, "little") for mask in masks), dtype=np.uint8)
        there = np.unpackbits(packed.reshape(len(masks), width), axis=1, bitorder="little")[:, :days].astype(bool)
        following = np.full(len(masks), days)
        for day in range(days - 1, -1, -1):
            following[there[:, day]] = day
            first[day] = np.bincount(following, minlength=days + 1)
    return np.cumsum(first[:, :days], axis=1)
