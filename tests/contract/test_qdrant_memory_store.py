"""The client's adapter: the port's suite on the client's local mode, and on the wire what a server would see."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from qdrant_client import QdrantClient, models

from contract.vector_store_contract import SHELF, VectorStoreContract, X, Y
from feedsmith.errors import ConfigurationError, EmbedderMismatch, FeedsmithError, StoreUnavailable
from feedsmith.stores.qdrant import QdrantVectorStore, connect
from feedsmith.stores.vectors import Filter, Point, Query, VectorStore

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")


class TestQdrantMemoryStore(VectorStoreContract):
    @pytest.fixture
    def blank(self) -> Iterator[VectorStore]:
        store = QdrantVectorStore(QdrantClient(":memory:"), "test")
        yield store
        store.close()

    @pytest.mark.skip(reason="the client's local mode is not made for threads")
    def test_many_threads_share_a_store(self, store: VectorStore) -> None: ...


def test_a_collection_of_somebody_else_is_refused() -> None:
    client = QdrantClient(":memory:")
    client.create_collection("test_items", vectors_config=models.VectorParams(size=3, distance=models.Distance.COSINE))

    with pytest.raises(ConfigurationError, match="'test_items' was not made by feedsmith"):
        QdrantVectorStore(client, "test").prepare(dimension=3, embedder="test@1")


class Server:
    """Answers as a Qdrant server would, and keeps the requests.

    ``answer``: status, body and headers of everything, instead. A collection cannot be made: ``create_status``.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []
        self.answer: tuple[int, dict[str, Any], dict[str, str]] | None = None
        self.embedder: str | None = None
        self.create_status = 409
        client = QdrantClient(
            url="http://qdrant.test:6333", check_compatibility=False, transport=httpx.MockTransport(self._handle)
        )
        self.store = QdrantVectorStore(client, "test")

    def _handle(self, request: httpx.Request) -> httpx.Response:
        body: Any = json.loads(request.content or b"null")
        self.requests.append((request.method, str(request.url.copy_with(host="h", port=None)), body))
        if self.answer is not None:
            status, content, headers = self.answer
            return httpx.Response(status, json=content, headers=headers)
        path = request.url.path
        result: Any = {"operation_id": 1, "status": "completed"}
        if path.endswith("/exists"):
            result = {"exists": self.embedder is not None}
        elif path.endswith("/query/batch"):
            result = [{"points": []} for _ in body["searches"]]
        elif request.method == "GET":
            result = self._info()
        elif re.fullmatch(r"/collections/\w+", path):
            self.embedder = "other@1"  # somebody else was faster
            return httpx.Response(self.create_status, json={"status": {"error": "cannot create"}, "time": 0})
        return httpx.Response(200, json={"result": result, "status": "ok", "time": 0})

    def _info(self) -> dict[str, Any]:
        params = {"vectors": {"size": 3, "distance": "Cosine"}}
        hnsw = {"m": 16, "ef_construct": 100, "full_scan_threshold": 10_000}
        optimizer = {"deleted_threshold": 0.2, "vacuum_min_vector_number": 1000, "default_segment_number": 0,
                     "flush_interval_sec": 5}  # fmt: skip
        return {
            "status": "green",
            "optimizer_status": "ok",
            "segments_count": 1,
            "config": {
                "params": params,
                "hnsw_config": hnsw,
                "optimizer_config": optimizer,
                "metadata": {"feedsmith_embedder": self.embedder},
            },
            "payload_schema": {"domain": {"data_type": "keyword", "points": 0}},
        }


@pytest.fixture
def server() -> Server:
    return Server()


def test_several_queries_are_one_request_and_each_carries_the_tenant(server: Server) -> None:
    server.store.query("acme", "items", [Query(3, vector=X), Query(3, order_by="trend", where=Filter(keys_not=["a"]))])

    ((method, url, body),) = server.requests
    assert (method, url) == ("POST", "http://h/collections/test_items/points/query/batch")
    for search in body["searches"]:
        assert search["filter"]["must"][0] == {"key": "_tenant", "match": {"any": ["acme"]}}
    assert body["searches"][1]["query"] == {"order_by": {"key": "trend", "direction": "desc"}}
    assert len(body["searches"][1]["filter"]["must_not"][0]["has_id"]) == 1


def test_a_write_returns_when_it_can_be_read_and_large_batches_are_cut(server: Server) -> None:
    server.store.upsert("acme", "items", [Point(f"k{n}", X, {}) for n in range(70)])

    # 70 = 32 + 32 + 6
    assert [len(body["points"]) for _, _, body in server.requests] == [32, 32, 6]
    assert all("wait=true" in url for _, url, _ in server.requests)


def test_a_stale_write_is_refused_by_the_server_itself(server: Server) -> None:
    server.store.upsert("acme", "users", [Point("u", X, {"revision": 7})], newer="revision")

    ((_, _, body),) = server.requests
    assert body["update_filter"]["must_not"] == [{"key": "revision", "range": {"gte": 7.0}}]


def test_only_missing_indexes_are_made_and_the_tenants_is_marked(server: Server) -> None:
    server.embedder = "test@1"

    server.store.prepare(dimension=3, embedder="test@1")

    made = [body for method, url, body in server.requests if method == "PUT" and "test_users/index" in url]
    fields = {body["field_name"]: body["field_schema"] for body in made}
    assert fields["_tenant"] == {"type": "keyword", "is_tenant": True}
    assert fields["trend"] == "float"
    assert "domain" not in fields  # the server has it


def test_a_collection_that_another_process_makes_meanwhile_is_checked_again(server: Server) -> None:
    with pytest.raises(EmbedderMismatch) as raised:
        server.store.prepare(dimension=3, embedder="test@1")

    assert raised.value.stored == "other@1"


def test_a_server_that_cannot_make_a_collection_is_unavailable(server: Server) -> None:
    server.create_status = 500

    with pytest.raises(StoreUnavailable, match="cannot create"):
        server.store.prepare(dimension=3, embedder="test@1")


@pytest.mark.parametrize(
    ("status", "error", "remedy"),
    [
        (401, ConfigurationError, "FEEDSMITH_QDRANT_API_KEY"),
        (403, ConfigurationError, "FEEDSMITH_QDRANT_API_KEY"),
        (404, ConfigurationError, "FEEDSMITH_QDRANT_URL"),
        (400, ConfigurationError, "no such thing"),
        (429, StoreUnavailable, "try again"),
        (500, StoreUnavailable, "try again"),
        (503, StoreUnavailable, "try again"),
    ],
)
def test_a_refusal_becomes_an_error_with_a_remedy(
    server: Server, status: int, error: type[FeedsmithError], remedy: str
) -> None:
    server.answer = (status, {"status": {"error": "no such thing"}}, {})

    for call in (
        server.store.ping,
        lambda: server.store.count("acme", "items"),
        lambda: server.store.upsert("acme", "items", SHELF),
        lambda: server.store.prepare(dimension=3, embedder="test@1"),
    ):
        with pytest.raises(error, match=remedy):
            call()


def test_a_limited_rate_says_when_to_come_back(server: Server) -> None:
    server.answer = (429, {"status": {"error": "slow down"}}, {"Retry-After": "17"})

    with pytest.raises(StoreUnavailable, match="rate") as raised:
        server.store.count("acme", "items")
    assert raised.value.retry_after_s == 17


def test_a_server_that_is_not_there_is_unavailable() -> None:
    # GIVEN a port that nobody listens on
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    store = QdrantVectorStore(connect(f"http://127.0.0.1:{port}", None, 0.5), "test")

    for call in (
        store.ping,
        lambda: store.prepare(dimension=3, embedder="test@1"),
        lambda: store.upsert("acme", "items", SHELF),
        lambda: store.patch("acme", "items", "a", {}),
        lambda: store.retrieve("acme", "items", ["a"]),
        lambda: store.delete("acme", "items", ["a"]),
        lambda: store.query("acme", "items", [Query(1, vector=Y)]),
        lambda: store.scroll("acme", "items"),
        lambda: store.count("acme", "items"),
    ):
        with pytest.raises(StoreUnavailable, match="FEEDSMITH_QDRANT_URL"):
            call()
    store.close()


def test_a_server_that_is_silent_is_unavailable_after_the_timeout() -> None:
    # GIVEN a server that takes the connection and never answers
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = QdrantVectorStore(connect(f"http://127.0.0.1:{silent.getsockname()[1]}", None, 0.2), "test")

        with pytest.raises(StoreUnavailable, match="FEEDSMITH_QDRANT_TIMEOUT_S"):
            store.count("acme", "items")
        store.close()


@pytest.mark.parametrize("url", ["ftp://host:6333", "http://host:port"])
def test_what_is_no_url_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError, match="FEEDSMITH_QDRANT_URL"):
        connect(url, None, 2.0)


def test_a_wrong_dimension_is_refused_even_where_it_is_not_known_beforehand() -> None:
    # GIVEN a store that another process prepared
    client = QdrantClient(":memory:")
    QdrantVectorStore(client, "test").prepare(dimension=3, embedder="test@1")
    store = QdrantVectorStore(client, "test")

    with pytest.raises(ValueError, match="dim"):
        store.upsert("acme", "items", [Point("a", np.full(4, 0.5, np.float32), {})])
    assert store.count("acme", "items") == 0
