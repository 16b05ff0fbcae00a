"""Texts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from feedsmith.bootstrap.lazy import Lazy
from feedsmith.bootstrap.ranking import RankingServices
from feedsmith.bootstrap.stores import aws_client

if TYPE_CHECKING:
    from feedsmith.writing.base import Writer
    from feedsmith.writing.batch import BatchPrewriter
    from feedsmith.writing.prewriting import Prewriter
    from feedsmith.writing.service import WritingService


class WritingServices(RankingServices):
    """Texts."""

    @cached_property
    def writing(self) -> WritingService:
        """Texts for one reader."""
        from feedsmith.writing.service import WritingService

        return WritingService(
            vectors=self.vectors(),
            ledger=self.ledger,
            profiles=self.profiles,
            segments=self.segments,
            ranking=self.ranking,
            writer=self.writer,
            embedder=self.embedder,
            domains=self.domains,
            decisions=self.wishes,
            settings=self.settings,
            treatment=self.treatments,
            others=lambda name: self._other_writers[name](),
        )

    @cached_property
    def _other_writers(self) -> dict[str, Lazy[Writer]]:
        """The writers that experiments may name, each made at its first text."""

        def lazily(name: str) -> Lazy[Writer]:
            return Lazy(lambda: self._writer_of(self.settings.model_copy(update={"writer": name})))

        return {name: lazily(name) for name in self.settings.other_writers}

    @cached_property
    def prewriter(self) -> Prewriter:
        """Texts of head items, ahead of their readers."""
        from feedsmith.models import utcnow
        from feedsmith.writing.prewriting import Prewriter

        return Prewriter(
            vectors=self.vectors(),
            segments=self.segments,
            drafting=self.writing.drafting,
            domains=self.domains,
            settings=self.settings,
            clock=utcnow,
        )

    @cached_property
    def batch_prewriter(self) -> BatchPrewriter | None:
        """The same by batch jobs; None without a role for them, or with another writer than a plain Bedrock model."""
        kind, _, model = self.settings.writer.partition(":")
        # No batch goes around a guardrail that each request has to pass.
        if not self.settings.prewrite_role or kind != "bedrock" or self.settings.writer_guardrail:
            return None
        from feedsmith.models import utcnow
        from feedsmith.writing.batch import BatchPrewriter
        from feedsmith.writing.writers.bedrock_batch import BedrockBatch

        return BatchPrewriter(
            model=BedrockBatch(model, aws_client("bedrock"), self.settings.prewrite_role),
            prewriter=self.prewriter,
            drafting=self.writing.drafting,
            budget=self.writing.budget,
            vectors=self.vectors(),
            ledger=self.ledger,
            blobs=self.blobs,
            bucket=self.settings.work_bucket,
            candidates=self.settings.writer_candidates,
            clock=utcnow,
        )
