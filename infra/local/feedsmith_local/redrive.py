"""Dead-letter queues: what lies in them and why, and the way back."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field

Queue: TypeAlias = Literal["plan", "chunks", "profiles"]
QUEUES: Final[tuple[Queue, ...]] = get_args(Queue)
# Logical ids in the template: the dead letters, and where they came from.
DEAD: Final[Mapping[Queue, str]] = {
    "plan": "PlanDeadLetterQueue", "chunks": "ChunkDeadLetterQueue", "profiles": "ProfilesDeadLetterQueue",
}  # fmt: skip
SOURCE: Final[Mapping[Queue, str]] = {"plan": "PlanFunction", "chunks": "ChunkQueue", "profiles": "ProfilesFunction"}
_BATCH: Final = 10  # messages of one ReceiveMessage, SQS's limit
_HIDDEN_S: Final = 300  # longer than a batch of letters takes
_UNKNOWN: Final = "no reason given: its function died, or ran out of time, at every try"
_GIVEN_UP: Final = (
    "the stream's own retries ended, and its records are named by position only: profiles have these events at their "
    "users' next one, counters lack them"
)

Message: TypeAlias = dict[str, Any]


class RedriveOptions(BaseModel):
    """Which queues, at most how many messages of each, and whether only to look."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    queues: tuple[Queue, ...] = QUEUES
    most: int | None = Field(None, ge=1)
    dry_run: bool = False


@dataclass(slots=True)
class QueueReport:
    """What was found in one queue; ``kept`` are reasons for which letters stay, and how many of each."""

    found: int = 0
    redriven: int = 0
    oldest_s: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)


class Redrive:
    """Looks into the dead-letter queues and puts messages back; who read what is never shown.

    Parameters
    ----------
    sqs
        A client.
    refer
        Logical id in the template -> queue URL or function name.
    invoke
        Calls a function (by name) with a payload; its answer, or what it raised.
    wait_s
        Seconds that a queue is given to bring what it has; AWS's may need some.
    """

    def __init__(
        self, sqs: Any, refer: Callable[[str], str], invoke: Callable[[str, Any], Any], *, wait_s: int = 0
    ) -> None:
        self._sqs = sqs
        self._refer = refer
        self._invoke = invoke
        self._wait_s = wait_s

    def run(
        self, queues: Sequence[Queue] = QUEUES, *, most: int | None = None, dry_run: bool = False
    ) -> dict[str, dict[str, Any]]:
        """Redrive at most ``most`` messages of each queue; with ``dry_run``, only look.

        A message leaves its queue after it took effect; one that is redriven twice because of that changes nothing.
        """
        return {queue: asdict(self._run(queue, most, dry_run)) for queue in queues}

    def _run(self, queue: Queue, most: int | None, dry_run: bool) -> QueueReport:
        report, url = QueueReport(), self._refer(DEAD[queue])
        reasons: Counter[str] = Counter()
        kept: Counter[str] = Counter()
        staying: list[Message] = []
        for messages in self._messages(url, most):
            report.found += len(messages)
            report.oldest_s = max([report.oldest_s, *map(_age_s, messages)])
            reasons.update(map(reason_of, messages))
            if dry_run:
                staying += messages
                continue
            for message, why in zip(messages, self._redrive(queue, messages), strict=True):
                if why is None:
                    self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                    report.redriven += 1
                else:
                    kept[why] += 1
                    staying.append(message)
        for message in staying:  # only now, lest they be met again
            self._sqs.change_message_visibility(
                QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
        report.reasons, report.kept = dict(reasons), dict(kept)
        return report

    def _messages(self, url: str, most: int | None) -> Iterator[list[Message]]:
        met = 0
        while most is None or met < most:
            answer = self._sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=_BATCH if most is None else min(_BATCH, most - met),
                VisibilityTimeout=_HIDDEN_S,
                WaitTimeSeconds=self._wait_s,
                MessageSystemAttributeNames=["SentTimestamp"],
                MessageAttributeNames=["All"],
            )
            messages: list[Message] = answer.get("Messages", [])
            if not messages:
                return
            met += len(messages)
            yield messages

    def _redrive(self, queue: Queue, messages: Sequence[Message]) -> list[str | None]:
        """For each message, why it stays; None: it took effect."""
        try:
            return self._back(queue, messages)
        except Exception as error:  # noqa: BLE001  the messages stay, and the report says why
            return [f"the call failed ({type(error).__name__}); the log of {SOURCE[queue]} says where"] * len(messages)

    def _back(self, queue: Queue, messages: Sequence[Message]) -> list[str | None]:
        source = self._refer(SOURCE[queue])
        if queue == "profiles":
            letters = [message["Body"] for message in messages if _is_letter(message)]
            kept = iter(self._invoke(source, {"letters": letters})["kept"] if letters else ())
            return [next(kept) if _is_letter(message) else _GIVEN_UP for message in messages]
        for message in messages:
            if queue == "plan":
                self._invoke(source, json.loads(message["Body"])["requestPayload"])
            else:
                self._sqs.send_message(QueueUrl=source, MessageBody=message["Body"])
        return [None] * len(messages)


def reason_of(message: Message) -> str:
    """Why a message lies in a dead-letter queue, as far as it says."""
    attribute = message.get("MessageAttributes", {}).get("reason")
    if attribute is not None:
        return str(attribute["StringValue"])
    try:
        body = json.loads(message["Body"])
    except ValueError:
        return _UNKNOWN
    if not isinstance(body, dict):
        return _UNKNOWN
    if "DDBStreamBatchInfo" in body:
        return _GIVEN_UP
    if "responsePayload" in body:
        payload = body["responsePayload"] or {}
        return f"{body['requestContext']['condition']}: {payload.get('errorType', 'unknown')}"
    return str(body.get("reason", _UNKNOWN))


def _is_letter(message: Message) -> bool:
    return reason_of(message) != _GIVEN_UP


def _age_s(message: Message) -> int:
    sent = int(message.get("Attributes", {}).get("SentTimestamp", time.time() * 1000))
    return max(0, int(time.time() - sent / 1000))
