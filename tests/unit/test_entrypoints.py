"""The last try of a chunk ends its ingestion as failed; any earlier one leaves it to come again."""

from __future__ import annotations

from typing import Any

import pytest

from feedsmith import entrypoints
from feedsmith.bootstrap import Services
from feedsmith.errors import StoreUnavailable
from feedsmith.stores.objects import Chunk
from feedsmith.stores.sqs import encode_chunk
from support.services import fake_services

CHUNK = Chunk("acme", "news", "i-1", 1, "bucket", "acme/news/a.jsonl", None, 0, 10, 1)


class DeadChunks:
    """Keeps what was set aside; ``down``: takes nothing."""

    def __init__(self, *, down: bool = False) -> None:
        self.down = down
        self.sent: list[tuple[str, str]] = []

    def send(self, body: str, reason: str) -> None:
        if self.down:
            raise StoreUnavailable("the dead-letter queue is away")
        self.sent.append((body, reason))


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
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception | None,
    count: int,
    *bodies: str,
    dead: DeadChunks | None = None,
) -> tuple[Any, Worker]:
    worker = Worker(error)
    services.dead_chunks = dead or DeadChunks()  # type: ignore[assignment]  # one method is all that is called
    services.chunk_worker = worker  # type: ignore[assignment]  # the two methods are all that is called
    monkeypatch.setattr(entrypoints, "services", lambda: services)
    attributes = {"ApproximateReceiveCount": str(count), "SentTimestamp": "0"}
    records = [
        {"messageId": f"m{number}", "body": body, "attributes": attributes, "eventSource": "aws:sqs"}
        for number, body in enumerate(bodies or [encode_chunk(CHUNK)], start=1)
    ]
    return entrypoints.work_chunks({"Records": records}, None), worker


@pytest.mark.parametrize(
    ("error", "count", "failures", "given_up"),
    [
        (None, 1, [], []),
        (StoreUnavailable("Qdrant is away"), 4, ["m1"], []),
        (StoreUnavailable("Qdrant is away"), 5, [], ["given up after 5 tries: Qdrant is away"]),
        (KeyError("item-7"), 5, [], ["given up after 5 tries: an unexpected KeyError"]),
    ],
)
def test_only_the_last_delivery_gives_up(
    monkeypatch: pytest.MonkeyPatch, error: Exception | None, count: int, failures: list[str], given_up: list[str]
) -> None:
    dead = DeadChunks()
    answer, worker = deliver(fake_services(), monkeypatch, error, count, dead=dead)

    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == failures
    assert worker.given_up == given_up
    # and what was given up lies in the dead-letter queue, with the reason
    assert dead.sent == [(encode_chunk(CHUNK), reason) for reason in given_up]


def test_a_message_that_is_no_chunk_is_set_aside_at_once_and_the_others_are_worked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dead = DeadChunks()
    answer, worker = deliver(fake_services(), monkeypatch, None, 1, "no chunk", encode_chunk(CHUNK), dead=dead)
    assert answer["batchItemFailures"] == []
    ((body, reason),) = dead.sent
    assert body == "no chunk"
    assert "a message that is no chunk" in reason
    assert worker.given_up == []


def test_what_cannot_be_set_aside_stays_in_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    answer, _ = deliver(fake_services(), monkeypatch, KeyError("x"), 5, dead=DeadChunks(down=True))
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == ["m1"]
