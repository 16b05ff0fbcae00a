"""A slate: the re-ranked places, and between them a few that explore."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feedsmith.domains.loader import Reranking
from feedsmith.ranking.exploration import POOL, draw, exploration_places, posteriors, win_probabilities
from feedsmith.ranking.reranking import CAP_WINDOW, by_score, rerank


@dataclass(frozen=True, slots=True)
class Placed:
    """What a place holds: the candidate's row, and the probability in (0, 1] that it would be there.

    Given the places above, that is: of two exploration places, the second never gets the first's item.
    """

    row: int
    propensity: float = 1.0
    explored: bool = False


_EMPTY = Placed(-1)


def make_slate(
    scores: npt.NDArray[np.floating],
    vectors: npt.NDArray[np.float32],
    keys: Sequence[str],
    providers: Sequence[str | None],
    topics: npt.NDArray[np.floating],
    shares: npt.NDArray[np.floating],
    clicks: npt.ArrayLike,
    shown: npt.ArrayLike,
    rule: Reranking,
    limit: int,
    seed: str,
) -> list[Placed]:
    """Fill a slate: exploration places by Thompson sampling, all others by re-ranking.

    For an exploration place compete the 20 candidates with the highest scores that are not in the slate and whose
    provider is not at its cap there, unless everybody's is.

    Parameters
    ----------
    scores, vectors, keys, providers, topics, shares, rule, limit
        As in :func:`~feedsmith.ranking.reranking.rerank`.
    clicks, shown
        Shape (n,), how often each candidate was clicked and shown, to anybody.
    seed
        The slate's id; with the same candidates, it makes the same slate again.

    Returns
    -------
    list of Placed
        ``min(limit, n)`` of them, from the first place on.
    """
    explored = exploration_places(limit, len(keys), rule.exploration)
    best = rerank(scores, vectors, keys, providers, topics, shares, rule, limit, explored)
    slate = [Placed(row) for row in best]
    if not explored:
        return slate
    a, b = posteriors(clicks, shown)
    chosen = set(best)
    left = [row for row in by_score(scores, keys).tolist() if row not in chosen]
    for place in explored:
        slate.insert(place, _EMPTY)
    for place in explored:
        full = _at_cap([None if p is _EMPTY else providers[p.row] for p in slate], place, rule.max_per_provider)
        pool = [row for row in left if providers[row] not in full][:POOL] or left[:POOL]
        likely = win_probabilities(a[pool], b[pool])
        winner = draw(likely, f"{seed}:{place}")
        slate[place] = Placed(pool[winner], float(likely[winner]), explored=True)
        left.remove(pool[winner])
    return slate


def _at_cap(shown_by: Sequence[str | None], place: int, most: int) -> set[str | None]:
    """Providers that fill their part of some ten neighbouring places around ``place``."""
    full: set[str | None] = set()
    for start in range(max(0, place - CAP_WINDOW + 1), place + 1):
        counts = Counter(shown_by[start : start + CAP_WINDOW])
        full.update(name for name, count in counts.items() if count >= most)
    return full - {None}
