"""The last try of a chunk ends its ingestion as failed; any earlier one leaves it to come again."""

from __future__ import annotations

from typing import Any

import pytest

from feedsmith import entrypoints
from feedsmith.bootstrap import Services
from feedsmith.errors import StoreUnavailable
from feedsmith.stores.base import Chunk
from feedsmith.stores.sqs import encode_chunk
from support.services import fake_services

CHUNK = Chunk("acme", "news", "i-1", 1, "bucket", "acme/news/a.jsonl", None, 0, 10, 1)


class Worker:
    """Fails as told, and notes what was given up."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error
        self.given_up: list[str] = []

    def work(self, chunk: Chunk) -> None:
        assert chunk == CHUNK
        if self.error is not None:
            raise self.error

    def give_up(self, chunk: Chunk, reason: str) -> None:
        self.given_up.append(reason)


def deliver(
    services: Services, monkeypatch: pytest.MonkeyPatch, error: Exception | None, count: int
) -> tuple[Any, Worker]:
    worker = Worker(error)
    services.chunk_worker = worker  # type: ignore[assignment]  # the two methods are all that is called
    monkeypatch.setattr(entrypoints, "services", lambda: services)
    attributes = {"ApproximateReceiveCount": str(count), "SentTimestamp": "0"}
    record = {"messageId": "m1", "body": encode_chunk(CHUNK), "attributes": attributes, "eventSource": "aws:sqs"}
    return entrypoints.work_chunks({"Records": [record]}, None), worker


@pytest.mark.parametrize(
    ("error", "count", "failures", "given_up"),
    [
        (None, 1, [], []),
        (StoreUnavailable("Qdrant is away"), 4, ["m1"], []),
        (StoreUnavailable("Qdrant is away"), 5, ["m1"], ["given up after 5 tries: Qdrant is away"]),
        (KeyError("item-7"), 5, ["m1"], ["given up after 5 tries: an unexpected KeyError"]),
    ],
)
def test_only_the_last_delivery_gives_up(
    monkeypatch: pytest.MonkeyPatch, error: Exception | None, count: int, failures: list[str], given_up: list[str]
) -> None:
    answer, worker = deliver(fake_services(), monkeypatch, error, count)

    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == failures
    assert worker.given_up == given_up
