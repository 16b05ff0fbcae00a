"""The client's adapter passes the port's suite on a real server.

The server is the one at ``QDRANT_URL`` (with ``QDRANT_API_KEY``, where it wants one), or the one of
``infra/qdrant/compose.yaml`` where Docker runs.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from qdrant_client import QdrantClient
from testcontainers.compose import DockerCompose

from contract.vector_store_contract import VectorStoreContract
from feedsmith.stores.qdrant import QdrantVectorStore, connect
from feedsmith.stores.vectors import VectorStore

COMPOSE = Path(__file__).parents[2] / "infra" / "qdrant"


def docker_runs() -> bool:
    try:
        return subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False).returncode == 0
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False


@pytest.fixture(scope="module")
def client() -> Iterator[QdrantClient]:
    if url := os.environ.get("QDRANT_URL"):
        yield connect(url, os.environ.get("QDRANT_API_KEY"), 10.0)
    elif docker_runs():
        with pytest.MonkeyPatch.context() as environment:
            # A project and a port of its own: whoever runs the same file beside it keeps both server and data.
            environment.setenv("COMPOSE_PROJECT_NAME", f"feedsmith-contract-{uuid4().hex[:8]}")
            environment.setenv("QDRANT_PORT", "0")
            with DockerCompose(COMPOSE, compose_file_name="compose.yaml", wait=True) as compose:
                port = compose.get_service_port("qdrant", 6333)
                yield connect(f"http://127.0.0.1:{port}", os.environ.get("QDRANT__SERVICE__API_KEY"), 10.0)
    else:
        pytest.skip("needs a Qdrant server: set QDRANT_URL, or start Docker")


class TestQdrantServerStore(VectorStoreContract):
    @pytest.fixture
    def blank(self, client: QdrantClient) -> Iterator[VectorStore]:
        prefix = f"contract-{uuid4().hex[:8]}"
        yield QdrantVectorStore(client, prefix)
        for collection in ("items", "users", "segments"):
            client.delete_collection(f"{prefix}_{collection}")
