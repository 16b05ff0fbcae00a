"""Stores and the keys to what they hold."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from feedsmith.bootstrap.lazy import Lazy
from feedsmith.errors import ConfigurationError
from feedsmith.privacy.logs import quiet_libraries
from feedsmith.settings import Settings

if TYPE_CHECKING:
    from feedsmith.stores.keyring import Keyring
    from feedsmith.stores.ledger import Ledger
    from feedsmith.stores.letters import DeadLetters
    from feedsmith.stores.objects import Blobs, ChunkQueue
    from feedsmith.stores.people import DataKeys, People, Signer
    from feedsmith.stores.sqs import DeadChunks
    from feedsmith.stores.vectors import VectorStore


class StoreServices:
    """Stores and the keys to what they hold."""

    def __init__(self, settings: Settings) -> None:
        quiet_libraries()
        self.settings = settings
        # Heavy or exclusive things: two threads must never make two.
        self.vectors: Lazy[VectorStore] = Lazy(self._make_vectors)

    @cached_property
    def _dynamodb(self) -> Any:
        return aws_client("dynamodb")

    @cached_property
    def ledger(self) -> Ledger:
        """The DynamoDB ledger."""
        from feedsmith.stores.dynamodb import DynamoLedger

        return DynamoLedger(self._dynamodb, self.settings.table, self.keyring)

    @cached_property
    def blobs(self) -> Blobs:
        """The S3 objects."""
        from feedsmith.stores.s3 import S3Blobs

        return S3Blobs(aws_client("s3"))

    @cached_property
    def queue(self) -> ChunkQueue:
        """The SQS queue of chunks."""
        from feedsmith.stores.sqs import SqsChunkQueue

        return SqsChunkQueue(aws_client("sqs"), self.settings.chunk_queue_url)

    @cached_property
    def dead_chunks(self) -> DeadChunks:
        """Chunks that were given up."""
        from feedsmith.stores.sqs import DeadChunks

        return DeadChunks(aws_client("sqs"), self.settings.chunk_dead_letter_queue_url)

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

        return KmsDataKeys(aws_client("kms"), self.settings.tenant_key)

    @cached_property
    def signer(self) -> Signer:
        """The KMS key that proofs are signed with."""
        if not self.settings.proof_key:
            raise ConfigurationError(
                "no key for proofs of erasure: set FEEDSMITH_PROOF_KEY to the id or ARN of a KMS key that signs"
            )
        from feedsmith.stores.kms import KmsSigner

        return KmsSigner(aws_client("kms"), self.settings.proof_key)

    @cached_property
    def keyring(self) -> Keyring:
        """The tenants' keys."""
        from feedsmith.stores.keyring import Keyring

        return Keyring(self.people, lambda: self.data_keys)

    @cached_property
    def dead_letters(self) -> DeadLetters:
        """Events that could not be absorbed."""
        from feedsmith.stores.aws_letters import AwsDeadLetters

        settings = self.settings
        url = settings.profiles_dead_letter_queue_url
        return AwsDeadLetters(self._dynamodb, settings.table, aws_client("sqs"), url, self.keyring)

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

    def close(self) -> None:
        """Let go of the vector store's files and connections."""
        if self.vectors.made:
            self.vectors().close()

    @staticmethod
    def _key(given: SecretStr | None, secret: str) -> str | None:
        """A key given as a value, else from its secret; None: neither is set."""
        if given is not None:
            return given.get_secret_value()
        if not secret:
            return None
        from feedsmith.stores.secrets import read_secret

        return read_secret(aws_client("secretsmanager"), secret)


def aws_client(service: str) -> Any:
    """A client of an AWS service, in this process's region."""
    from feedsmith.stores.aws import client

    return client(service)
