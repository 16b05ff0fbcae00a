"""The ledger's stream, as Lambda delivers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from feedsmith.errors import ConfigurationError
from feedsmith.stores.base import StreamRecord
from feedsmith.stores.records import event_owner, read_event

_SEQUENCE_DIGITS = 40


def stream_records(event: Mapping[str, Any]) -> list[StreamRecord]:
    """The events that a batch of stream records brings, in their order; other records are left out.

    Parameters
    ----------
    event
        What Lambda gives the function: ``Records`` with ``eventName`` and ``dynamodb``, and ``shardId``, which is
        there only when the event source mapping has a tumbling window.

    Returns
    -------
    ``sequence`` is padded with zeros to 40 digits, so that strings compare as the numbers do.

    Raises
    ------
    ConfigurationError
        ``shardId`` is absent, or an event was written in a form that this version does not know.

    Notes
    -----
    https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-windows.html
    """
    shard = event.get("shardId")
    if not shard:
        raise ConfigurationError(
            "the stream event names no shard, and counters keep their position per shard: set TumblingWindowInSeconds "
            "on the function's DynamoDB event in template.yaml"
        )
    found = []
    for record in event["Records"]:
        owner = event_owner(record["dynamodb"]["Keys"])
        if record["eventName"] != "INSERT" or owner is None:
            continue
        tenant, user = owner
        image = record["dynamodb"]["NewImage"]
        sequence = record["dynamodb"]["SequenceNumber"].zfill(_SEQUENCE_DIGITS)
        found.append(StreamRecord(tenant, user, read_event(image), shard, sequence))
    return found


def batch_item_failure(record: StreamRecord) -> dict[str, str]:
    """What a handler reports of the first record that it could not process: Lambda retries from there on."""
    return {"itemIdentifier": record.sequence.lstrip("0") or "0"}
