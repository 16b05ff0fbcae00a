"""Items, uploads, and the models that read them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import SecretStr

from feedsmith.bootstrap.lazy import Lazy
from feedsmith.bootstrap.people import PeopleServices
from feedsmith.errors import ConfigurationError
from feedsmith.settings import Settings

if TYPE_CHECKING:
    from feedsmith.content.base import Embedder
    from feedsmith.content.service import ContentService
    from feedsmith.content.understanding import Understander
    from feedsmith.content.uploads import ChunkWorker, UploadPlanner
    from feedsmith.writing.base import Writer


class ContentServices(PeopleServices):
    """Items, uploads, and the models that read them."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.embedder: Lazy[Embedder] = Lazy(self._make_embedder)
        self.writer: Lazy[Writer] = Lazy(self._make_writer)

    @cached_property
    def content(self) -> ContentService:
        """Items: index, get, delete, similar."""
        from feedsmith.content.service import ContentService

        return ContentService(
            vectors=self.vectors(),
            ledger=self.ledger,
            understander=Lazy(self._make_understander),
            domains=self.domains,
        )

    @cached_property
    def upload_planner(self) -> UploadPlanner:
        """S3 object -> chunks."""
        from feedsmith.content.uploads import UploadPlanner

        return UploadPlanner(
            blobs=self.blobs,
            ledger=self.ledger,
            queue=self.queue,
            work_bucket=self.settings.work_bucket,
            settings=self.settings,
            domains=self.domains,
        )

    @cached_property
    def chunk_worker(self) -> ChunkWorker:
        """Chunk -> indexed items and rejected rows."""
        from feedsmith.content.uploads import ChunkWorker

        return ChunkWorker(
            content=self.content, blobs=self.blobs, ledger=self.ledger, work_bucket=self.settings.work_bucket
        )

    def _make_embedder(self) -> Embedder:
        from feedsmith.content.embedders import load_embedder

        embedder = load_embedder(self.settings)
        # An embedder is only ever used on collections that hold its own vectors.
        self.vectors().prepare(dimension=embedder.dimension, embedder=embedder.name)
        return embedder

    def _make_understander(self) -> Understander:
        from feedsmith.content.extractors import load_extractor
        from feedsmith.content.llm import ModelReader
        from feedsmith.content.understanding import Understander
        from feedsmith.writing.base import StructuredWriter

        reader = None
        if self.settings.understanding == "llm":
            writer = self.writer()
            if not isinstance(writer, StructuredWriter):
                raise ConfigurationError(
                    f"FEEDSMITH_UNDERSTANDING=llm needs a model, and FEEDSMITH_WRITER is {writer.name}: set it to "
                    "bedrock:, openai: or gguf:"
                )
            reader = ModelReader(writer)
        return Understander(self.embedder(), self.domains, load_extractor(self.settings.entities), reader)

    def _make_writer(self) -> Writer:
        return self._writer_of(self.settings)

    def _writer_of(self, settings: Settings) -> Writer:
        """A model stands behind its circuit breaker, and is made at its first text: nothing of it fails before."""
        from feedsmith.writing.writers import load_writer, writer_name
        from feedsmith.writing.writers.guarded import CircuitBreaker, GuardedWriter

        if settings.writer == "extractive":
            return load_writer(settings)

        def make() -> Writer:
            key = self._key(settings.writer_api_key, settings.writer_api_key_secret)
            return load_writer(settings.model_copy(update={"writer_api_key": SecretStr(key) if key else None}))

        breaker = CircuitBreaker(settings.writer_breaker_failures, settings.writer_breaker_s)
        return GuardedWriter(writer_name(settings), Lazy(make), breaker)
