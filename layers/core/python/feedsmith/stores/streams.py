"""The ledger's stream, as Lambda delivers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from feedsmith.errors import ConfigurationError
from feedsmith.stores.base import StreamRecord
from feedsmith.stores.records import event_owner, read_event


def parse_stream(event: Mapping[str, Any]) -> list[StreamRecord]:
    """The events that a batch of stream records brings, in their order; other records are left out.

    Parameters
    ----------
    event
        What Lambda gives the function: ``Records`` with ``eventName`` and ``dynamodb``, and ``shardId``, which is
        there only when the event source mapping has a tumbling window.

    Returns
    -------
    ``sequence`` as it came, decimal digits of any length: compare it as a number. Lambda must be told the very same
    string when a record fails.

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
        found.append(StreamRecord(tenant, user, read_event(image), shard, record["dynamodb"]["SequenceNumber"]))
    return found
