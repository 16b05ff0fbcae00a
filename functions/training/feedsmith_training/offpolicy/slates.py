"""From logged slates to logged decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from feedsmith.errors import ValidationFailed
from feedsmith_training.offpolicy.logged import LoggedDecisions


def from_slates(
    slate: npt.ArrayLike,
    position: npt.ArrayLike,
    item: npt.ArrayLike,
    propensity: npt.ArrayLike,
    clicked: npt.ArrayLike,
    pools: Mapping[int, Sequence[int]],
    *,
    explored_only: bool = True,
) -> LoggedDecisions:
    """Make one decision of each impression, as if its place had been filled last.

    The pool of a place is its slate's candidates less the items at smaller positions. What the estimators then speak of
    is the value of one place with the places above it as they were logged, not the value of a whole new slate.

    Parameters
    ----------
    slate, position, item
        Shape (n,), integers: row of the slate, 0-based place in it, item row.
    propensity
        Shape (n,), in (0, 1]: probability of the item at its place, given the places above; 1 where no chance was
        involved.
    clicked
        Shape (n,), 0 or 1 (or any real reward of the place).
    pools
        Candidates (item rows) of each slate, as the logging policy had them.
    explored_only
        Leave out impressions with propensity 1. They say nothing about any other item, so that a new ranker that
        disagrees with one has no support there.

    Returns
    -------
    LoggedDecisions
        Ordered by slate and position. ``context`` and ``cluster`` are the slate: its places depend on each other.

    Raises
    ------
    ValidationFailed
        Lengths differ, a propensity is outside (0, 1], a place or an item occurs twice in a slate, a slate has no
        pool or an item is not in it, or no impression was left to chance.
    """
    columns = {"slate": slate, "position": position, "item": item, "propensity": propensity, "clicked": clicked}
    arrays = {name: np.asarray(column) for name, column in columns.items()}
    n = len(arrays["slate"])
    if wrong := [name for name, array in arrays.items() if array.shape != (n,)]:
        raise ValidationFailed(
            [
                {"path": f"/{name}", "message": f"has shape {arrays[name].shape}, but slate has {n} rows"}
                for name in wrong
            ]
        )
    likely = arrays["propensity"]
    if (wrong_rows := np.flatnonzero(~((likely > 0) & (likely <= 1)))).size:
        raise _wrong("propensity", int(wrong_rows[0]), f"is outside (0, 1] ({wrong_rows.size} such rows)")

    context, sizes, members, chosen, kept = [], [], [], [], []
    order = np.lexsort((arrays["position"], arrays["slate"]))
    slates, places, shown = (arrays[name][order].tolist() for name in ("slate", "position", "item"))
    remaining: list[int] = []
    for row, (now, place, choice) in enumerate(zip(slates, places, shown, strict=True)):
        where = int(order[row])
        fresh = row == 0 or slates[row - 1] != now
        if fresh:
            if now not in pools:
                raise _wrong("slate", where, "the slate has no pool: log the candidates that it was chosen from")
            remaining, above = list(pools[now]), set[int]()
        elif places[row - 1] == place:
            raise _wrong("position", where, "the place was filled before: one impression per place of a slate")
        if choice in above:
            raise _wrong("item", where, "the item is in its slate twice")
        above.add(choice)
        drawn = not explored_only or likely[where] < 1
        if choice in remaining:
            if drawn:
                context.append(now)
                sizes.append(len(remaining))
                chosen.append(remaining.index(choice))
                members.extend(remaining)
                kept.append(where)
            remaining.remove(choice)
        elif drawn:
            raise _wrong("item", where, "the chosen item is not in its pool: log all candidates of the slate")
    if not kept:
        message = "no impression has a propensity below 1: log slates with an exploration slot"
        raise ValidationFailed([{"path": "/propensity", "message": message}])
    return LoggedDecisions(
        context=np.array(context, dtype=np.intp),
        offsets=np.concatenate(([0], np.cumsum(sizes, dtype=np.intp))),
        items=np.array(members, dtype=np.intp),
        chosen=np.array(chosen, dtype=np.intp),
        propensity=likely[kept],
        reward=arrays["clicked"][kept],
        cluster=np.array(context, dtype=np.intp),
    )


def _wrong(name: str, row: int, message: str) -> ValidationFailed:
    return ValidationFailed([{"path": f"/{name}/{row}", "message": message}])
