"""The local stack, with functions that may die and a stream that says things twice, late and in pieces."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from feedsmith.stores.keyring import Sealer
from feedsmith.stores.letters import DeadLetter, decode_letter
from feedsmith_local import sources
from feedsmith_local.chaos.faults import Crash, Died, Faults
from feedsmith_local.functions import Handler, LocalFunction
from feedsmith_local.pumps import Pump
from feedsmith_local.stack import LocalStack
from feedsmith_local.stream import StreamPump
from feedsmith_local.template import Function

CONSUMER: Final = "ProfilesFunction"
REPEAT_RATE: Final = 0.03
PARTIAL_RATE: Final = 0.04
DELAY_RATE: Final = 0.03
REMEMBERED: Final = 50


class ChaosStack(LocalStack):
    """A local stack whose functions fail as ``faults`` decide; the images of events ``spoilt`` (ids) arrive damaged."""

    def __init__(self, faults: Faults, spoilt: frozenset[str], **options: Any) -> None:
        super().__init__(**options)
        self._faults = faults
        self._spoilt = frozenset(f"E#{event_id}" for event_id in spoilt)

    def _load(self, functions: Mapping[str, Function]) -> dict[str, LocalFunction]:
        loaded = super()._load(functions)
        return {name: LocalFunction(functions[name], self._faulty(name, inner)) for name, inner in loaded.items()}

    def _pump(self, function: Function, handler: LocalFunction, source: sources.Source) -> Pump | None:
        if isinstance(source, sources.Stream):  # hours of retries in seconds
            return StreamPump(handler, source, self._aws, retry_delay_s=0.002)
        return super()._pump(function, handler, source)

    def _faulty(self, name: str, inner: LocalFunction) -> Handler:
        stream = StreamFaults(inner, self._faults, self._spoilt) if name == CONSUMER else inner

        def handle(event: Any, _context: object) -> Any:
            try:
                return stream(event)
            except Crash:
                raise Died(f"{name} died") from None

        return handle


class StreamFaults:
    """Delivers a stream's batches late, again, after newer ones, and with acknowledgements that get lost."""

    def __init__(self, inner: LocalFunction, faults: Faults, spoilt: frozenset[str]) -> None:
        self._inner = inner
        self._faults = faults
        self._spoilt = spoilt
        self._earlier: deque[Any] = deque(maxlen=REMEMBERED)

    def __call__(self, event: Any) -> Any:
        """Call the function with the batch, once or more often."""
        faults, records = self._faults, event.get("Records", [])
        for record in records:
            if record["dynamodb"]["Keys"]["sk"]["S"] in self._spoilt:
                record["dynamodb"]["NewImage"] = {"event": {"S": '{"cut": '}}
        if not records:
            return self._inner(event)
        if faults.strikes(DELAY_RATE):
            faults.count("delay", len(records))
            time.sleep(faults.chance.uniform(0.001, 0.02))
        if len(records) > 1 and faults.strikes(PARTIAL_RATE):
            return self._partly(event)
        answer = self._inner(event)
        self._earlier.append(event)
        if faults.strikes(REPEAT_RATE):
            again = faults.chance.choice([event, *self._earlier])
            faults.count("duplicates", len(again["Records"]))
            if again is not event:
                faults.count("reordering", len(again["Records"]))
            second = self._inner(again)
            answer = second if again is event else answer
        return answer

    def _partly(self, event: Any) -> Any:
        """Some of the batch is absorbed; of that, perhaps only the beginning is acknowledged."""
        records = event["Records"]
        sequences = [record["dynamodb"]["SequenceNumber"] for record in records]
        given = self._faults.chance.randrange(1, len(records) + 1)
        answer = self._inner({**event, "Records": records[:given]})
        failed = [sequences.index(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]
        acknowledged = self._faults.chance.randrange(0, min([given, *failed]) + 1)
        if acknowledged == len(records):
            return answer
        self._faults.count("partial_batches", len(records) - acknowledged)
        return {"state": {}, "batchItemFailures": [{"itemIdentifier": sequences[acknowledged]}]}


def read_letters(sqs: Any, url: str, sealer: Sealer) -> list[DeadLetter]:
    """The dead letters in a queue; they stay there."""
    found: list[dict[str, Any]] = []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=3_600).get("Messages"):
        found += batch
    for message in found:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    return [decode_letter(message["Body"], sealer) for message in found]
