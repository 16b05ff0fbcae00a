"""Fairness: who is shown against who is liked, and for which users the ranking works.

Exposure follows the discount of DCG, merit is what users clicked or were predicted to, and a ranking treats two groups
alike when their exposure is in proportion to their merit (Singh & Joachims, "Fairness of exposure in rankings", KDD
2018, there "disparate treatment ratio").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import Field

from feedsmith.errors import ValidationFailed
from feedsmith.models import Model

Floats: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.intp]
Label: TypeAlias = "str | tuple[str, ...] | None"

OTHER = "other"
"""The group of all groups below the floor, and of what has no label."""


@dataclass(frozen=True, slots=True, eq=False)
class Impressions:
    """``n`` shown items, in arrays.

    Parameters
    ----------
    slate, user
        Shape (n,), integers or strings; a slate belongs to one user.
    position
        Shape (n,), integers, 0-based place in the slate.
    score
        Shape (n,), finite: what the ranker under test gives, the higher the better.
    clicked
        Shape (n,), 0 or 1.
    provider
        Length n; None where there is none.
    categories
        Length n; an item of k categories counts 1/k for each.
    predicted
        Shape (n,), calibrated click probability in [0, 1]; None: there is none.

    Raises
    ------
    ValidationFailed
        Lengths differ, there is no row, or values are out of range.
    """

    slate: npt.NDArray[np.generic]
    user: npt.NDArray[np.generic]
    position: npt.NDArray[np.integer]
    score: npt.NDArray[np.floating]
    clicked: npt.NDArray[np.generic]
    provider: Sequence[Label]
    categories: Sequence[Label]
    predicted: npt.NDArray[np.floating] | None = None

    def __post_init__(self) -> None:
        n = len(self.slate)
        checks = {
            "slate": (n == 0, "has no rows: a report needs impressions"),
            "user": (len(self.user) != n, f"must have length {n}, as slate has"),
            "position": (len(self.position) != n or (self.position < 0).any(), f"must be {n} places from 0 on"),
            "score": (len(self.score) != n or not np.isfinite(self.score).all(), f"must be {n} finite numbers"),
            "clicked": (len(self.clicked) != n or not np.isin(self.clicked, (0, 1)).all(), f"must be {n} times 0 or 1"),
            "provider": (len(self.provider) != n, f"must have length {n}, as slate has"),
            "categories": (len(self.categories) != n, f"must have length {n}, as slate has"),
            "predicted": (
                self.predicted is not None
                and (len(self.predicted) != n or not ((self.predicted >= 0) & (self.predicted <= 1)).all()),
                f"must be {n} probabilities",
            ),
        }
        _refuse({name: message for name, (wrong, message) in checks.items() if wrong})


class GroupExposure(Model):
    """What one group of items gets and earns; the shares sum to 1 over the groups (merit: to 0 where there is none).

    ``ratio`` is exposure share over merit share: 1 is in proportion, below 1 is shown too little. None: no merit.
    ``impressions`` may be fractional, where items have several categories.
    """

    group: str
    impressions: float = Field(ge=0)
    exposure_share: float = Field(ge=0, le=1)
    merit_share: float = Field(ge=0, le=1)
    ratio: float | None


class Disparity(Model):
    """The two groups treated most differently: the larger ratio over the smaller, at least 1."""

    favoured: str
    neglected: str
    value: float = Field(ge=1)


class ExposureReport(Model):
    """Exposure against merit, the most exposed group first.

    Clicks are biased towards the places where an item was shown, so that ``merit`` "clicks" understates what was
    placed low; "predicted" is the better measure where the ranker is calibrated. ``largest_disparity`` is None where
    fewer than two groups have a ratio.
    """

    merit: Literal["clicks", "predicted"]
    groups: tuple[GroupExposure, ...]
    largest_disparity: Disparity | None


class Interval(Model):
    """A mean over slates with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


class GroupQuality(Model):
    """How well a group of users is ranked for.

    Means over the slates with a click (nDCG), and also an item without one (AUC); None where fewer than two users have
    such a slate, so that nothing can be said of the spread.
    """

    group: str
    users: int = Field(ge=1)
    impressions: int = Field(ge=1)
    ndcg_at_10: Interval | None
    auc: Interval | None


class FairnessReport(Model):
    """The whole report; ``quality`` by the name of the grouping (events, segment, ...). ``seed`` is the bootstrap's."""

    seed: int
    providers: ExposureReport
    categories: ExposureReport
    quality: dict[str, tuple[GroupQuality, ...]]


def fairness_report(
    shown: Impressions, user_groups: Mapping[str, Sequence[str | None]], *, floor: int = 20, seed: int = 0
) -> FairnessReport:
    """Report exposure by provider and category, and quality by each grouping of users.

    Parameters
    ----------
    shown
        The impressions. Merit is ``predicted`` where given, else the clicks.
    user_groups
        Name of the grouping -> label of each impression's user, length n.
    floor
        Groups with fewer impressions are pooled as "other": their shares would be noise, and could point at a person.
    seed
        Of the bootstrap.

    Raises
    ------
    ValidationFailed
        A grouping's length differs.
    """
    return FairnessReport(
        seed=seed,
        providers=exposure_report(shown, shown.provider, floor=floor),
        categories=exposure_report(shown, shown.categories, floor=floor),
        quality={name: quality_by_group(shown, labels, floor=floor, seed=seed) for name, labels in user_groups.items()},
    )


def exposure_report(shown: Impressions, labels: Sequence[Label], *, floor: int = 20) -> ExposureReport:
    """Compare each group's exposure, ``sum 1 / log2(1 + place)`` with place from 1 on, with its merit.

    Merit is the sum of the predicted click probabilities where given, else of the clicks. The pooled group "other"
    takes part in the largest disparity once it reaches the floor itself.
    """
    names, row, code, share = _groups(labels, len(shown.slate), floor)
    merit = shown.clicked if shown.predicted is None else shown.predicted

    def total(value: npt.NDArray[np.generic]) -> Floats:
        return np.asarray(np.bincount(code, weights=value[row].astype(np.float64) * share), dtype=np.float64)

    impressions = total(np.ones(len(shown.slate)))
    exposure, earned = (_shares(total(value)) for value in (1.0 / np.log2(2.0 + shown.position), merit))
    groups = [
        GroupExposure(
            group=name,
            impressions=float(impressions[i]),
            exposure_share=float(exposure[i]),
            merit_share=float(earned[i]),
            ratio=float(exposure[i] / earned[i]) if earned[i] > 0 else None,
        )
        for i, name in enumerate(names)
    ]
    compared = sorted(
        (group.ratio, group.group) for group in groups if group.ratio is not None and group.impressions >= floor
    )
    disparity = None
    if len(compared) > 1:
        (low, neglected), (high, favoured) = compared[0], compared[-1]
        disparity = Disparity(favoured=favoured, neglected=neglected, value=high / low)
    return ExposureReport(
        merit="clicks" if shown.predicted is None else "predicted",
        groups=tuple(sorted(groups, key=lambda group: (-group.exposure_share, group.group))),
        largest_disparity=disparity,
    )


def quality_by_group(
    shown: Impressions,
    labels: Sequence[str | None],
    *,
    floor: int = 20,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[GroupQuality, ...]:
    """Mean nDCG@10 and AUC over the slates of each group of users, by name of the group.

    The slates' items are ordered by ``score``, equal scores in all orders (McSherry & Najork, ECIR 2008), so that a
    ranker that says nothing gains nothing. Intervals are percentiles of a bootstrap over users, because a user's slates
    depend on each other (Efron & Tibshirani, "An introduction to the bootstrap", 1993).

    Parameters
    ----------
    shown
        The impressions.
    labels
        Length n: group of each impression's user, the same over a slate; None joins "other".
    floor
        Groups with fewer impressions are pooled as "other".
    resamples, seed
        Of the bootstrap.

    Raises
    ------
    ValidationFailed
        ``labels`` has another length, or a slate has two users or groups.
    """
    names, _, label, _ = _groups(labels, len(shown.slate), floor)
    first, slate = np.unique(shown.slate, return_index=True, return_inverse=True)[1:]
    reader = np.unique(shown.user, return_inverse=True)[1]
    user, group = reader[first], label[first]
    if (group[slate] != label).any() or (user[slate] != reader).any():
        _refuse({"slate": "a slate has impressions of two users or groups: label users, as they were at its time"})
    ndcg, auc = _per_slate(slate, shown.score, shown.clicked.astype(bool))
    rng = np.random.default_rng(seed)
    return tuple(
        GroupQuality(
            group=name,
            users=len(np.unique(user[group == i])),
            impressions=int((label == i).sum()),
            ndcg_at_10=_bootstrap(ndcg[group == i], user[group == i], resamples, rng),
            auc=_bootstrap(auc[group == i], user[group == i], resamples, rng),
        )
        for i, name in enumerate(names)
    )


def _per_slate(slate: Codes, score: npt.NDArray[np.floating], clicked: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """NDCG@10 and AUC of each slate, NaN where undefined."""
    order = np.lexsort((-score, slate))
    slate, score, hit = slate[order], score[order], clicked[order].astype(np.float64)
    sizes = np.bincount(slate)
    place = np.arange(len(slate)) - np.repeat(np.cumsum(sizes) - sizes, sizes)  # 0-based
    discount = np.where(place < 10, 1.0 / np.log2(2.0 + place), 0.0)
    tie = np.cumsum(np.concatenate(([True], (np.diff(slate) != 0) | (np.diff(score) != 0)))) - 1

    def over_ties(value: Floats) -> Floats:
        return np.asarray((np.bincount(tie, weights=value) / np.bincount(tie))[tie])

    hits = np.bincount(slate, weights=hit)
    ideal = np.concatenate(([0.0], np.cumsum(1.0 / np.log2(2.0 + np.arange(10)))))[np.minimum(hits, 10).astype(np.intp)]
    rank = np.repeat(sizes, sizes) - over_ties(place.astype(np.float64))  # 1 is the lowest score
    with np.errstate(invalid="ignore"):
        ndcg = np.bincount(slate, weights=hit * over_ties(discount)) / ideal
        auc = (np.bincount(slate, weights=hit * rank) - hits * (hits + 1) / 2) / (hits * (sizes - hits))
    return ndcg, auc


def _bootstrap(metric: Floats, user: Codes, resamples: int, rng: np.random.Generator) -> Interval | None:
    known = np.isfinite(metric)
    who = np.unique(user[known], return_inverse=True)[1]
    total, count = np.bincount(who, weights=metric[known]), np.bincount(who)
    if len(count) < 2:
        return None
    means = np.empty(resamples)
    for i in range(resamples):  # one at a time: a matrix of resamples by users would not fit for millions of users
        drawn = np.bincount(rng.integers(len(count), size=len(count)), minlength=len(count))
        means[i] = drawn @ total / (drawn @ count)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(value=float(metric[known].mean()), low=float(low), high=float(high))


def _groups(labels: Sequence[Label], n: int, floor: int) -> tuple[list[str], Codes, Codes, Floats]:
    """Names of the groups, and for each (row, label): the row, the group's code and the label's share of the row."""
    if len(labels) != n:
        _refuse({"labels": f"has length {len(labels)}, but there are {n} impressions"})
    sets = [((label,) if isinstance(label, str) else tuple(dict.fromkeys(label or ()))) or (OTHER,) for label in labels]
    sizes = np.array([len(names) for names in sets])
    row = np.repeat(np.arange(n, dtype=np.intp), sizes)
    share = 1.0 / sizes[row]
    each, code = np.unique([name for names in sets for name in names], return_inverse=True)
    small = np.bincount(code, weights=share) < floor
    renamed = np.where(small, OTHER, each)
    names, merged = np.unique(renamed, return_inverse=True)
    return [str(name) for name in names], row, merged[code].astype(np.intp), share


def _shares(total: Floats) -> Floats:
    return np.asarray(total / total.sum()) if total.sum() > 0 else np.zeros(len(total))


def _refuse(errors: dict[str, str]) -> None:
    if errors:
        raise ValidationFailed([{"path": f"/{name}", "message": message} for name, message in errors.items()])
