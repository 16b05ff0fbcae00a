"""What each re-ranking measure costs in nDCG, and gives, on measured impressions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from feedsmith.domains.loader import Reranking
from feedsmith.ranking.calibration import miscalibration
from feedsmith.ranking.slate import Placed, make_slate
from feedsmith_training.baselines.base import Part
from feedsmith_training.log import Catalogue, Impression, ImpressionLog, Rows
from feedsmith_training.metrics import METRICS, TOP, Floats, PairedBootstrap, interval, quality
from feedsmith_training.ranking_report import DIGITS

PLAIN = Reranking(mmr=1.0, calibration=0.0, max_per_provider=TOP, provider_floor=0.0, exploration=0.0)
"""The ranked list as it is."""

LEAST_MERIT = 20
"""Clicks below which a provider's exposure is not held against its merit: the ratio would be noise."""


def measures(rule: Reranking) -> dict[str, Reranking]:
    """Each measure of the domain's ``[reranking]`` alone, and all together."""
    alone = {
        "mmr": ("mmr",),
        "calibration": ("calibration",),
        "provider cap": ("max_per_provider",),
        "provider floor": ("provider_floor",),
        "exploration": ("exploration",),
    }
    return {
        "none": PLAIN,
        **{
            name: PLAIN.model_copy(update={field: getattr(rule, field) for field in fields})
            for name, fields in alone.items()
        },
        "all": rule,
    }


def reranking_table(part: Part, scores: Floats, rule: Reranking, *, resamples: int) -> list[dict[str, Any]]:
    """A row per measure, each over the same slates of ten.

    - ``ndcg@10`` of the slates, ``ndcg@10_cost`` against the list as ranked, with the interval of a paired bootstrap;
    - ``diversity``: 1 - mean cosine of a slate's pairs;
    - ``miscalibration``: nats between the topics of the slate and those of the reader's history, where there is one;
    - ``exposure_to_merit``: the least exposed provider's share of exposure over its share of all clicks, of providers
      with 20 clicks or more: 1 is in proportion; None without any;
    - ``exploration``: share of the places that are drawn.

    Items without a provider are their category's, so that there is something to be fair to.
    """
    slates = {name: _slates(part, scores, of) for name, of in measures(rule).items()}
    ndcg = {name: _ndcg(part, slate) for name, slate in slates.items()}
    users = np.array([impression.user for impression in part.log.impressions])
    bootstrap = PairedBootstrap(users, resamples=resamples)
    costs = bootstrap.means(np.column_stack([ndcg["none"] - values for values in ndcg.values()]))
    return [
        {
            "measure": name,
            "ndcg@10": round(float(ndcg[name].mean()), DIGITS),
            "ndcg@10_cost": round(float((ndcg["none"] - ndcg[name]).mean()), DIGITS),
            "ndcg@10_cost_ci": [round(edge, DIGITS) for edge in interval(costs[:, column])],
            **_gains(part.log, slate),
        }
        for column, (name, slate) in enumerate(slates.items())
    ]


def _slates(part: Part, scores: Floats, rule: Reranking) -> list[list[Placed]]:
    providers = providers_of(part.log.catalogue)
    clicks, shown = np.expm1(part.table.columns(["clicks_total", "shown_total"]).astype(np.float64)).T
    found = []
    for number, impression in enumerate(part.log.impressions):
        of = slice(int(part.table.offsets[number]), int(part.table.offsets[number + 1]))
        rows = impression.candidates
        shares = _shares(part.log.catalogue, impression)
        found.append(
            make_slate(
                scores[of],
                part.log.catalogue.vectors[rows],
                [part.log.catalogue.ids[row] for row in rows],
                [providers[row] for row in rows],
                part.log.catalogue.topics[rows][:, : len(shares)],
                shares,
                clicks[of],
                shown[of],
                rule,
                min(TOP, len(rows)),
                str(number),
            )
        )
    return found


def _ndcg(part: Part, slates: list[list[Placed]]) -> Floats:
    """Of the slates as ordered; what is not in a slate comes after it."""
    ranks = np.full(len(part.table.clicked), -float(TOP))
    for start, slate in zip(part.table.offsets, slates, strict=False):
        ranks[start + np.array([placed.row for placed in slate])] = -np.arange(len(slate))
    return quality(ranks, part.table.clicked, part.table.offsets)[:, METRICS.index("ndcg@10")]


def _gains(log: ImpressionLog, slates: list[list[Placed]]) -> dict[str, Any]:
    catalogue, providers = log.catalogue, providers_of(log.catalogue)
    diversity, distance, explored = [], [], []
    exposure: dict[str, float] = {}
    merit: dict[str, float] = {}
    for impression, slate in zip(log.impressions, slates, strict=True):
        rows = impression.candidates[[placed.row for placed in slate]]
        vectors, n = catalogue.vectors[rows], len(rows)
        if n > 1:
            diversity.append(1.0 - (float((vectors.sum(axis=0) ** 2).sum()) - n) / (n * (n - 1)))
        shares = _shares(catalogue, impression)
        if len(shares):
            distance.append(float(miscalibration(catalogue.topics[rows].mean(axis=0, keepdims=True), shares)[0]))
        explored += [placed.explored for placed in slate]
        _add(exposure, providers, rows, 1.0 / np.log2(2.0 + np.arange(n)))
        _add(merit, providers, impression.candidates, impression.clicked.astype(np.float64))
    return {
        "diversity": round(float(np.mean(diversity)), DIGITS) if diversity else None,
        "miscalibration": round(float(np.mean(distance)), DIGITS) if distance else None,
        "exposure_to_merit": _least(exposure, merit),
        "exploration": round(float(np.mean(explored)), DIGITS),
    }


def _add(total: dict[str, float], providers: tuple[str | None, ...], rows: Rows, amounts: Floats) -> None:
    for row, amount in zip(rows.tolist(), amounts.tolist(), strict=True):
        provider = providers[row]
        if provider is not None:
            total[provider] = total.get(provider, 0.0) + amount


def _least(exposure: Mapping[str, float], merit: Mapping[str, float]) -> float | None:
    earned = [name for name, clicks in merit.items() if clicks >= LEAST_MERIT]
    if not earned:
        return None
    shown, liked = sum(exposure.values()), sum(merit.values())
    return round(min(exposure.get(name, 0.0) / shown / (merit[name] / liked) for name in earned), DIGITS)


def _shares(catalogue: Catalogue, impression: Impression) -> Floats:
    """The reader's topic shares, (t,), with sum 1; (0,) where nothing is known."""
    mass = impression.history_weights @ catalogue.topics[impression.history]
    return np.asarray(mass / mass.sum() if mass.sum() > 0 else np.zeros(0), dtype=np.float64)


def providers_of(catalogue: Catalogue) -> tuple[str | None, ...]:
    """Each item's provider; where no item has one, its first topic stands in."""
    if any(catalogue.providers):
        return catalogue.providers
    best = catalogue.topics.argmax(axis=1)
    return tuple(
        catalogue.topic_names[topic] if scores[topic] > 0 else None
        for topic, scores in zip(best.tolist(), catalogue.topics, strict=True)
    )
