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
from feedsmith.privacy.pseudonyms import Pseudonyms
from feedsmith.privacy.logs import quiet_libraries
from feedsmith.settings import Settings

if TYPE_CHECKING:
    from feedsmith.privacy.erasure import ErasureService
    from feedsmith.privacy.export import UserExport
    from feedsmith.privacy.tenants import TenantService
    from feedsmith.stores.keyring import Keyring
    from feedsmith.stores.people import DataKeys, People, Signer
    from feedsmith.access.admin import AccessAdmin
    from feedsmith.access.service import Authenticator
    from feedsmith.access.tokens import Tokens
    from feedsmith.content.base import Embedder
    from feedsmith.content.service import ContentService
    from feedsmith.content.understanding import Understander
    from feedsmith.content.uploads import ChunkWorker, UploadPlanner
    from feedsmith.domains import DomainSet
    from feedsmith.insight.counting import Counting
    from feedsmith.insight.figures import FigureService
    from feedsmith.insight.trials import ExperimentService, Treatments
    from feedsmith.privacy.intake import EventIntake
    from feedsmith.privacy.redaction import Redactor
    from feedsmith.privacy.wishes import WishesService
    from feedsmith.profiles.choices import UserChoices
    from feedsmith.profiles.segments import SegmentService
    from feedsmith.profiles.service import ProfileService
    from feedsmith.profiles.stream import StreamConsumer
    from feedsmith.ranking.registry import ModelRegistry
    from feedsmith.ranking.service import RankingService
    from feedsmith.stores.base import Blobs, ChunkQueue, Ledger, VectorStore
    from feedsmith.stores.letters import DeadLetters
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
        quiet_libraries()
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
    def _dynamodb(self) -> Any:
        return _client("dynamodb")

    @cached_property
    def ledger(self) -> Ledger:
        """The DynamoDB ledger."""
        from feedsmith.stores.dynamodb import DynamoLedger

        return DynamoLedger(self._dynamodb, self.settings.table, self.keyring)

    @cached_property
    def authenticator(self) -> Authenticator:
        """Who calls."""
        from feedsmith.access.keys import KeyRing
        from feedsmith.access.service import Authenticator

        return Authenticator(KeyRing(self.ledger), Lazy(self._make_tokens))

    @cached_property
    def access(self) -> AccessAdmin:
        """Who may call."""
        from feedsmith.access.admin import AccessAdmin
        from feedsmith.access.base import NoUsagePlan
        from feedsmith.access.usage_plan import ApiGatewayUsagePlan

        plan = self.settings.usage_plan
        return AccessAdmin(self.ledger, ApiGatewayUsagePlan(_client("apigateway"), plan) if plan else NoUsagePlan())

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
    def people(self) -> People:
        """Who is who, erasures and the tenants' keys."""
        from feedsmith.stores.dynamodb_people import DynamoPeople

        return DynamoPeople(self._dynamodb, self.settings.table)

    @cached_property
    def data_keys(self) -> DataKeys:
        """The KMS key that the tenants' keys are encrypted under."""
        if not self.settings.tenant_key:
            raise ConfigurationError("no key for the tenants' keys: set FEEDSMITH_TENANT_KEY to a KMS key's id or ARN")
        from feedsmith.stores.kms import KmsDataKeys

        return KmsDataKeys(_client("kms"), self.settings.tenant_key)

    @cached_property
    def signer(self) -> Signer:
        """The KMS key that proofs are signed with."""
        if not self.settings.proof_key:
            raise ConfigurationError(
                "no key for proofs of erasure: set FEEDSMITH_PROOF_KEY to the id or ARN of a KMS key that signs"
            )
        from feedsmith.stores.kms import KmsSigner

        return KmsSigner(_client("kms"), self.settings.proof_key)

    @cached_property
    def keyring(self) -> Keyring:
        """The tenants' keys."""
        from feedsmith.stores.keyring import Keyring

        return Keyring(self.people, lambda: self.data_keys)

    @cached_property
    def pseudonym(self) -> Pseudonyms:
        """User id -> pseudonym."""
        return Pseudonyms(self.people, self.keyring)

    @cached_property
    def erasure(self) -> ErasureService:
        """Users leave."""
        from feedsmith.privacy.erasure import ErasureService

        return ErasureService(
            self.ledger, self.vectors, self.people, self.keyring, lambda: self.signer, list(self.domains)
        )

    @cached_property
    def user_export(self) -> UserExport:
        """All that is held of a user."""
        from feedsmith.privacy.export import UserExport

        return UserExport(
            self.ledger, self.vectors, self.pseudonym, lambda *taste: self.segments.nearest(*taste), list(self.domains)
        )

    @cached_property
    def tenants(self) -> TenantService:
        """Tenants as a whole: their keys, their export, their end."""
        from feedsmith.privacy.tenants import TenantService

        s = self.settings
        return TenantService(
            self.ledger, self.vectors, self.blobs, self.people, self.keyring, self.erasure,
            buckets=(s.uploads_bucket, s.work_bucket, s.models_bucket),
        )  # fmt: skip

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
    def wishes(self) -> WishesService:
        """What users allow and wish."""
        from feedsmith.privacy.wishes import WishesService

        return WishesService(self.ledger)

    @cached_property
    def intake(self) -> EventIntake:
        """Events -> the ledger, as far as their users allow."""
        from feedsmith.privacy.intake import EventIntake

        return EventIntake(self.ledger, self.wishes, self.pseudonym, self.erasure.present)

    @cached_property
    def choices(self) -> UserChoices:
        """Changes of that, put into effect."""
        from feedsmith.profiles.choices import UserChoices

        return UserChoices(self.wishes, self.profiles)

    @cached_property
    def redact(self) -> Redactor:
        """Free text without what tells who somebody is."""
        from feedsmith.content.extractors import load_extractor
        from feedsmith.privacy.redaction import Redactor

        return Redactor(load_extractor("rules"))

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
        return StreamConsumer(
            profiles=self.profiles,
            counters=counters,
            letters=self.dead_letters,
            ledger=self.ledger,
            decisions=self.wishes,
            remaining=self.erasure.remaining,
        )

    @cached_property
    def dead_letters(self) -> DeadLetters:
        """Events that could not be absorbed."""
        from feedsmith.stores.aws_letters import AwsDeadLetters

        settings = self.settings
        url = settings.profiles_dead_letter_queue_url
        return AwsDeadLetters(self._dynamodb, settings.table, _client("sqs"), url, self.keyring)

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

    def _make_tokens(self) -> Tokens:
        from feedsmith.access.download import HttpsDownload
        from feedsmith.access.keysets import KeySets
        from feedsmith.access.tokens import Tokens

        return Tokens(self.ledger, KeySets(HttpsDownload()))

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
