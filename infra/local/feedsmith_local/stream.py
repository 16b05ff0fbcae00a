"""Table stream -> function, in place of Lambda's stream poller: in order, in batches, with tumbling windows."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any, ClassVar

from moto.events.models import EventPattern

from feedsmith_local.aws import LocalAws
from feedsmith_local.functions import LocalFunction, as_lambda_returns, report_failure
from feedsmith_local.pumps import Pump
from feedsmith_local.sources import Stream

Record = dict[str, Any]


@dataclass(slots=True)
class Window:
    """A tumbling window: [start, end) in unix seconds, and the state that the function hands on from call to call."""

    start: int
    end: int
    state: Any = field(default_factory=dict)

    def fields(self, *, final: bool) -> dict[str, Any]:
        """What a call of this window carries."""
        return {
            "window": {"start": _utc(self.start), "end": _utc(self.end)},
            "state": self.state,
            "isFinalInvokeForWindow": final,
            "isWindowTerminatedEarly": False,
        }


class StreamPump(Pump):
    """Carries a table's changes; the next batch waits until this one succeeded or was given up.

    As in Lambda, a reported record is retried together with all that follow it; a batch that fails at its first record
    is halved where the template says so, which costs no retry, until the failing record is alone. What exhausts
    ``MaximumRetryAttempts`` is dropped, and the failure destination is told its position.

    Parameters
    ----------
    retry_delay_s
        Seconds before the first retry; doubles up to ``64 * retry_delay_s``.

    Notes
    -----
    https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
    """

    idle_s: ClassVar[float] = 0.02

    def __init__(self, function: LocalFunction, source: Stream, aws: LocalAws, *, retry_delay_s: float = 0.05) -> None:
        super().__init__(f"{function.name} < {source.stream}")
        self._function = function
        self._source = source
        self._stream = aws.stream(source.stream)
        self._sqs = aws.client("sqs")
        self._on_failure = aws.refer(source.on_failure, None) if source.on_failure else None
        self._retry_delay_s = retry_delay_s
        patterns = [EventPattern.load(each.pattern) for each in source.filter_criteria.filters]
        self._wanted = lambda record: not patterns or any(pattern.matches_event(record) for pattern in patterns)
        self._window: Window | None = None
        self.position = 0

    def step(self) -> bool:
        """Carry the next batch, or close a window that is over."""
        records = self._stream.read(self.position, self._source.batch_size)
        if self._source.tumbling_window_in_seconds:
            records = self._in_one_window(records)
        self._deliver(list(filter(self._wanted, records)))
        self.position += len(records)
        return bool(records)

    def _deliver(self, records: list[Record]) -> None:
        waiting = [(records, 0)] if records else []
        while waiting and not self.stopping.is_set():
            batch, retries = waiting.pop(0)
            done = self._call(batch)
            if done == len(batch):
                continue
            rest = batch[done:]
            if done:
                waiting.insert(0, (rest, retries))
            elif self._source.bisect_batch_on_function_error and len(rest) > 1:
                half = len(rest) // 2
                waiting[:0] = [(rest[:half], retries), (rest[half:], retries)]
            elif 0 <= self._source.maximum_retry_attempts <= retries:
                self._give_up(rest, retries + 1)
            else:
                waiting.insert(0, (rest, retries + 1))
                self.stopping.wait(self._retry_delay_s * 2 ** min(retries, 6))

    def _call(self, records: Sequence[Record], *, final: bool = False) -> int:
        """How many records from the front are done with."""
        event: dict[str, Any] = {"Records": list(records)}
        if self._window is not None:
            event |= self._window.fields(final=final)
            event |= {"shardId": self._stream.shard, "eventSourceARN": self._stream.arn}
        try:
            answer = as_lambda_returns(self._function(event)) or {}
        except Exception as error:  # noqa: BLE001  what a handler raises is its answer: all failed
            report_failure(self._function.name, error)
            return 0
        failures = answer.get("batchItemFailures") if self._source.partial else None
        if not failures:
            if self._window is not None:
                self._window.state = answer.get("state") or {}
            return len(records)
        sequences = [record["dynamodb"]["SequenceNumber"] for record in records]
        failed = {failure.get("itemIdentifier") for failure in failures}
        # An id that was not in the batch means, to Lambda too, that the answer cannot be trusted.
        return min(map(sequences.index, failed)) if failed <= set(sequences) else 0

    def _in_one_window(self, records: list[Record]) -> list[Record]:
        """The records from the front that fall into one window; opens it, and closes the one before."""
        now = datetime.now(UTC).timestamp()
        first = _created(records[0]) if records else now
        if self._window is not None and first >= self._window.end:
            self._call([], final=True)
            self._window = None
        if records and self._window is None:
            length = self._source.tumbling_window_in_seconds
            start = int(first // length * length)
            self._window = Window(start, start + length)
        end = self._window.end if self._window is not None else now
        return list(takewhile(lambda record: _created(record) < end, records))

    def _give_up(self, records: Sequence[Record], calls: int) -> None:
        if self._on_failure is None:
            return
        first, last = records[0], records[-1]
        info = {
            "shardId": self._stream.shard,
            "startSequenceNumber": first["dynamodb"]["SequenceNumber"],
            "endSequenceNumber": last["dynamodb"]["SequenceNumber"],
            "approximateArrivalOfFirstRecord": _utc(_created(first)),
            "approximateArrivalOfLastRecord": _utc(_created(last)),
            "batchSize": len(records),
            "streamArn": self._stream.arn,
        }
        context = {
            "requestId": str(uuid.uuid4()),
            "functionArn": self._function.arn,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": calls,
        }
        body: dict[str, Any] = {"version": "1.0", "timestamp": _utc(datetime.now(UTC).timestamp())}
        body |= {"requestContext": context, "DDBStreamBatchInfo": info}
        self._sqs.send_message(QueueUrl=self._on_failure, MessageBody=json.dumps(body))


def _created(record: Record) -> float:
    return float(record["dynamodb"]["ApproximateCreationDateTime"])


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
