"""The tests' own vector store passes the port's suite, so that what is tested on it holds on the real ones."""

from __future__ import annotations

import pytest

from contract.vector_store_contract import VectorStoreContract
from feedsmith.stores.vectors import VectorStore
from support.vectors import MemoryVectors


class TestMemoryVectors(VectorStoreContract):
    @pytest.fixture
    def blank(self) -> VectorStore:
        return MemoryVectors()
