"""The ledger's stream, as Lambda delivers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from feedsmith.errors import ConfigurationError, TenantGone
from feedsmith.stores.keyring import Sealer
from feedsmith.stores.ledger import StreamRecord
from feedsmith.stores.letters import DeadLetter
from feedsmith.stores.records import event_owner, read_event


class StreamBatch(NamedTuple):
    """The events of a batch in their order, and letters on those that this version cannot read."""

    records: list[StreamRecord]
    unreadable: list[DeadLetter]


def parse_stream(event: Mapping[str, Any], sealer: Sealer) -> StreamBatch:
    """The events that a batch of stream records brings; records of another kind are left out.

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
        ``shardId`` is absent.

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
    found = StreamBatch([], [])
    for record in event["Records"]:
        owner = event_owner(record["dynamodb"]["Keys"])
        if record["eventName"] != "INSERT" or owner is None:
            continue
        tenant, user, identity = owner
        sequence = record["dynamodb"]["SequenceNumber"]
        try:
            stored = read_event(record["dynamodb"].get("NewImage", {}), tenant, user, sealer)
        except TenantGone:
            continue
        except ConfigurationError as error:
            found.unreadable.append(DeadLetter(tenant, user, identity, shard, sequence, error.detail))
        else:
            found.records.append(StreamRecord(tenant, user, stored, shard, sequence))
    return found
