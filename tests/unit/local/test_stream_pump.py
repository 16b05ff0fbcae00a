from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from feedsmith_local import sources, stream
from feedsmith_local.aws import LocalAws
from feedsmith_local.functions import LocalFunction
from feedsmith_local.stream import StreamPump
from feedsmith_local.template import Template

Event = dict[str, Any]
Make = Callable[..., StreamPump]


@pytest.fixture
def make(aws: LocalAws, template: Template) -> Make:
    """A pump of the template's stream with a handler and changed properties."""

    def pump(handle: Callable[[Event], Any], **changed: Any) -> StreamPump:
        function = template.functions()["WorkFunction"]
        source = function.sources["Stream"]
        assert isinstance(source, sources.Stream)
        local = LocalFunction(function, lambda event, _context: handle(event))
        return StreamPump(local, source.model_copy(update=changed), aws, retry_delay_s=0)

    return pump


def write(aws: LocalAws, *names: str) -> None:
    for name in names:
        aws.client("dynamodb").put_item(
            TableName=aws.refer("Table", None), Item={"pk": {"S": "p"}, "sk": {"S": f"E#{name}"}}
        )


def names(event: Event) -> str:
    return "".join(record["dynamodb"]["Keys"]["sk"]["S"].removeprefix("E#") for record in event["Records"])


def failing(poison: str) -> Callable[[Event], Any]:
    """A handler that names the first record that it cannot absorb."""

    def handle(event: Event) -> Any:
        for record in event["Records"]:
            if record["dynamodb"]["Keys"]["sk"]["S"].removeprefix("E#") in poison:
                return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
        return {"state": {}}

    return handle


def recorded(handle: Callable[[Event], Any], calls: list[str]) -> Callable[[Event], Any]:
    def record(event: Event) -> Any:
        if not event.get("isFinalInvokeForWindow"):
            calls.append(names(event))
        return handle(event)

    return record


def dead_letters(aws: LocalAws) -> list[Event]:
    found = aws.client("sqs").receive_message(QueueUrl=aws.refer("DeadQueue", None), MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in found.get("Messages", [])]


def pump_all(pump: StreamPump) -> None:
    while pump.step():
        pass


def test_records_come_in_order_and_in_batches_without_those_filtered_out(aws: LocalAws, make: Make) -> None:
    calls: list[str] = []
    pump = make(recorded(lambda _: None, calls), tumbling_window_in_seconds=0)
    write(aws, *"abcde")
    aws.client("dynamodb").put_item(TableName=aws.refer("Table", None), Item={"pk": {"S": "p"}, "sk": {"S": "other"}})
    write(aws, "f")

    pump_all(pump)

    assert calls == ["abcd", "ef"]  # four records a batch: abcd, e-other-f


def test_a_windowed_event_names_its_shard(aws: LocalAws, make: Make) -> None:
    events: list[Event] = []
    pump = make(events.append)
    write(aws, "a")

    pump.step()

    (event,) = events
    assert event["shardId"].startswith("shardId-")
    assert event["eventSourceARN"] == aws.refer("Table", "StreamArn")
    assert event["state"] == {}
    assert event["isFinalInvokeForWindow"] is False
    assert event["window"]["start"] < event["window"]["end"]


def test_a_window_hands_its_state_on_and_ends_with_a_final_call(
    aws: LocalAws, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN records a at 100 s, b at 109 s, c at 110 s; windows of ten seconds
    created = {"a": 100.0, "b": 109.0, "c": 110.0}
    name = "E#"
    monkeypatch.setattr(stream, "_created", lambda r: created[r["dynamodb"]["Keys"]["sk"]["S"].removeprefix(name)])
    said: list[tuple[str, str, Any, bool]] = []

    def handle(event: Event) -> Any:
        start = event["window"]["start"][-3:-1]  # seconds
        said.append((names(event), start, event["state"], event["isFinalInvokeForWindow"]))
        return {"state": {"seen": event["state"].get("seen", "") + names(event)}}

    pump = make(handle)
    write(aws, *"abc")
    pump_all(pump)

    # THEN [100, 110) starts at 00:01:40 and [110, 120) at 00:01:50; both are long over, so each gets its final call
    assert said == [
        ("ab", "40", {}, False),
        ("", "40", {"seen": "ab"}, True),
        ("c", "50", {}, False),
        ("", "50", {"seen": "c"}, True),
    ]


def test_a_reported_record_is_retried_with_all_that_follow(aws: LocalAws, make: Make) -> None:
    calls: list[str] = []
    healed: list[bool] = []

    def handle(event: Event) -> Any:
        answer = {} if healed else failing("c")(event)
        healed.append(True)
        return answer

    pump = make(recorded(handle, calls))
    write(aws, *"abcd")
    pump_all(pump)

    assert calls == ["abcd", "cd"]


def test_a_poison_record_is_found_by_halving_and_the_rest_goes_on(aws: LocalAws, make: Make) -> None:
    calls: list[str] = []
    pump = make(recorded(failing("c"), calls))
    write(aws, *"abcdef")

    pump_all(pump)

    # c fails with d behind it; halved, c alone is tried twice (MaximumRetryAttempts: 1), then d, then the next batch
    assert calls == ["abcd", "cd", "c", "c", "d", "ef"]
    (told,) = dead_letters(aws)
    assert told["requestContext"]["condition"] == "RetryAttemptsExhausted"
    info = told["DDBStreamBatchInfo"]
    assert info["batchSize"] == 1
    assert info["startSequenceNumber"] == info["endSequenceNumber"]
    assert info["streamArn"] == aws.refer("Table", "StreamArn")
    assert "E#" not in json.dumps(told)  # where it is, not what it is


@pytest.mark.parametrize("answer", [ValueError("no"), {"batchItemFailures": [{"itemIdentifier": "unknown"}]}])
def test_a_batch_that_fails_whole_is_halved_until_it_passes(aws: LocalAws, make: Make, answer: Any) -> None:
    calls: list[str] = []

    def handle(event: Event) -> Any:
        if len(event["Records"]) < 2:
            return None
        if isinstance(answer, Exception):
            raise answer
        return answer

    pump = make(recorded(handle, calls))
    write(aws, *"abcd")
    pump_all(pump)

    assert calls == ["abcd", "ab", "a", "b", "cd", "c", "d"]
    assert dead_letters(aws) == []


def test_without_halving_a_batch_is_retried_whole_and_then_dropped(aws: LocalAws, make: Make) -> None:
    calls: list[str] = []
    changed = {"bisect_batch_on_function_error": False, "destination_config": {}}
    pump = make(recorded(failing("a"), calls), **changed)
    write(aws, *"abcdef")
    pump_all(pump)

    assert calls == ["abcd", "abcd", "ef"]
    assert dead_letters(aws) == []


def test_retries_without_end_end_when_the_pump_stops(aws: LocalAws, make: Make) -> None:
    calls: list[str] = []

    def handle(event: Event) -> Any:
        if len(calls) == 5:
            pump.stop()
        return failing("a")(event)

    pump = make(recorded(handle, calls), maximum_retry_attempts=-1)
    write(aws, "a")
    pump.step()

    assert calls == ["a"] * 5


def test_a_function_that_reports_nothing_is_not_asked_for_failures(aws: LocalAws, make: Make) -> None:
    calls: list[str] = []
    pump = make(recorded(failing("a"), calls), function_response_types=())
    write(aws, "a")
    pump_all(pump)

    assert calls == ["a"]
