"""What a reader's experiments change of ranking."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aws_lambda_powertools import Logger

from feedsmith.domains.loader import Domain, Reranking
from feedsmith.errors import FeedsmithError
from feedsmith.experiments import LINEAR
from feedsmith.insight import metrics
from feedsmith.insight.trials import Treatment
from feedsmith.ranking.base import Ranker
from feedsmith.ranking.linear import LinearRanker
from feedsmith.ranking.registry import ModelRegistry, load_additive

logger = Logger(child=True)


@dataclass(frozen=True, slots=True)
class Trial:
    """A reader's ranking: the domain with its re-ranking changed, and the ranker, None for the one that serves."""

    domain: Domain
    ranker: Ranker | None = None
    variants: Mapping[str, str] = field(default_factory=dict)


def no_trial(_tenant: str, _user: str, domain: Domain) -> Trial:
    """No experiments."""
    return Trial(domain)


class RankingTrials:
    """Finds a reader's trial.

    A version is loaded once per process, at its first reader. One that cannot be loaded leaves its readers with the
    ranker that serves, is logged, and counted as the metric ``TreatmentFailed``.

    Parameters
    ----------
    treatment
        Tenant, user, domain -> what the reader's variants change.
    registry, embedder, load
        As for :class:`~feedsmith.ranking.registry.PromotedRankers`.
    """

    def __init__(
        self,
        treatment: Callable[[str, str, str], Treatment],
        registry: ModelRegistry,
        embedder: Callable[[], str | None],
        *,
        load: Callable[[bytes, Domain, str], Ranker] = load_additive,
    ) -> None:
        self._treatment = treatment
        self._registry = registry
        self._embedder = embedder
        self._load = load
        self._loaded: dict[tuple[str, str, str], Ranker | None] = {}
        self._lock = threading.Lock()

    def __call__(self, tenant: str, user: str, domain: Domain) -> Trial:
        """What this reader gets in this domain."""
        treatment = self._treatment(tenant, user, domain.name)
        if treatment.reranking is not None:
            changed = domain.reranking.model_dump() | treatment.reranking.model_dump(exclude_none=True)
            domain = domain.model_copy(update={"reranking": Reranking(**changed)})
        ranker = self._ranker(tenant, domain, treatment.ranker) if treatment.ranker is not None else None
        return Trial(domain, ranker, treatment.variants)

    def _ranker(self, tenant: str, domain: Domain, version: str) -> Ranker | None:
        if version == LINEAR:
            return LinearRanker(domain.weights)
        key = tenant, domain.name, version
        with self._lock:
            if key not in self._loaded:
                self._loaded[key] = self._loaded_now(tenant, domain, version)
            return self._loaded[key]

    def _loaded_now(self, tenant: str, domain: Domain, version: str) -> Ranker | None:
        try:
            data = self._registry.model(tenant, domain.name, version)
            return self._load(data, domain, self._embedder() or "none")
        except Exception as error:  # noqa: BLE001  a broken file fails as its engine likes; requests must not
            reason = error.detail if isinstance(error, FeedsmithError) else type(error).__name__
            logger.error(
                "an experiment's ranker refused, the one that serves is used",
                extra={"tenant": tenant, "domain": domain.name, "version": version, "reason": reason},
            )
            metrics.count("TreatmentFailed")
            return None
