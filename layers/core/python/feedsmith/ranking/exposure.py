"""Exposure of providers: what a place is worth, and the least that each provider gets of it.

The exposure of a slate's place is ``1 / log2(1 + place)``, place from 1 on; a provider's merit the sum of its
candidates' relevance. Exposure in proportion to merit is the fair share (Singh & Joachims, "Fairness of exposure in
rankings", KDD 2018). One slate cannot give it to everybody, since a place cannot be divided, but it can keep a floor.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

NOBODY = 0
"""Code of items without a provider, to whom neither floor nor cap applies."""

_ROUNDING = 1e-9


def exposure(positions: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Exposure of places by their 0-based position: 1 for the first, then 0.63, 0.5, 0.43, ..."""
    return np.asarray(1.0 / np.log2(2.0 + np.asarray(positions, dtype=np.float64)))


def provider_codes(providers: Sequence[str | None]) -> npt.NDArray[np.intp]:
    """Shape (n,): ``NOBODY`` for None, else 1, 2, ... in the order of the names."""
    codes = {name: code for code, name in enumerate(sorted(set(providers) - {None}, key=str), start=NOBODY + 1)}
    return np.array([NOBODY if name is None else codes[name] for name in providers], dtype=np.intp)


class ExposureFloor:
    """Keeps account of what providers are owed while a slate is filled from its first place to its last.

    A provider is owed ``share`` times its merit's part of the slate's whole exposure; in other words, exposure share
    over merit share is at least ``share``. But it is owed

    - nothing, where this is less than the last place is worth;
    - no more than its ``most`` items, or as many items as it has, get on the last places;
    - nothing in this slate, where there is no room after those with more merit (ties go by name) have theirs.

    So what is owed can always be paid, whoever gets the places that are not needed for it, and within a cap of
    ``most`` items per provider.

    Parameters
    ----------
    relevance
        Shape (n,), at least 0.
    provider
        Shape (n,), codes of ``provider_codes``.
    worth
        Exposure of the places to fill, falling; at most n of them.
    share
        In [0, 1); 0: nobody is owed anything.
    most
        Most items of one provider.

    Attributes
    ----------
    owed
        Provider code -> exposure still owed; 0 or less where it is paid.
    """

    def __init__(
        self,
        relevance: npt.NDArray[np.floating],
        provider: npt.NDArray[np.intp],
        worth: Sequence[float],
        share: float,
        most: int,
    ) -> None:
        self._providers = int(provider.max(initial=NOBODY)) + 1
        self._worth = list(worth)
        self.owed: dict[int, float] = {}
        self._last_places = 0  # how many of them pay it all
        merit = np.bincount(provider, weights=relevance, minlength=self._providers)
        if not share or not worth or not merit.any():
            return
        due = share * merit / merit.sum() * sum(worth)
        items = np.minimum(np.bincount(provider, minlength=self._providers), most)
        for code in sorted(range(NOBODY + 1, self._providers), key=lambda p: (-merit[p], p)):
            if due[code] < worth[-1]:
                break
            owed = {**self.owed, code: min(float(due[code]), sum(self._worth[-items[code] :]))}
            needed = self._needed(owed.values())
            if needed <= len(worth):
                self.owed, self._last_places = owed, needed

    def open_to(self) -> npt.NDArray[np.bool_]:
        """By provider code: whether giving it the next place leaves enough to pay what is owed."""
        places = len(self._worth) - 1
        if self._last_places <= places:
            return np.ones(self._providers, dtype=bool)
        found = np.zeros(self._providers, dtype=bool)
        for code in self.owed:
            found[code] = self._needed(self._after(code).values()) <= places
        return found

    def give(self, code: int) -> None:
        """Record that this provider gets the next place."""
        owed = self._after(code)
        del self._worth[0]
        if owed is not self.owed:
            self.owed, self._last_places = owed, self._needed(owed.values())

    def _after(self, code: int) -> dict[int, float]:
        if code not in self.owed:
            return self.owed
        return {**self.owed, code: self.owed[code] - self._worth[0]}

    def _needed(self, owed: Iterable[float]) -> int:
        """How many of the last places pay everybody in turn, each with neighbouring places."""
        needed = 0
        for amount in owed:
            while amount > _ROUNDING:
                needed += 1
                if needed > len(self._worth):
                    return needed
                amount -= self._worth[-needed]
        return needed
