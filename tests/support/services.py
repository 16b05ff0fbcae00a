"""All services over fakes: the whole application without AWS, Qdrant or a model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from feedsmith.bootstrap import Lazy, Services
from feedsmith.content.base import Embedder, Matrix
from feedsmith.settings import Settings
from support.ledger import InMemoryBlobs, InMemoryLedger
from support.letters import InMemoryDeadLetters
from support.rights import InMemoryDataKeys, InMemoryPeople, InMemorySigner
from support.vectors import MemoryVectors

DIMENSION = 64


class BagOfWords(Embedder):
    """Each word is one of 64 directions; texts are near that share words."""

    @property
    def name(self) -> str:
        return "bag@1"

    @property
    def dimension(self) -> int:
        return DIMENSION

    def passages(self, texts: Sequence[str]) -> Matrix:
        rows = np.full((len(texts), DIMENSION), 1e-3, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().replace(".", " ").split():
                row[hashlib.sha256(word.encode()).digest()[0] % DIMENSION] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def queries(self, texts: Sequence[str]) -> Matrix:
        return self.passages(texts)


def fake_services(**settings: object) -> Services:
    """Services whose stores are in memory; everything else is the real thing."""
    services = Services(Settings(**settings))  # type: ignore[arg-type]
    vectors = MemoryVectors()
    services.people = InMemoryPeople()
    services.data_keys = InMemoryDataKeys()
    services.signer = InMemorySigner()
    services.ledger = InMemoryLedger(people=services.people)
    services.blobs = InMemoryBlobs()
    services.dead_letters = InMemoryDeadLetters()
    services.vectors = Lazy(lambda: vectors)

    def embedder() -> Embedder:
        made = BagOfWords()
        vectors.prepare(dimension=made.dimension, embedder=made.name)
        return made

    services.embedder = Lazy(embedder)
    return services


def absorb(services: Services) -> None:
    """Let the stream's consumer see all events that the ledger took so far."""
    ledger = services.ledger
    assert isinstance(ledger, InMemoryLedger)
    assert services.stream.absorb(ledger.stream) is None
