"""Re-ranking: from a ranked list to a slate that is diverse, fits its reader, and is fair to providers."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from feedsmith.domains.loader import Reranking
from feedsmith.ranking.calibration import miscalibration
from feedsmith.ranking.exposure import NOBODY, ExposureFloor, exposure, provider_codes

CAP_WINDOW = 10
"""Of so many neighbouring places, one provider gets ``max_per_provider`` at most."""


def rerank(
    scores: npt.NDArray[np.floating],
    vectors: npt.NDArray[np.float32],
    keys: Sequence[str],
    providers: Sequence[str | None],
    topics: npt.NDArray[np.floating],
    shares: npt.NDArray[np.floating],
    rule: Reranking,
    limit: int,
    reserved: Collection[int] = (),
) -> list[int]:
    """Choose and order a slate, one place after the other.

    Each place goes to the candidate that maximises ``mmr * relevance - (1 - mmr) * similarity + calibration * gain``:

    - relevance is the score, min-max normalised over the candidates to [0, 1];
    - similarity the largest cosine to an item placed already (Carbonell & Goldstein, "The use of MMR,
      diversity-based reranking", SIGIR 1998);
    - gain by how many nats the candidate brings the topics of the slate so far nearer to the reader's (see
      :func:`~feedsmith.ranking.calibration.miscalibration`).

    Of any ten neighbouring places, one provider gets ``max_per_provider`` at most, unless nobody else is left.
    Providers get the exposure that ``provider_floor`` owes them (:class:`~feedsmith.ranking.exposure.ExposureFloor`).
    Ties go to the higher score, then to the smaller key. No chance is involved.

    Parameters
    ----------
    scores
        Shape (n,), the higher the better.
    vectors
        Shape (n, d), unit length.
    keys, providers
        Length n. Items without a provider are neither capped nor owed anything.
    topics
        Shape (n, t), scores of the reader's t topics in [0, 1], with row sums of at most 1.
    shares
        Shape (t,), the reader's topic shares, with sum 1; t = 0 where there are none: nothing is calibrated.
    rule
        The domain's ``[reranking]``; ``exploration`` is not looked at.
    limit
        Places of the slate, at least 0.
    reserved
        0-based places that somebody else fills.

    Returns
    -------
    list of int
        Indices into ``scores`` for the places not reserved, from the first on; fewer where candidates are.
    """
    order = by_score(scores, keys)
    places = [place for place in range(limit) if place not in reserved][: len(order)]
    unit, topics, provider = vectors[order], topics[order], provider_codes(providers)[order]
    relevance = _min_max(scores[order])
    floor = ExposureFloor(
        relevance, provider, exposure(places).tolist(), rule.provider_floor, rule.max_per_provider
    )  # fmt: skip
    used = np.zeros(provider.max(initial=NOBODY) + 1, dtype=np.intp)
    similarity = np.zeros(len(order))  # of each candidate to its nearest placed item; nothing is placed yet
    covered = np.zeros(topics.shape[1])  # sum of the placed items' topic scores
    free = np.ones(len(order), dtype=bool)

    slate: list[int] = []
    for _ in places:
        value = rule.mmr * relevance - (1.0 - rule.mmr) * similarity
        if rule.calibration:  # what the slate lacks so far is the same for all candidates, and left out
            value -= rule.calibration * miscalibration((covered + topics) / (len(slate) + 1), shares)
        choice = free & floor.open_to()[provider]
        capped = choice & (used[provider] < rule.max_per_provider)
        best = int(np.argmax(np.where(capped if capped.any() else choice, value, -np.inf)))  # first of equals
        likeness = unit @ unit[best]
        similarity = np.maximum(similarity, likeness) if slate else likeness
        covered += topics[best]
        free[best] = False
        floor.give(int(provider[best]))
        slate.append(best)
        for index, change in ((len(slate) - 1, 1), (len(slate) - CAP_WINDOW, -1)):
            if index >= 0 and provider[slate[index]] != NOBODY:
                used[provider[slate[index]]] += change
    return [int(order[i]) for i in slate]


def by_score(scores: npt.NDArray[np.floating], keys: Sequence[str]) -> npt.NDArray[np.intp]:
    """Indices of the candidates, the highest score first, ties by key."""
    return np.lexsort((np.array(keys, dtype=np.str_), -scores))


def _min_max(scores: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Scores as shares of their range; all 1 when they are equal."""
    if not len(scores) or scores.max() == scores.min():
        return np.ones(len(scores))
    return np.asarray((scores - scores.min()) / (scores.max() - scores.min()), dtype=np.float64)
