"""Profiles, recommendations and figures."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from feedsmith.bootstrap.content import ContentServices

if TYPE_CHECKING:
    from feedsmith.insight.counting import Counting
    from feedsmith.insight.figures import FigureService
    from feedsmith.insight.trials import ExperimentService, Treatments
    from feedsmith.privacy.export import UserExport
    from feedsmith.profiles.choices import UserChoices
    from feedsmith.profiles.segments import SegmentService
    from feedsmith.profiles.service import ProfileService
    from feedsmith.profiles.stream import StreamConsumer
    from feedsmith.ranking.registry import ModelRegistry
    from feedsmith.ranking.service import RankingService


class RankingServices(ContentServices):
    """Profiles, recommendations and figures."""

    @cached_property
    def profiles(self) -> ProfileService:
        """User vectors."""
        from feedsmith.profiles.interests import min_similarity_of
        from feedsmith.profiles.service import ProfileService

        return ProfileService(
            vectors=self.vectors(),
            ledger=self.ledger,
            domains=self.domains,
            decisions=self.wishes,
            history_length=self.settings.history_length,
            min_similarity=min_similarity_of(self.settings.embedder),
        )

    @cached_property
    def choices(self) -> UserChoices:
        """Changes of that, put into effect."""
        from feedsmith.profiles.choices import UserChoices

        return UserChoices(self.wishes, self.profiles)

    @cached_property
    def segments(self) -> SegmentService:
        """K-means segments."""
        from feedsmith.profiles.segments import SegmentService

        return SegmentService(vectors=self.vectors(), domains=self.domains, k_anonymity=self.settings.k_anonymity)

    @cached_property
    def user_export(self) -> UserExport:
        """All that is held of a user."""
        from feedsmith.privacy.export import UserExport

        return UserExport(
            self.ledger, self.vectors, self.pseudonym, lambda *taste: self.segments.nearest(*taste), list(self.domains)
        )

    @cached_property
    def stream(self) -> StreamConsumer:
        """Event stream -> counters and profiles."""
        from feedsmith.insight.counters import CounterService
        from feedsmith.profiles.stream import StreamConsumer

        counters = CounterService(ledger=self.ledger, vectors=self.vectors(), domains=self.domains)
        return StreamConsumer(
            profiles=self.profiles,
            counters=counters,
            letters=self.dead_letters,
            ledger=self.ledger,
            decisions=self.wishes,
            remaining=self.erasure.remaining,
        )

    @cached_property
    def models(self) -> ModelRegistry:
        """Trained rankers."""
        from feedsmith.ranking.registry import ModelRegistry

        return ModelRegistry(self.blobs, self.settings.models_bucket)

    @cached_property
    def ranking(self) -> RankingService:
        """Recommendations."""
        from feedsmith.ranking.registry import PromotedRankers
        from feedsmith.ranking.service import RankingService
        from feedsmith.ranking.trials import RankingTrials

        return RankingService(
            vectors=self.vectors(),
            profiles=self.profiles,
            segments=self.segments,
            embedder=self.embedder,
            domains=self.domains,
            decisions=self.wishes,
            ranker=PromotedRankers(
                self.models, lambda: self.vectors().embedder(), refresh_s=self.settings.ranker_refresh_s
            ),
            trial=RankingTrials(self.treatments, self.models, lambda: self.vectors().embedder()),
        )

    @cached_property
    def treatments(self) -> Treatments:
        """What running experiments change for a reader."""
        from feedsmith.insight.trials import Treatments

        return Treatments(self.ledger, refresh_s=self.settings.experiments_refresh_s)

    @cached_property
    def experiments(self) -> ExperimentService:
        """Experiments: make, start, stop."""
        from feedsmith.insight.trials import ExperimentService
        from feedsmith.writing.prompting import wordings

        return ExperimentService(
            self.ledger,
            domains=self.domains,
            writers=self.settings.other_writers,
            prompts=wordings(),
            rankers=lambda tenant, domain: self.models.versions(tenant, domain),
            refresh_s=self.settings.experiments_refresh_s,
        )

    @cached_property
    def counting(self) -> Counting:
        """The ledger's events -> figures."""
        from feedsmith.insight.counting import Counting

        return Counting(
            ledger=self.ledger,
            vectors=self.vectors(),
            blobs=self.blobs,
            bucket=self.settings.work_bucket,
            domains=self.domains,
            allows=lambda tenant, user: self.wishes.allows(tenant, user, "analytics"),
            k_anonymity=self.settings.k_anonymity,
        )

    @cached_property
    def figures(self) -> FigureService:
        """Figures and results of experiments, as counted last."""
        from feedsmith.insight.figures import FigureService
        from feedsmith.writing.prices import price_of
        from feedsmith.writing.writers import writer_name

        return FigureService(
            ledger=self.ledger,
            blobs=self.blobs,
            bucket=self.settings.work_bucket,
            domains=self.domains,
            k_anonymity=self.settings.k_anonymity,
            priced=lambda: price_of(writer_name(self.settings), self.settings) is not None,
        )
