"""Messages in SQS queues, chunks first among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, TypeAlias

from pydantic import TypeAdapter, ValidationError

from feedsmith.errors import ConfigurationError, StoreUnavailable
from feedsmith.stores.aws import drain, translated
from feedsmith.stores.objects import Chunk, ChunkQueue

_BATCH = 10  # entries of one SendMessageBatch, SQS's limit
_CHUNK = TypeAdapter(Chunk)
_REASON = 1_000  # characters; body and attributes share SQS's 256 KiB

_Entry: TypeAlias = dict[str, str]


def encode_chunk(chunk: Chunk) -> str:
    """A chunk as the body of a message."""
    return _CHUNK.dump_json(chunk).decode()


def decode_chunk(body: str) -> Chunk:
    """The chunk in a message's body.

    Raises
    ------
    ConfigurationError
        The body is not a chunk: something else writes to the queue, or another version of feedsmith does.
    """
    try:
        return _CHUNK.validate_json(body)
    except ValidationError as error:
        raise ConfigurationError(
            f"the chunk queue brought a message that is no chunk ({error.error_count()} fields are wrong): let only "
            "feedsmith write to the queue, and deploy all functions from the same version"
        ) from error


class SqsChunkQueue(ChunkQueue):
    """A chunk queue in SQS; threads may share it.

    Parameters
    ----------
    client
        Low-level ``sqs`` client.
    url
        The queue's URL.
    """

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, chunks: Iterable[Chunk]) -> None:
        send_bodies(self._client, self._url, map(encode_chunk, chunks), setting="FEEDSMITH_CHUNK_QUEUE_URL")


class DeadChunks:
    """Where messages go that the worker gave up, each with its reason as an attribute.

    Parameters
    ----------
    client
        Low-level ``sqs`` client.
    url
        URL of the dead-letter queue.
    """

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, body: str, reason: str) -> None:
        """Set a message aside; raises as :func:`send_bodies` does, and then it is not set aside."""
        with translated(f"SQS queue {self._url}", "FEEDSMITH_CHUNK_DEAD_LETTER_QUEUE_URL"):
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=body,
                MessageAttributes={"reason": {"DataType": "String", "StringValue": reason[:_REASON]}},
            )


def send_bodies(client: Any, url: str, bodies: Iterable[str], *, setting: str) -> None:
    """Send messages, at least once each; ``setting`` is the variable that names the queue.

    Raises
    ------
    ConfigurationError, StoreUnavailable
        Some were not sent: the queue is not there or not ours, or it does not answer.
    """

    def send(entries: Sequence[_Entry]) -> Sequence[_Entry]:
        """Send at most ten entries; returns those that failed."""
        with translated(f"SQS queue {url}", setting):
            answer = client.send_message_batch(QueueUrl=url, Entries=entries)
        failed = {failure["Id"] for failure in answer.get("Failed", [])}
        return [entry for entry in entries if entry["Id"] in failed]

    left_to_send = iter(bodies)
    while batch := [{"Id": str(n), "MessageBody": body} for n, body in enumerate(islice(left_to_send, _BATCH))]:
        if left := drain(send, batch):
            raise StoreUnavailable(
                f"SQS queue {url} did not take {len(left)} of {len(batch)} messages: try again; if that goes on, "
                "check the queue's policy and its encryption key"
            )
