from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from contract.vector_store_contract import VectorStoreContract

from feedsmith.stores.base import VectorStore
from feedsmith.stores.edge import EdgeVectorStore


class TestEdgeStore(VectorStoreContract):
    @pytest.fixture
    def blank(self, tmp_path: Path) -> Iterator[VectorStore]:
        store = EdgeVectorStore(tmp_path / "vectors", "test")
        yield store
        store.close()
