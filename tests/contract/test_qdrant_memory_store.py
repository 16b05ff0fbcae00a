from __future__ import annotations

from collections.abc import Iterator

import pytest
from contract.vector_store_contract import VectorStoreContract
from qdrant_client import QdrantClient

from feedsmith.stores.base import VectorStore
from feedsmith.stores.qdrant import QdrantVectorStore

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")


class TestQdrantMemoryStore(VectorStoreContract):
    @pytest.fixture
    def blank(self) -> Iterator[VectorStore]:
        store = QdrantVectorStore(QdrantClient(":memory:"), "test")
        yield store
        store.close()
