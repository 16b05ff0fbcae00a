"""Scores of all rankers of an evaluation on the same candidates: baselines, and trained ones."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from feedsmith.errors import TooLittleData
from feedsmith.ranking.base import FeatureSpace
from feedsmith.ranking.features import GROUPS
from feedsmith_training.additive import Recipe, space_of, train_on
from feedsmith_training.baselines.base import Baseline, Part
from feedsmith_training.formats.sources import Source
from feedsmith_training.formats.vectors import Progress, silent
from feedsmith_training.metrics import Floats, quality
from feedsmith_training.ranking_report import COMPARED
from feedsmith_training.replay import feature_table

SEEDS = (0, 1, 2)
UNCONSTRAINED = "unconstrained"
ABLATED = tuple(dict.fromkeys(GROUPS.values()))
"""The groups of terms, each of which is left out in one row."""


@dataclass
class Scored:
    """What was measured of the rankers, by name in the order of the report.

    ``metrics``: (n, 4) of each impression; the trained ranker's are the mean over its seeds, ``by_seed`` has them
    apart. ``scores``: (N,), the trained ranker's of its first seed. ``seconds``: of fitting and scoring.
    ``skipped``: ranker -> why there is no row of it.
    """

    train: Part
    test: Part
    metrics: dict[str, Floats] = field(default_factory=dict)
    scores: dict[str, Floats] = field(default_factory=dict)
    by_seed: list[Floats] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


class Evaluation:
    """Fits rankers on a source's training impressions, and measures them on the others.

    Parameters
    ----------
    recipe
        Of the trained ranker; None: the one that is served.
    seeds
        Of the trained ranker: of everything that is learned, the feature space included.
    """

    def __init__(
        self,
        source: Source,
        *,
        seeds: Sequence[int] = SEEDS,
        recipe: Recipe | None = None,
        progress: Progress = silent,
    ) -> None:
        self._source = source
        self._seeds = seeds
        self._recipe = recipe
        self._progress = progress

    def run(self, baselines: Sequence[Baseline]) -> Scored:
        """All rows. The features are those of the first seed's space, but for the trained ranker's other seeds."""
        began = time.monotonic()
        space = self._space(self._seeds[0])
        found = Scored(*self._parts(space))
        found.seconds["features"] = round(time.monotonic() - began, 1)
        for number, baseline in enumerate(baselines):
            self._progress("baselines", number / len(baselines))
            began = time.monotonic()
            baseline.fit(found.train)
            self._add(found, baseline.name, baseline.scores(found.test), began)
        self._progress("baselines", 1.0)
        try:
            self._train(found, space)
        except TooLittleData as error:
            found.skipped = dict.fromkeys((COMPARED, *map(_without, ABLATED), UNCONSTRAINED), error.detail)
        return found

    def _train(self, found: Scored, space: FeatureSpace) -> None:
        variants = len(self._seeds) + len(ABLATED) + 1
        began = time.monotonic()
        for number, seed in enumerate(self._seeds):
            self._progress("trained rankers", number / variants)
            own = space if number == 0 else self._space(seed)
            train, test = (found.train, found.test) if number == 0 else self._parts(own)
            scores = train_on(train.table, own, seed=seed, recipe=self._recipe).scores(test.table)
            found.by_seed.append(_quality(test, scores))
            found.scores.setdefault(COMPARED, scores.astype(np.float64))
        found.metrics[COMPARED] = np.mean(found.by_seed, axis=0)
        found.seconds[COMPARED] = round(time.monotonic() - began, 1)
        seed = self._seeds[0]
        for number, group in enumerate((*ABLATED, None), len(self._seeds)):
            self._progress("trained rankers", number / variants)
            began = time.monotonic()
            model = train_on(
                found.train.table,
                space,
                seed=seed,
                recipe=self._recipe,
                without=() if group is None else (group,),
                unconstrained=group is None,
            )
            name = UNCONSTRAINED if group is None else _without(group)
            self._add(found, name, model.scores(found.test.table).astype(np.float64), began)
        self._progress("trained rankers", 1.0)

    def _space(self, seed: int) -> FeatureSpace:
        log = self._source.log
        train = replace(log, impressions=log.impressions[: self._source.train])
        return space_of(train, seed=seed, progress=self._progress)

    def _parts(self, space: FeatureSpace) -> tuple[Part, Part]:
        """Training and measured impressions, with features of that space."""
        source = self._source
        self._progress("features", 0.0)
        part = Part(source.log, feature_table(source.log, source.half_lives, space))
        self._progress("features", 1.0)
        return part.rows(0, source.train), part.rows(source.train, len(source.log))

    @staticmethod
    def _add(found: Scored, name: str, scores: Floats, began: float) -> None:
        found.metrics[name], found.scores[name] = _quality(found.test, scores), scores
        found.seconds[name] = round(time.monotonic() - began, 1)


def _quality(test: Part, scores: np.ndarray[tuple[int, ...], np.dtype[np.floating]]) -> Floats:
    return quality(scores, test.table.clicked, test.table.offsets)


def _without(group: str) -> str:
    return f"{COMPARED}-without-{group}"
