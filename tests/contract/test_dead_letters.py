"""Dead letters in SQS and DynamoDB: noted by position, sent with their reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from feedsmith.errors import ConfigurationError, StoreUnavailable
from feedsmith.stores import aws
from feedsmith.stores.aws_letters import AwsDeadLetters
from feedsmith.stores.letters import DeadLetter, DeadLetters, decode_letter
from support.aws import create_ledger_table, mock_region
from support.ledger import FakeClock
from support.letters import InMemoryDeadLetters
from support.rights import sealer

LETTER = DeadLetter("acme", "5eed", "e1", "shard-1", "9", "of another version")
TABLE = "ledger"
SEALER = sealer()


@pytest.fixture
def queue() -> Iterator[tuple[Any, str]]:
    with mock_region():
        sqs = aws.client("sqs")
        yield sqs, sqs.create_queue(QueueName="dead")["QueueUrl"]


@pytest.fixture(params=["aws", "memory"])
def letters(request: pytest.FixtureRequest, queue: tuple[Any, str]) -> DeadLetters:
    if request.param == "memory":
        return InMemoryDeadLetters()
    return on_aws(queue)


def on_aws(queue: tuple[Any, str]) -> AwsDeadLetters:
    dynamodb = aws.client("dynamodb")
    create_ledger_table(dynamodb, TABLE)
    return AwsDeadLetters(dynamodb, TABLE, *queue, SEALER, clock=FakeClock())


def test_positions_are_noted_in_the_order_of_numbers(letters: DeadLetters) -> None:
    places = ["9", "10", "4421584500000000017450439091", "4421584500000000017450439092"]
    letters.note([replace(LETTER, sequence=place, reason=f"at {place}") for place in places])
    letters.note([replace(LETTER, shard="shard-2", sequence="11")])
    assert letters.noted("shard-1", "10", places[2]) == {"10": "at 10", places[2]: f"at {places[2]}"}
    assert letters.noted("shard-1", "9", "9") == {"9": "at 9"}
    assert letters.noted("shard-1", "11", "12") == {}
    # Again changes nothing
    letters.note([replace(LETTER, sequence="10", reason="at 10")])
    assert letters.noted("shard-1", "10", "10") == {"10": "at 10"}


def test_letters_arrive_with_their_reason_and_without_their_reader(queue: tuple[Any, str]) -> None:
    sqs, url = queue
    letters = on_aws(queue)
    sent = [replace(LETTER, sequence=str(n), counted=n % 2 == 0) for n in range(12)]
    letters.send(sent)
    found = [
        message
        for _ in range(2)
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    ]
    assert sorted((decode_letter(m["Body"], SEALER) for m in found), key=lambda x: int(x.sequence)) == sent
    assert all(LETTER.reason in message["Body"] for message in found)
    assert not any(LETTER.user in message["Body"] for message in found)


def test_a_queue_that_is_not_there_names_its_setting(queue: tuple[Any, str]) -> None:
    sqs, url = queue
    letters = on_aws((sqs, url + "-gone"))
    with pytest.raises(ConfigurationError, match="FEEDSMITH_PROFILES_DEAD_LETTER_QUEUE_URL"):
        letters.send([LETTER])


def test_a_message_that_is_no_letter_quotes_nothing() -> None:
    with pytest.raises(ConfigurationError, match="dead letter of another form") as raised:
        decode_letter('{"secret": 1}', SEALER)
    assert "secret" not in repr(raised.value)
    assert raised.value.__context__ is None


def test_a_queue_that_is_down_may_be_asked_again() -> None:
    letters = InMemoryDeadLetters()
    letters.down = True
    with pytest.raises(StoreUnavailable):
        letters.send([LETTER])
