from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from feedsmith_local import sources
from feedsmith_local.aws import LocalAws
from feedsmith_local.functions import LocalFunction
from feedsmith_local.pumps import Pump, QueuePump, SchedulePump, UploadPump
from feedsmith_local.template import Template

Handle = Callable[[dict[str, Any]], Any]


@pytest.fixture
def function(template: Template) -> Callable[[Handle], LocalFunction]:
    """A Lambda function that runs a handler of the test's."""
    return lambda handle: LocalFunction(template.functions()["WorkFunction"], lambda event, _context: handle(event))


def source(template: Template, name: str) -> Any:
    return template.functions()["WorkFunction"].sources[name]


def bodies(aws: LocalAws, queue: str) -> list[str]:
    """Everything that lies in a queue."""
    found = aws.client("sqs").receive_message(QueueUrl=aws.refer(queue, None), MaxNumberOfMessages=10)
    return [message["Body"] for message in found.get("Messages", [])]


# -- queues ----------------------------------------------------------------------------------------------------


@pytest.fixture
def queue(aws: LocalAws, template: Template, function: Callable[[Handle], LocalFunction]) -> Callable[..., QueuePump]:
    def make(handle: Handle, *sent: str) -> QueuePump:
        for body in sent:
            aws.client("sqs").send_message(QueueUrl=aws.refer("Queue", None), MessageBody=body)
        return QueuePump(function(handle), source(template, "Queue"), aws, retry_delay_s=0)

    return make


def test_messages_come_in_batches_and_are_deleted(aws: LocalAws, queue: Callable[..., QueuePump]) -> None:
    events: list[dict[str, Any]] = []
    pump = queue(events.append, "a", "b", "c")

    assert [pump.step(), pump.step(), pump.step()] == [True, True, False]

    assert [[record["body"] for record in event["Records"]] for event in events] == [["a", "b"], ["c"]]  # batches of 2
    record = events[0]["Records"][0]
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"] == aws.refer("Queue", "Arn")
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert {"messageId", "receiptHandle", "messageAttributes", "md5OfBody", "awsRegion"} <= set(record)


def test_only_the_failed_messages_come_again_and_then_go_to_the_dead_letters(
    aws: LocalAws, queue: Callable[..., QueuePump]
) -> None:
    seen: list[list[str]] = []

    def handle(event: dict[str, Any]) -> Any:
        seen.append([record["body"] for record in event["Records"]])
        poison = [record["messageId"] for record in event["Records"] if record["body"] == "poison"]
        return {"batchItemFailures": [{"itemIdentifier": message} for message in poison]}

    pump = queue(handle, "good", "poison")
    while pump.step():
        pass

    assert seen == [["good", "poison"], ["poison"], ["poison"]]  # maxReceiveCount is 3
    assert bodies(aws, "DeadQueue") == ["poison"]


@pytest.mark.parametrize("answer", [ValueError("no"), {"batchItemFailures": [{"itemIdentifier": "unknown"}]}, {1, 2}])
def test_a_batch_that_fails_as_a_whole_comes_again(queue: Callable[..., QueuePump], answer: Any) -> None:
    answers = [answer, None]
    sizes: list[int] = []

    def handle(event: dict[str, Any]) -> Any:
        sizes.append(len(event["Records"]))
        said = answers.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    pump = queue(handle, "a", "b")
    while pump.step():
        pass

    assert sizes == [2, 2]


def test_a_function_that_reports_nothing_succeeds_or_fails_whole(
    aws: LocalAws, template: Template, function: Callable[[Handle], LocalFunction]
) -> None:
    plain = source(template, "Queue").model_copy(update={"function_response_types": ()})
    aws.client("sqs").send_message(QueueUrl=aws.refer("Queue", None), MessageBody="a")
    pump = QueuePump(function(lambda _: {"batchItemFailures": [{"itemIdentifier": "ignored"}]}), plain, aws)

    assert [pump.step(), pump.step()] == [True, False]


# -- uploads ---------------------------------------------------------------------------------------------------


@pytest.fixture
def upload(aws: LocalAws, template: Template, function: Callable[[Handle], LocalFunction]) -> Callable[..., UploadPump]:
    def make(handle: Handle, on_failure: str | None = None) -> UploadPump:
        return UploadPump(
            function(handle), source(template, "Upload"), aws, retries=1, on_failure=on_failure, retry_delay_s=0
        )

    return make


def pump_all(pump: Pump) -> None:
    while pump.step():
        pass


def test_an_upload_arrives_as_s3_tells_it(aws: LocalAws, upload: Callable[..., UploadPump]) -> None:
    events: list[dict[str, Any]] = []
    pump, s3, bucket = upload(events.append), aws.client("s3"), aws.refer("Uploads", None)
    # GIVEN two versions under one key, written before anyone looks
    versions = [s3.put_object(Bucket=bucket, Key="t/news/a b.csv", Body=body)["VersionId"] for body in (b"1", b"22")]

    pump_all(pump)

    objects = [event["Records"][0]["s3"]["object"] for event in events]  # and S3's own test event is left out
    assert [(o["key"], o["size"], o["versionId"]) for o in objects] == [
        ("t/news/a+b.csv", 1, versions[0]),
        ("t/news/a+b.csv", 2, versions[1]),
    ]
    assert events[0]["Records"][0]["s3"]["bucket"]["name"] == bucket


def test_an_upload_that_fails_is_tried_again_and_then_reported(
    aws: LocalAws, upload: Callable[..., UploadPump]
) -> None:
    calls: list[dict[str, Any]] = []

    def handle(event: dict[str, Any]) -> None:
        calls.append(event)
        raise ValueError("no")

    pump = upload(handle, aws.refer("DeadQueue", None))
    aws.client("s3").put_object(Bucket=aws.refer("Uploads", None), Key="k", Body=b"1")
    pump_all(pump)

    assert len(calls) == 2  # once, and MaximumRetryAttempts: 1
    (told,) = map(json.loads, bodies(aws, "DeadQueue"))
    assert told["requestContext"]["condition"] == "RetriesExhausted"
    assert told["requestContext"]["approximateInvokeCount"] == 2
    assert told["requestPayload"]["Records"][0]["s3"]["object"]["key"] == "k"


def test_without_a_destination_a_failed_upload_is_dropped(aws: LocalAws, upload: Callable[..., UploadPump]) -> None:
    def handle(event: dict[str, Any]) -> None:
        raise ValueError("no")

    pump = upload(handle)
    aws.client("s3").put_object(Bucket=aws.refer("Uploads", None), Key="k", Body=b"1")
    pump_all(pump)

    assert bodies(aws, "DeadQueue") == []


def test_an_unversioned_object_has_no_version(
    aws: LocalAws, template: Template, function: Callable[[Handle], LocalFunction]
) -> None:
    events: list[dict[str, Any]] = []
    template.resources["Uploads"]["Properties"].pop("VersioningConfiguration")
    wanted = source(template, "Upload").model_copy(
        update={"events": ["s3:ObjectCreated:*"], "filter": {"S3Key": {"Rules": [{"Name": "suffix", "Value": ".csv"}]}}}
    )
    pump = UploadPump(function(events.append), wanted, aws, retries=0, on_failure=None)
    for key in ("a.csv", "a.txt"):
        aws.client("s3").put_object(Bucket=aws.refer("Uploads", None), Key=key, Body=b"1")
    pump_all(pump)

    (event,) = events
    assert event["Records"][0]["s3"]["object"]["key"] == "a.csv"
    assert "versionId" not in event["Records"][0]["s3"]["object"]


# -- schedules and threads -------------------------------------------------------------------------------------


def test_a_schedule_calls_when_it_is_due(function: Callable[[Handle], LocalFunction]) -> None:
    events: list[dict[str, Any]] = []
    pump = SchedulePump(function(events.append), sources.Schedule(ScheduleExpression="rate(1 hour)"))
    assert pump.step() is False

    pump._due = time.monotonic()
    assert [pump.step(), pump.step()] == [True, False]  # and then an hour later

    assert events[0]["detail-type"] == "Scheduled Event"
    assert datetime.fromisoformat(events[0]["time"]) <= datetime.now(UTC)


def test_a_cron_schedule_is_called_on_demand_only(function: Callable[[Handle], LocalFunction]) -> None:
    pump = SchedulePump(function(lambda _: {"users": 3}), sources.Schedule(ScheduleExpression="cron(0 3 * * ? *)"))

    assert pump.step() is False
    assert pump.call() == {"users": 3}


class Steps(Pump):
    """Does what it is told, step by step."""

    idle_s = 60.0

    def __init__(self, *results: bool | Exception) -> None:
        super().__init__("steps")
        self._results = list(results)
        self.idle = threading.Event()

    def step(self) -> bool:
        if not self._results:
            self.idle.set()
            return False
        result = self._results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def test_an_error_does_not_end_a_pump(caplog: pytest.LogCaptureFixture) -> None:
    woken: list[str] = []
    pump = Steps(True, ValueError("who read what"), True)
    pump.after_step = lambda: woken.append("other pumps")
    pump.start()
    deadline = time.monotonic() + 5
    while not pump.idle.is_set() and time.monotonic() < deadline:
        pump.wake()  # it rests after an error, a minute here
    pump.stop()
    pump.join(5)

    assert not pump.is_alive()
    assert woken == ["other pumps"] * 2
    assert "steps failed: ValueError" in caplog.text
    assert "who read what" not in caplog.text
