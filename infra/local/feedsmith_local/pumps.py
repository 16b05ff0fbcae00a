"""Threads that carry events to functions, in place of Lambda's own pollers: uploads, queues, schedules.

A failing function never ends its pump: what it failed on comes again, and after its retries goes to where the template
sends it.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote_plus, unquote_plus

from feedsmith_local import sources
from feedsmith_local.aws import ACCOUNT, REGION, LocalAws
from feedsmith_local.functions import LocalFunction, as_lambda_returns, report_failure

logger = logging.getLogger(__name__)

RETRY_DELAY_S = 1.0


class Pump(ABC, threading.Thread):
    """Calls :meth:`step` until stopped; looks again when woken, and every ``idle_s`` seconds anyway."""

    idle_s: ClassVar[float] = 0.25

    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._wake = threading.Event()
        self.stopping = threading.Event()
        self.after_step: Callable[[], None] = lambda: None
        # Monotonic times: when the last step that found nothing began, and when the last that carried a batch ended.
        self.found_nothing_at = self.carried_at = 0.0

    @abstractmethod
    def step(self) -> bool:
        """Carry one batch; False: there was nothing to do."""

    def run(self) -> None:
        """Pump until stopped."""
        while not self.stopping.is_set():
            begun = time.monotonic()
            try:
                busy = self.step()
            except Exception as error:  # noqa: BLE001  the last line of a thread that must not end
                report_failure(self.name, error)
                busy = False
            if busy:
                self.carried_at = time.monotonic()
                self.after_step()
            else:
                self.found_nothing_at = begun
                self._wake.wait(self.idle_s)
                self._wake.clear()

    def wake(self) -> None:
        """Look at once; something was written."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the batch at hand, then end; :meth:`join` waits for that."""
        self.stopping.set()
        self.wake()


class QueuePump(Pump):
    """SQS -> function. Only what succeeded is deleted; the rest comes again, until the queue's redrive policy takes it.

    Redelivery is after ``retry_delay_s`` and not after the queue's visibility timeout, which is chosen for machines
    that die with a batch in hand.
    """

    def __init__(
        self, function: LocalFunction, source: sources.Queue, aws: LocalAws, *, retry_delay_s: float = RETRY_DELAY_S
    ) -> None:
        super().__init__(f"{function.name} < {source.queue}")
        self._function = function
        self._source = source
        self._sqs = aws.client("sqs")
        self._url = aws.refer(source.queue, None)
        self._arn = aws.refer(source.queue, "Arn")
        self._retry_delay_s = retry_delay_s

    def step(self) -> bool:
        """Receive, call, delete what succeeded."""
        messages = _receive(self._sqs, self._url, self._source.batch_size)
        if not messages:
            return False
        failed = self._call(messages)
        for message in messages:
            if message["MessageId"] in failed:
                _again(self._sqs, self._url, message, self._retry_delay_s)
            else:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return True

    def _call(self, messages: list[dict[str, Any]]) -> set[str]:
        """Ids of the messages that failed."""
        everything = {message["MessageId"] for message in messages}
        try:
            answer = as_lambda_returns(self._function({"Records": [self._record(m) for m in messages]}))
        except Exception as error:  # noqa: BLE001  what a handler raises is its answer: all failed
            report_failure(self._function.name, error)
            return everything
        if not self._source.partial or not answer:
            return set()
        failed = {failure.get("itemIdentifier") for failure in answer.get("batchItemFailures") or ()}
        # An id that was not in the batch means, to Lambda too, that the answer cannot be trusted.
        return failed if failed <= everything else everything

    def _record(self, message: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message.get("Attributes", {}),
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self._arn,
            "awsRegion": REGION,
        }


class UploadPump(Pump):
    """S3 -> function, called asynchronously: some retries, then the failure destination is told."""

    def __init__(
        self, function: LocalFunction, source: sources.Upload, aws: LocalAws, *, retries: int,
        on_failure: str | None, retry_delay_s: float = RETRY_DELAY_S,
    ) -> None:  # fmt: skip
        super().__init__(f"{function.name} < {source.bucket}")
        self._function = function
        self._retries = retries
        self._on_failure = on_failure
        self._retry_delay_s = retry_delay_s
        self._sqs, self._s3 = aws.client("sqs"), aws.client("s3")
        events = [source.events] if isinstance(source.events, str) else source.events
        self._url = aws.notify(source.bucket, f"{function.name}-{source.bucket}", events, source.filter)

    def step(self) -> bool:
        """Take one notification and call the function with it."""
        messages = _receive(self._sqs, self._url, 1)
        for message in messages:
            event = json.loads(message["Body"])
            # S3 sends a test event to a new target queue; a function never sees it.
            if "Records" not in event or self._call(event, int(message["Attributes"]["ApproximateReceiveCount"])):
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            else:
                _again(self._sqs, self._url, message, self._retry_delay_s)
        return bool(messages)

    def _call(self, event: dict[str, Any], attempt: int) -> bool:
        """Whether the event is done with, by success or by giving up."""
        for record in event["Records"]:
            self._complete(record["s3"])
        try:
            as_lambda_returns(self._function(event))
        except Exception as error:  # noqa: BLE001  what a handler raises is its answer
            report_failure(self._function.name, error)
            if attempt <= self._retries:
                return False
            if self._on_failure is not None:
                self._sqs.send_message(QueueUrl=self._on_failure, MessageBody=self._obituary(event, attempt, error))
        return True

    def _complete(self, s3: dict[str, Any]) -> None:
        """Mend what moto says otherwise than S3: it leaves out the version, and escapes the key's slashes.

        The version is found by its ETag, as the key may hold a newer one by now.
        """
        key = unquote_plus(s3["object"]["key"])
        s3["object"]["key"] = quote_plus(key, safe="/")
        versions = self._s3.list_object_versions(Bucket=s3["bucket"]["name"], Prefix=key).get("Versions", [])
        for version in versions:
            same = version["Key"] == key and version["ETag"].strip('"') == s3["object"]["eTag"]
            if same and version["VersionId"] != "null":
                s3["object"]["versionId"] = version["VersionId"]
                break

    def _obituary(self, event: Mapping[str, Any], attempt: int, error: Exception) -> str:
        """The record that Lambda sends to a failure destination."""
        context = {
            "requestId": str(uuid.uuid4()),
            "functionArn": f"{self._function.arn}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": attempt,
        }
        return json.dumps({
            "version": "1.0",
            "timestamp": _now(),
            "requestContext": context,
            "requestPayload": event,
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": {"errorType": type(error).__name__},
        })  # fmt: skip


class SchedulePump(Pump):
    """EventBridge Scheduler -> function, at the template's rate and on demand."""

    def __init__(self, function: LocalFunction, source: sources.Schedule) -> None:
        super().__init__(f"{function.name} < schedule")
        self.function = function.name
        self._function = function
        self._every = source.every.total_seconds() if source.every is not None else None
        self._due = time.monotonic() + self._every if self._every is not None else None
        self._one_at_a_time = threading.Lock()

    def step(self) -> bool:
        """Call the function if it is due."""
        if self._every is None or self._due is None or time.monotonic() < self._due:
            return False
        self._due += self._every
        self.call()
        return True

    def call(self) -> Any:
        """Call the function now; its result, or what it raises."""
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": ACCOUNT,
            "time": _now(),
            "region": REGION,
            "resources": [f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{self._function.name}"],
            "detail": "{}",
        }
        with self._one_at_a_time:
            return as_lambda_returns(self._function(event))


def _receive(sqs: Any, url: str, limit: int) -> list[dict[str, Any]]:
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=limit, MessageSystemAttributeNames=["All"])
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages


def _again(sqs: Any, url: str, message: Mapping[str, Any], delay_s: float) -> None:
    sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=round(delay_s)
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
