"""Trains a challenger on the older part of a log, and promotes it where it is not worse on the newest part.

The held-out window is the newest ``WINDOW`` of all slates. The champion was trained on what lay before an earlier
window, so that neither has seen this one. Both are the files that would serve, scored through the same port. The
challenger is promoted if its nDCG@10 is not below the champion's, and the lower end of the 95 % interval of the
difference (paired bootstrap over readers) is above ``-MARGIN``: it may be no better by luck, but not much worse by bad
luck. The evaluated model is what is promoted; it is not trained again on the window.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Literal

import numpy as np
from aws_lambda_powertools import Logger
from pydantic import Field

from feedsmith.domains.loader import Domain
from feedsmith.errors import ConfigurationError, NotFound
from feedsmith.models import Model, Utc, utcnow
from feedsmith.ranking.base import Array, Ranker
from feedsmith.ranking.features import feature_matrix
from feedsmith.ranking.linear import LinearRanker
from feedsmith.ranking.registry import ModelRegistry, load_additive
from feedsmith_training.events import trainable, unusable
from feedsmith_training.exploration import OffPolicy, off_policy
from feedsmith_training.log import ImpressionLog
from feedsmith_training.metrics import METRICS, PairedBootstrap, interval, quality
from feedsmith_training.replay import HalfLives, Replay

logger = Logger(child=True)

WINDOW = 0.2
"""Share of the slates, the newest, that is held out."""

MIN_CLICKS = 200
"""Clicks to train on, at least."""

MIN_READERS = 10
"""Readers in the window, at least: an interval over fewer says nothing."""

MARGIN = 0.005
"""Loss of nDCG@10 that the interval must exclude."""

MAX_SLATES = 50_000
"""Newest slates that are used; their features then fit a function's memory."""

_RESAMPLES = 2_000


Train = Callable[[ImpressionLog, HalfLives, Domain], bytes]
"""Log, half-lives and domain -> the file of a model."""


def train_additive(log: ImpressionLog, half_lives: HalfLives, domain: Domain) -> bytes:
    """The additive model; torch is imported only here."""
    from feedsmith_training.additive import train_additive as train
    from feedsmith_training.export import to_onnx

    return to_onnx(train(log, half_lives), log.catalogue, domain.name)


class Comparison(Model):
    """Two rankers on the same window; ``low`` and ``high`` bound the 95 % interval of the difference of nDCG@10."""

    champion: str
    challenger: str
    slates: int = Field(ge=1)
    readers: int = Field(ge=1)
    champion_ndcg: float = Field(ge=0, le=1)
    challenger_ndcg: float = Field(ge=0, le=1)
    difference: float
    low: float
    high: float

    @property
    def not_worse(self) -> bool:
        """Whether the challenger may serve."""
        return self.difference >= 0.0 and self.low > -MARGIN


class TrainingReport(Model):
    """What a training found and did. ``serving`` is the version that serves after it; ``slates`` had a click."""

    tenant: str
    domain: str
    at: Utc
    decision: Literal["promoted", "kept"]
    reason: str
    serving: str
    slates: int = Field(ge=0)
    clicks: int = Field(ge=0)
    left_out: dict[str, int] = Field(default_factory=dict)
    comparison: Comparison | None = None
    off_policy: OffPolicy | None = None


class Promoter:
    """Trains and promotes the ranker of a tenant and domain.

    Parameters
    ----------
    registry
        Where models are kept and promoted.
    train, load
        Makes a model's file, and a ranker from it (data, domain, embedder).
    clock
        The time of the report.
    """

    def __init__(
        self,
        registry: ModelRegistry,
        *,
        train: Train = train_additive,
        load: Callable[[bytes, Domain, str], Ranker] = load_additive,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._registry = registry
        self._train = train
        self._load = load
        self._clock = clock

    def run(self, tenant: str, domain: Domain, log: ImpressionLog) -> TrainingReport:
        """Train on all but the newest slates of a log, compare, and promote or keep.

        Parameters
        ----------
        log
            All slates, as :func:`~feedsmith_training.events.log_of` gives them. Those without a click teach nothing of
            order, but what was shown in vain is part of what an item is known by, here as in serving.
        """
        log = replace(log, impressions=log.impressions[-MAX_SLATES:])
        cut = round(len(log) * (1.0 - WINDOW))
        older = replace(log, impressions=log.impressions[:cut])
        usable = trainable(log)
        champion = self._champion(tenant, domain, log.catalogue.embedder)
        report = TrainingReport(
            tenant=tenant,
            domain=domain.name,
            at=self._clock(),
            decision="kept",
            reason="",
            serving=champion.version,
            slates=len(usable),
            clicks=usable.clicks,
            left_out=dict(+usable.left_out),
        )
        clicks = trainable(older).clicks
        readers = len({impression.user for impression in log.impressions[cut:] if not unusable(impression)})
        if clicks < MIN_CLICKS:
            reason = f"{clicks} clicks to train on, outside the newest {WINDOW:.0%} of slates; {MIN_CLICKS} are needed"
        elif readers < MIN_READERS:
            reason = f"{readers} readers in the newest {WINDOW:.0%} of slates; {MIN_READERS} are needed to compare"
        else:
            return self._challenge(report, log, cut, champion, domain)
        return _logged(report.model_copy(update={"reason": f"too little data: {reason}"}))

    def _challenge(
        self, report: TrainingReport, log: ImpressionLog, cut: int, champion: Ranker, domain: Domain
    ) -> TrainingReport:
        half_lives = HalfLives(trend=domain.trend_half_life_hours, freshness=domain.freshness_half_life_hours)
        data = self._train(replace(log, impressions=log.impressions[:cut]), half_lives, domain)
        challenger = self._load(data, domain, log.catalogue.embedder)
        found = compare(champion, challenger, log, cut, half_lives)
        gain = f"nDCG@10 {found.difference:+.4f} [{found.low:+.4f}, {found.high:+.4f}] over {found.champion}"
        update: dict[str, object] = {
            "comparison": found,
            "off_policy": off_policy(log, challenger, half_lives, start=cut),
            "reason": f"{'not worse' if found.not_worse else 'may be worse'}: {gain}",
        }
        if found.not_worse:
            update |= {"decision": "promoted", "serving": challenger.version}
        report = report.model_copy(update=update)
        said, keys = report.model_dump(mode="json"), (report.tenant, report.domain, challenger.version)
        self._registry.put(*keys, data, said)
        if found.not_worse:
            self._registry.promote(*keys, said)
        return _logged(report)

    def _champion(self, tenant: str, domain: Domain, embedder: str) -> Ranker:
        """What serves: the promoted ranker where its file can be loaded, as in serving, else the fixed one."""
        promotion = self._registry.promoted(tenant, domain.name)
        if promotion is None:
            return LinearRanker(domain.weights)
        try:
            return self._load(self._registry.model(tenant, domain.name, promotion.version), domain, embedder)
        except (ConfigurationError, NotFound) as error:
            logger.warning(
                "promoted ranker refused, compared with the fixed one instead",
                extra={"tenant": tenant, "domain": domain.name, "version": promotion.version, "reason": error.detail},
            )
            return LinearRanker(domain.weights)


def compare(
    champion: Ranker, challenger: Ranker, log: ImpressionLog, cut: int, half_lives: HalfLives, seed: int = 0
) -> Comparison:
    """Compare two rankers on the slates from number ``cut`` on that rank something.

    All slates are replayed in order, and each is scored as a request would have been just before it.
    """
    replay, rankers = Replay(log.catalogue, half_lives), (champion, challenger)
    users, clicked = [], []
    scores: tuple[list[Array], list[Array]] = ([], [])
    for number, impression in enumerate(log.impressions):
        if number >= cut and not unusable(impression):
            signals = replay.signals(impression)
            for ranker, found in zip(rankers, scores, strict=True):
                found.append(ranker.terms(feature_matrix(signals, ranker.space)).contributions.sum(axis=1))
            users.append(impression.user)
            clicked.append(impression.clicked)
        replay.absorb(impression)
    offsets, hits = np.cumsum([0, *map(len, clicked)], dtype=np.intp), np.concatenate(clicked)
    ndcg = [quality(np.concatenate(found), hits, offsets)[:, METRICS.index("ndcg@10")] for found in scores]
    means = PairedBootstrap(users, resamples=_RESAMPLES, seed=seed).means(np.column_stack(ndcg))
    low, high = interval(means[:, 1] - means[:, 0])
    before, after = (float(found.mean()) for found in ndcg)
    return Comparison(
        champion=champion.version,
        challenger=challenger.version,
        slates=len(users),
        readers=len(set(users)),
        champion_ndcg=before,
        challenger_ndcg=after,
        difference=after - before,
        low=low,
        high=high,
    )


def _logged(report: TrainingReport) -> TrainingReport:
    fields = {"tenant", "domain", "serving", "reason", "clicks"}
    logger.info("ranker %s", report.decision, extra=report.model_dump(include=fields))
    return report
