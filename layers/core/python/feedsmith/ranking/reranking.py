"""Re-ranking: from a ranked list to a slate that is not ten times the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from feedsmith.domains.loader import Reranking

_WINDOW = 10


def rerank(
    scores: npt.NDArray[np.floating],
    vectors: npt.NDArray[np.float32],
    keys: Sequence[str],
    providers: Sequence[str | None],
    rule: Reranking,
    limit: int,
) -> list[int]:
    """Choose and order a slate by maximal marginal relevance, with a cap per provider.

    Each place goes to the candidate that maximises ``mmr * relevance - (1 - mmr) * similarity``: relevance is the
    score, min-max normalised over the candidates to [0, 1]; similarity the largest cosine to an item placed already
    (Carbonell & Goldstein, "The use of MMR, diversity-based reranking", SIGIR 1998). Of any ten neighbouring places,
    one provider gets ``max_per_provider`` at most, unless nobody else is left. Ties go to the higher score, then to
    the smaller key.

    Parameters
    ----------
    scores
        Shape (n,), the higher the better.
    vectors
        Shape (n, d), unit length.
    keys, providers
        Length n. Items without a provider are not capped.
    rule
        The domain's ``[reranking]``.
    limit
        Places to fill, at least 0.

    Returns
    -------
    list of int
        Indices into ``scores``, best first, ``min(limit, n)`` of them.
    """
    n = len(keys)
    order = np.array(sorted(range(n), key=lambda i: (-scores[i], keys[i])), dtype=np.intp)
    relevance, unit = rule.mmr * _min_max(scores[order]), vectors[order]
    names = {name: code for code, name in enumerate(dict.fromkeys(providers))}
    provider = np.array([names[providers[i]] for i in order], dtype=np.intp)
    used = np.zeros(len(names), dtype=np.intp)
    similarity = np.zeros(n)  # of each candidate to its nearest placed item; nothing is placed yet
    free = np.ones(n, dtype=bool)

    slate: list[int] = []
    while len(slate) < min(limit, n):
        value = relevance - (1.0 - rule.mmr) * similarity
        allowed = free & (used[provider] < rule.max_per_provider)
        best = int(np.argmax(np.where(allowed if allowed.any() else free, value, -np.inf)))  # first of equals
        likeness = unit @ unit[best]
        similarity = np.maximum(similarity, likeness) if slate else likeness
        free[best] = False
        slate.append(best)
        for place, change in ((len(slate) - 1, 1), (len(slate) - _WINDOW, -1)):
            if place >= 0 and providers[order[slate[place]]] is not None:
                used[provider[slate[place]]] += change
    return [int(order[i]) for i in slate]


def _min_max(scores: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Scores as shares of their range; all 1 when they are equal."""
    if not len(scores) or scores.max() == scores.min():
        return np.ones(len(scores))
    return np.asarray((scores - scores.min()) / (scores.max() - scores.min()), dtype=np.float64)
