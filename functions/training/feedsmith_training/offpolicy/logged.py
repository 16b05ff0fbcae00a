"""Logged decisions: what could have been shown, what was, how likely that was, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from feedsmith.errors import ValidationFailed

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.intp]

_ROUNDING = 1e-6
"""How far probabilities that were computed and stored in single precision may miss their sum."""


@dataclass(frozen=True, slots=True, eq=False)
class LoggedDecisions:
    """``n`` logged choices of one item each: an exploration slot, or one place of a slate.

    The arrays are copied, and cannot be written to.

    Parameters
    ----------
    context
        Shape (n,), integers: the row of the request in the caller's own table. Not read by the estimators.
    offsets
        Shape (n + 1,), integers: the pool of decision i is ``items[offsets[i]:offsets[i + 1]]``.
    items
        Shape (m,), integers: item rows of all pools, one pool after the other. A pool is what the logging policy
        could have chosen; no item is in one pool twice.
    chosen
        Shape (n,), integers: index of the shown item within its own pool, 0-based.
    propensity
        Shape (n,), in (0, 1]: probability with which the logging policy chose it.
    reward
        Shape (n,), finite: 0 or 1 for clicks, or any real outcome.
    pool_propensity
        Shape (m,), in [0, 1]: the logging policy's probability of each pool member, NaN where unknown. None: it was
        not logged, and each pool member counts as one that could have been chosen.
    cluster
        Shape (n,), integers: decisions with the same number depend on each other (one slate, one person), and the
        intervals respect it. None: each decision stands alone.

    Raises
    ------
    ValidationFailed
        The arrays contradict each other; one error per field, which names the first wrong row.
    """

    context: Rows
    offsets: Rows
    items: Rows
    chosen: Rows
    propensity: Floats
    reward: Floats
    pool_propensity: Floats | None = None
    cluster: Rows | None = None

    def __post_init__(self) -> None:
        errors: list[dict[str, str]] = []
        for spec in fields(self):
            value = getattr(self, spec.name)
            if value is None:
                continue
            kind = np.float64 if spec.name in {"propensity", "reward", "pool_propensity"} else np.intp
            array = np.asarray(value)
            if array.ndim != 1 or (kind is np.intp and array.size and not np.issubdtype(array.dtype, np.integer)):
                errors.append(_error(spec.name, "must be a one-dimensional array of " + _NOUN[kind]))
                continue
            array = array.astype(kind)  # copies
            array.setflags(write=False)
            object.__setattr__(self, spec.name, array)
        _refuse(errors)  # the values are looked at only once the shapes are right
        _refuse(self._length_errors())
        _refuse(self._value_errors())

    def __len__(self) -> int:
        return len(self.chosen)

    @property
    def sizes(self) -> Rows:
        """Pool sizes, shape (n,), each at least 1."""
        return np.diff(self.offsets)

    @property
    def owner(self) -> Rows:
        """Shape (m,): the decision that each pool member belongs to."""
        return np.repeat(np.arange(len(self), dtype=np.intp), self.sizes)

    @property
    def chosen_at(self) -> Rows:
        """Shape (n,): where the chosen items lie in ``items``."""
        return np.asarray(self.offsets[:-1] + self.chosen, dtype=np.intp)

    @property
    def units(self) -> Rows:
        """Shape (n,): number of the independent unit of each decision, 0-based without gaps."""
        if self.cluster is None:
            return np.arange(len(self), dtype=np.intp)
        return np.unique(self.cluster, return_inverse=True)[1].astype(np.intp)

    def per_pool(self, values: Floats) -> Floats:
        """Sum values of pool members, shape (m,), over each pool: shape (n,)."""
        return np.bincount(self.owner, weights=values, minlength=len(self)).astype(np.float64)

    def _length_errors(self) -> list[dict[str, str]]:
        n, m = len(self.chosen), len(self.items)
        wanted = {"context": n, "offsets": n + 1, "propensity": n, "reward": n, "pool_propensity": m, "cluster": n}
        return [
            _error(name, f"has length {len(value)}, but {length} is needed to fit {n} decisions over {m} pool members")
            for name, length in wanted.items()
            if (value := getattr(self, name)) is not None and len(value) != length
        ]

    def _value_errors(self) -> list[dict[str, str]]:
        if not len(self):
            return [_error("chosen", "no decision was logged: nothing can be estimated from nothing")]
        sizes = self.sizes
        if self.offsets[0] != 0 or self.offsets[-1] != len(self.items) or (sizes < 0).any():
            return [_error("offsets", f"must start at 0, never fall and end at {len(self.items)}, the length of items")]
        if (sizes == 0).any():
            return [_first("offsets", sizes == 0, "the pool is empty: log at least the item that was shown")]
        outside = (self.chosen < 0) | (self.chosen >= sizes)
        if outside.any():
            return [_first("chosen", outside, "the chosen item is not in its pool: give its 0-based index there")]
        order = np.lexsort((self.items, self.owner))
        twice = np.zeros(len(self.items), dtype=bool)
        twice[order[1:]] = (np.diff(self.items[order]) == 0) & (np.diff(self.owner[order]) == 0)
        found = {
            "items": (twice, "is in its pool twice: log each candidate once"),
            "propensity": (
                ~((self.propensity > 0) & (self.propensity <= 1)),
                "is outside (0, 1]: log the probability with which the shown item was chosen",
            ),
            "reward": (~np.isfinite(self.reward), "is not a finite number"),
        }
        if self.pool_propensity is not None:
            known = np.where(np.isnan(self.pool_propensity), 0.0, self.pool_propensity)
            at_choice = self.pool_propensity[self.chosen_at]
            found["pool_propensity"] = (
                ((known < 0) | (known > 1))
                | (self.per_pool(known) > 1 + _ROUNDING)[self.owner]
                | (np.abs(at_choice - self.propensity) > _ROUNDING * self.propensity)[self.owner],
                "is outside [0, 1], or its pool sums to more than 1, or contradicts the propensity of the chosen item",
            )
        return [_first(name, wrong, message) for name, (wrong, message) in found.items() if wrong.any()]


_NOUN = {np.float64: "numbers", np.intp: "integers"}


def _error(name: str, message: str) -> dict[str, str]:
    return {"path": f"/{name}", "message": message}


def _first(name: str, wrong: npt.NDArray[np.bool_], message: str) -> dict[str, str]:
    return {"path": f"/{name}/{int(np.argmax(wrong))}", "message": f"{message} ({int(wrong.sum())} such rows)"}


def _refuse(errors: list[dict[str, str]]) -> None:
    if errors:
        raise ValidationFailed(errors)
