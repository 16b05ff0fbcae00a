from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import pytest

from feedsmith.errors import ConfigurationError, StoreUnavailable
from feedsmith.stores import aws
from feedsmith.stores.objects import Chunk
from feedsmith.stores.sqs import SqsChunkQueue, decode_chunk, encode_chunk
from support.aws import mock_region, no_pause

CHUNK = Chunk("acme", "news", "i1", 1, "uploads", 'acme/news/日報 "1".jsonl', None, 0, 262_144, 1)


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_region():
        yield aws.client("sqs")


@pytest.fixture
def url(client: Any) -> str:
    url: str = client.create_queue(QueueName="chunks")["QueueUrl"]
    return url


class FailingClient:
    """SQS that does not take the messages that ``fails`` tells it, by call number and entry id."""

    def __init__(self, *fails: set[str]) -> None:
        self.fails = iter(fails)
        self.taken: list[int] = []
        self.sizes: list[int] = []

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803 - AWS's names
        failing = next(self.fails, set())
        self.sizes.append(len(Entries))
        taken = [entry for entry in Entries if entry["Id"] not in failing]
        self.taken += [decode_chunk(entry["MessageBody"]).number for entry in taken]
        return {"Failed": [{"Id": entry, "SenderFault": False, "Code": "InternalError"} for entry in sorted(failing)]}


def chunks(number: int) -> Iterator[Chunk]:
    return (replace(CHUNK, number=index) for index in range(number))


def test_a_chunk_survives_its_message() -> None:
    for chunk in (CHUNK, replace(CHUNK, version="v.1", start=262_144, end=2**33, first_line=9_000)):
        assert decode_chunk(encode_chunk(chunk)) == chunk


@pytest.mark.parametrize(
    "body", ["", "hello", "[]", json.dumps({"tenant": "acme"}), json.dumps(asdict(CHUNK) | {"start": "first"})]
)
def test_a_message_that_is_no_chunk_says_so(body: str) -> None:
    with pytest.raises(ConfigurationError, match=r"a message that is no chunk.*same version"):
        decode_chunk(body)


def test_all_chunks_arrive(client: Any, url: str) -> None:
    SqsChunkQueue(client, url).send(chunks(23))
    arrived = []
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        arrived += [decode_chunk(message["Body"]) for message in messages]
    assert sorted(arrived, key=lambda chunk: chunk.number) == list(chunks(23))


def test_nothing_to_send_is_no_call() -> None:
    client = FailingClient()
    SqsChunkQueue(client, "url").send([])
    assert client.sizes == []


def test_messages_that_failed_are_sent_again_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    no_pause(monkeypatch)
    # GIVEN a queue that at first refuses two messages of ten, then one of those
    client = FailingClient({"3", "7"}, {"7"})
    SqsChunkQueue(client, "url").send(chunks(12))
    # THEN ten, the two, the one, and the rest of the twelve are sent, and each is taken once
    assert client.sizes == [10, 2, 1, 2]
    assert sorted(client.taken) == list(range(12))


def test_a_message_that_is_refused_to_the_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    no_pause(monkeypatch)
    client = FailingClient(*[{"0"}] * 5)
    with pytest.raises(StoreUnavailable, match="did not take 1 of 2 messages: try again"):
        SqsChunkQueue(client, "url").send(chunks(2))
    assert client.sizes == [2, 1, 1, 1, 1]


def test_an_absent_queue_names_its_setting(client: Any, url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"SQS queue .*gone.* FEEDSMITH_CHUNK_QUEUE_URL"):
        SqsChunkQueue(client, url + "gone").send([CHUNK])
