"""The one composition root: settings -> wired services.

What a handler does not use is never made: each service is built on first use, once per process, so that a cold start
pays only for its own road. Models load last of all.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import SecretStr

from feedsmith.errors import ConfigurationError
from feedsmith.privacy.pseudonyms import Pseudonymizer
from feedsmith.settings import Settings

if TYPE_CHECKING:
    from feedsmith.content.base import Embedder
    from feedsmith.content.service import ContentService
    from feedsmith.content.understanding import Understander
    from feedsmith.content.uploads import ChunkWorker, UploadPlanner
    from feedsmith.domains import DomainSet
    from feedsmith.profiles.segments import SegmentService
    from feedsmith.profiles.service import ProfileService
    from feedsmith.profiles.stream import StreamConsumer
    from feedsmith.ranking.registry import ModelRegistry
    from feedsmith.ranking.service import RankingService
    from feedsmith.stores.base import Blobs, ChunkQueue, Ledger, VectorStore
    from feedsmith.writing.base import Writer
    from feedsmith.writing.batch import BatchPrewriter
    from feedsmith.writing.prewriting import Prewriter
    from feedsmith.writing.service import WritingService

T = TypeVar("T")


class Lazy(Generic[T]):
    """A value made on the first call, by one thread, once; a failure is not remembered."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.RLock()
        self._made: list[T] = []

    def __call__(self) -> T:
        """The value."""
        if not self._made:
            with self._lock:
                if not self._made:
                    self._made.append(self._make())
                    # What is made here lives as long as the process. The garbage collector need not walk it again and
                    # again: with all that libraries bring, one full collection takes longer than ten requests.
                    gc.freeze()
        return self._made[0]

    @property
    def made(self) -> bool:
        """Whether there is a value yet."""
        return bool(self._made)


class Services:
    """All services of one process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # Heavy or exclusive things: two threads must never make two.
        self.vectors: Lazy[VectorStore] = Lazy(self._make_vectors)
        self.embedder: Lazy[Embedder] = Lazy(self._make_embedder)
        self.writer: Lazy[Writer] = Lazy(self._make_writer)

    @cached_property
    def domains(self) -> DomainSet:
        """The domain files that come with the package."""
        from feedsmith.domains import load_domains

        return load_domains()

    @cached_property
    def ledger(self) -> Ledger:
        """The DynamoDB ledger."""
        from feedsmith.stores.dynamodb import DynamoLedger

        return DynamoLedger(_client("dynamodb"), self.settings.table)

    @cached_property
    def blobs(self) -> Blobs:
        """The S3 objects."""
        from feedsmith.stores.s3 import S3Blobs

        return S3Blobs(_client("s3"))

    @cached_property
    def queue(self) -> ChunkQueue:
        """The SQS queue of chunks."""
        from feedsmith.stores.sqs import SqsChunkQueue

        return SqsChunkQueue(_client("sqs"), self.settings.chunk_queue_url)

    @cached_property
    def pseudonym(self) -> Pseudonymizer:
        """User id -> pseudonym, under the deployment's key."""
        key = self._key(self.settings.pseudonym_key, self.settings.pseudonym_key_secret)
        if key is None:
            raise ConfigurationError(
                "no pseudonym key: set FEEDSMITH_PSEUDONYM_KEY_SECRET to the name of a Secrets Manager secret"
            )
        return Pseudonymizer(key.encode())

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

    @cached_property
    def profiles(self) -> ProfileService:
        """User vectors."""
        from feedsmith.profiles.interests import min_similarity_of
        from feedsmith.profiles.service import ProfileService

        return ProfileService(
            vectors=self.vectors(),
            ledger=self.ledger,
            domains=self.domains,
            history_length=self.settings.history_length,
            min_similarity=min_similarity_of(self.settings.embedder),
        )

    @cached_property
    def segments(self) -> SegmentService:
        """K-means segments."""
        from feedsmith.profiles.segments import SegmentService

        return SegmentService(vectors=self.vectors(), domains=self.domains, k_anonymity=self.settings.k_anonymity)

    @cached_property
    def stream(self) -> StreamConsumer:
        """Event stream -> counters and profiles."""
        from feedsmith.insight.counters import CounterService
        from feedsmith.profiles.stream import StreamConsumer

        counters = CounterService(ledger=self.ledger, vectors=self.vectors(), domains=self.domains)
        return StreamConsumer(profiles=self.profiles, counters=counters)

    @cached_property
    def ranking(self) -> RankingService:
        """Recommendations."""
        from feedsmith.ranking.registry import PromotedRankers
        from feedsmith.ranking.service import RankingService

        return RankingService(
            vectors=self.vectors(),
            profiles=self.profiles,
            segments=self.segments,
            embedder=self.embedder,
            domains=self.domains,
            ranker=PromotedRankers(
                self.models, lambda: self.vectors().embedder(), refresh_s=self.settings.ranker_refresh_s
            ),
        )

    @cached_property
    def models(self) -> ModelRegistry:
        """Trained rankers."""
        from feedsmith.ranking.registry import ModelRegistry

        return ModelRegistry(self.blobs, self.settings.models_bucket)

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
            settings=self.settings,
        )

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
            model=BedrockBatch(model, _client("bedrock"), self.settings.prewrite_role),
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

    def close(self) -> None:
        """Let go of the vector store's files and connections."""
        if self.vectors.made:
            self.vectors().close()

    def _make_vectors(self) -> VectorStore:
        settings = self.settings
        if not settings.qdrant_url:
            from feedsmith.stores.edge import EdgeVectorStore

            return EdgeVectorStore(settings.vectors_path, settings.collection_prefix)
        from feedsmith.stores.qdrant import QdrantVectorStore, connect

        api_key = self._key(settings.qdrant_api_key, settings.qdrant_api_key_secret)
        return QdrantVectorStore(
            connect(settings.qdrant_url, api_key, settings.qdrant_timeout_s), settings.collection_prefix
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
        """A model stands behind its circuit breaker, and is made at its first text: nothing of it fails before."""
        from feedsmith.writing.writers import load_writer, writer_name
        from feedsmith.writing.writers.guarded import CircuitBreaker, GuardedWriter

        settings = self.settings
        if settings.writer == "extractive":
            return load_writer(settings)

        def make() -> Writer:
            key = self._key(settings.writer_api_key, settings.writer_api_key_secret)
            return load_writer(settings.model_copy(update={"writer_api_key": SecretStr(key) if key else None}))

        breaker = CircuitBreaker(settings.writer_breaker_failures, settings.writer_breaker_s)
        return GuardedWriter(writer_name(settings), Lazy(make), breaker)

    @staticmethod
    def _key(given: SecretStr | None, secret: str) -> str | None:
        """A key given as a value, else from its secret; None: neither is set."""
        if given is not None:
            return given.get_secret_value()
        if not secret:
            return None
        from feedsmith.stores.secrets import read_secret

        return read_secret(_client("secretsmanager"), secret)


def _client(service: str) -> Any:
    from feedsmith.stores.aws import client

    return client(service)


_current: Lazy[Services] = Lazy(lambda: Services(Settings()))


def services() -> Services:
    """The services of this process, from its environment."""
    return _current()


def reset() -> None:
    """Close and forget this process's services, so that the next call reads the environment again."""
    global _current
    if _current.made:
        _current().close()
    _current = Lazy(lambda: Services(Settings()))
