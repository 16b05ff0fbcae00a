from __future__ import annotations

from typing import Any

import pytest

from feedsmith.errors import ConfigurationError
from feedsmith.stores.streams import parse_stream
from support.rights import sealer

SEALER = sealer()
STORED = '{"user_id":"5eed","item_id":"a","type":"click","at":"2026-03-01T12:00:00Z","event_id":"e1"}'


def record(
    sequence: str = "4421584500000000017450439091", *, name: str = "INSERT", pk: str = "acme#U#5eed", sk: str = "E#e1",
    event: str = STORED,
) -> dict[str, Any]:  # fmt: skip
    """One record as Lambda delivers it."""
    keys = {"pk": {"S": pk}, "sk": {"S": sk}}
    tenant, _, _ = pk.partition("#")
    image = {
        **keys,
        "event": {"S": SEALER.seal(tenant, event, pk)},
        "time_key": {"S": "2026-03-01T12:00:00.000000+00:00#e1"},
    }
    change: dict[str, Any] = {
        "ApproximateCreationDateTime": 1772366400.0,
        "Keys": keys,
        "SequenceNumber": sequence,
        "SizeBytes": 200,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    change |= {"OldImage": image} if name == "REMOVE" else {"NewImage": image}
    return {
        "eventID": "c9fbe7d0261a5163fcb6940593e41797",
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": change,
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/ledger/stream/2026-03-01T00:00:00.000",
    }


def batch(*records: dict[str, Any]) -> dict[str, Any]:
    """A batch as Lambda delivers it where the mapping has a tumbling window."""
    return {
        "Records": list(records),
        "shardId": "shardId-00000001772366400000-5f1c2a3b",
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/ledger/stream/2026-03-01T00:00:00.000",
        "window": {"start": "2026-03-01T12:00:00Z", "end": "2026-03-01T12:00:10Z"},
        "state": {},
        "isFinalInvokeForWindow": False,
        "isWindowTerminatedEarly": False,
    }


def test_an_inserted_event_comes_out_with_its_position() -> None:
    (found,), unreadable = parse_stream(batch(record()), SEALER)
    assert not unreadable
    assert (found.tenant, found.user, found.event.item_id, found.event.identity) == ("acme", "5eed", "a", "e1")
    assert found.shard == "shardId-00000001772366400000-5f1c2a3b"
    # As it came: it is what Lambda is told when the record fails.
    assert found.sequence == "4421584500000000017450439091"


@pytest.mark.parametrize(
    "other",
    [
        record(name="MODIFY"),
        record(name="REMOVE"),
        record(sk="META"),
        record(sk="T#abc"),
        record(pk="acme#T#ab", sk="T#abc"),
        record(pk="acme#I#a", sk="COUNTER"),
        record(pk="acme#INGESTION#E#1", sk="META"),
        record(pk="KEY#ab12", sk="KEY"),
        record(pk="TENANTS", sk="acme"),
    ],
)
def test_records_of_another_kind_are_left_out(other: dict[str, Any]) -> None:
    found = parse_stream(batch(other, record("7"), other), SEALER)
    assert [record.sequence for record in found.records] == ["7"]
    assert found.unreadable == []


def test_the_last_call_of_a_window_brings_nothing() -> None:
    assert parse_stream(batch() | {"isFinalInvokeForWindow": True}, SEALER) == ([], [])


def test_without_a_shard_the_remedy_is_named() -> None:
    plain = batch(record())
    del plain["shardId"]
    with pytest.raises(ConfigurationError, match="set TumblingWindowInSeconds"):
        parse_stream(plain, SEALER)


def test_an_event_of_another_version_is_a_letter_that_quotes_nothing() -> None:
    strange = record("8", event='{"item_id": "secretly-read"}')
    imageless = record("9", sk="E#e2")
    del imageless["dynamodb"]["NewImage"]
    found = parse_stream(batch(record("7"), strange, imageless), SEALER)
    # The others of the batch are there, and the letters say where those two lie and what to do
    assert [record.sequence for record in found.records] == ["7"]
    assert [(u.tenant, u.user, u.identity, u.sequence) for u in found.unreadable] == [
        ("acme", "5eed", "e1", "8"),
        ("acme", "5eed", "e2", "9"),
    ]
    assert all("same version" in letter.reason and not letter.counted for letter in found.unreadable)
    assert "secretly-read" not in repr(found.unreadable)
