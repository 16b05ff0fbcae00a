from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.config import Config
from botocore.session import get_session
from botocore.stub import Stubber

from contract.ledger_contract import DAY, NOON, LedgerContract, RightsContract, event
from feedsmith.errors import ConfigurationError, StoreUnavailable
from feedsmith.stores import aws
from feedsmith.stores.dynamodb import DynamoLedger
from feedsmith.stores.keyring import Keyring
from feedsmith.stores.ledger import Counter, Spending
from feedsmith.stores.streams import parse_stream
from support.aws import REGION, create_ledger_table, mock_region, no_pause
from support.ledger import FakeClock
from support.rights import sealer

TABLE = "ledger"
SEALER = sealer()


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with mock_region():
        yield aws.client("dynamodb")


@pytest.fixture
def client(dynamodb: Any) -> Iterator[Any]:
    create_ledger_table(dynamodb, TABLE)
    yield dynamodb
    dynamodb.delete_table(TableName=TABLE)


class Interposed:
    """A client of which one call is answered by ``calls`` instead."""

    def __init__(self, client: Any, **calls: Any) -> None:
        self._client = client
        self.__dict__.update(calls)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class TestDynamoLedger(LedgerContract):
    @pytest.fixture
    def ledger(self, client: Any, clock: FakeClock) -> DynamoLedger:
        return DynamoLedger(client, TABLE, SEALER, clock)

    # -- what lies in the table ------------------------------------------------------------------------------

    def test_all_of_a_user_lies_under_one_key_and_the_callers_user_id_nowhere(
        self, ledger: DynamoLedger, client: Any
    ) -> None:
        # GIVEN everything that is ever written about a user
        ledger.append("acme", "5eed", event("a"))
        ledger.append("acme", "5eed", event("a", "impression"))
        ledger.next_revision("acme", "5eed")
        ledger.cache_text("acme", "abc", "for you", expires_at=NOON + timedelta(days=1), user="5eed")
        # THEN one query finds it all
        records = client.scan(TableName=TABLE)["Items"]
        assert {record["pk"]["S"] for record in records} == {"acme#U#5eed"}
        assert len(records) == 4
        assert "ann@example.com" not in json.dumps(records)

    def test_a_text_carries_its_end_in_unix_seconds(self, ledger: DynamoLedger, client: Any) -> None:
        ledger.cache_text("acme", "abc", "shared", expires_at=NOON, user=None)
        ttl = client.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]
        assert ttl == {"AttributeName": "expires_at", "TimeToLiveStatus": "ENABLED"}
        (record,) = client.scan(TableName=TABLE)["Items"]
        assert record["pk"] == {"S": "acme#T#ab"}
        assert record["expires_at"] == {"N": "1772366400"}  # date -u -d 2026-03-01T12:00Z +%s

    def test_what_a_day_took_goes_after_a_month(self, ledger: DynamoLedger, client: Any) -> None:
        ledger.spend("acme", DAY, Spending(7, 1_500_000))
        (record,) = client.scan(TableName=TABLE)["Items"]
        assert (record["pk"], record["tokens"], record["cost"]) == (
            {"S": "acme#SPENT#2026-03-01"}, {"N": "7"}, {"N": "1500000"},
        )  # fmt: skip
        assert record["expires_at"] == {"N": "1775347200"}  # date -u -d 2026-04-05 +%s, 35 days later

    def test_an_event_of_another_version_hides_no_other(self, ledger: DynamoLedger, client: Any) -> None:
        # GIVEN an event as a later version might write it, and one of ours
        ledger.append("acme", "u1", event("a", key="e1"))
        ledger.append("acme", "u1", event("b", key="e2"))
        key = {"pk": {"S": "acme#U#u1"}, "sk": {"S": "E#e1"}}
        strange = {":new": {"S": '{"colour": "secret-blue"}'}}
        client.update_item(
            TableName=TABLE, Key=key, UpdateExpression="SET event = :new", ExpressionAttributeValues=strange
        )
        # THEN the other one is there, and this one says what to do when it is asked for
        assert [found.item_id for found in ledger.history("acme", "u1", 10)] == ["b"]
        with pytest.raises(ConfigurationError, match="same version") as raised:
            ledger.event("acme", "u1", "e1")
        assert "secret-blue" not in repr(raised.value)
        assert raised.value.__context__ is None

    def test_the_tables_stream_brings_back_the_events(self, ledger: DynamoLedger, client: Any) -> None:
        # GIVEN events among other writes
        clicked, shown = event("a", key="e1", value=0.1), event("b", "impression")
        ledger.next_revision("acme", "u1")
        ledger.append("acme", "u1", clicked)
        ledger.append("acme", "u1", clicked)
        ledger.save_counter("acme", "a", Counter({"click": 1}))
        ledger.append("acme", "u2", shown)
        # WHEN the stream's records go through the parser
        records, unreadable = parse_stream({"Records": self._stream(client), "shardId": "shardId-0001"}, SEALER)
        assert not unreadable
        # THEN exactly the events come out, in order
        assert [(record.tenant, record.user, record.event) for record in records] == [
            ("acme", "u1", clicked.model_copy(update={"user_id": "u1"})),
            ("acme", "u2", shown.model_copy(update={"user_id": "u2"})),
        ]

    @staticmethod
    def _stream(client: Any) -> list[dict[str, Any]]:
        streams = aws.client("dynamodbstreams")
        arn = client.describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
        (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        records: list[dict[str, Any]] = streams.get_records(ShardIterator=iterator)["Records"]
        return records

    # -- answers in parts ------------------------------------------------------------------------------------

    def test_answers_in_pages_are_read_to_the_end(self, client: Any) -> None:
        def query(**request: Any) -> Any:
            return client.query(**request | {"Limit": 2})

        ledger = DynamoLedger(Interposed(client, query=query), TABLE, SEALER)
        for number in range(5):
            ledger.append("acme", "u1", event(f"item-{number}", at=NOON + timedelta(seconds=number)))
            ledger.finish_chunk("acme", "i1", number, indexed=1, unchanged=0, rejected=0)
        ledger.create_ingestion("acme", "i1", "source")
        assert [kept.item_id for kept in ledger.history("acme", "u1", 3)] == ["item-4", "item-3", "item-2"]
        assert len(ledger.history("acme", "u1", 10)) == 5
        found = ledger.ingestion("acme", "i1")
        assert found is not None
        assert found.indexed == 5

    def test_a_walk_over_all_events_goes_on_page_by_page(self, client: Any) -> None:
        def scan(**request: Any) -> Any:
            return client.scan(**request | {"Limit": 2})

        ledger = DynamoLedger(Interposed(client, scan=scan), TABLE, SEALER)
        for number in range(5):
            ledger.append("acme", f"u{number}", event(f"item-{number}", "impression"))
            ledger.next_revision("acme", f"u{number}")
        assert sorted(user for user, _ in ledger.events("acme")) == ["u0", "u1", "u2", "u3", "u4"]

    def test_keys_that_were_left_unprocessed_are_asked_again(
        self, client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        no_pause(monkeypatch)

        # GIVEN a table that answers three keys of a request and leaves the rest
        def batch_get_item(RequestItems: Any) -> Any:  # noqa: N803 - AWS's name
            keys = RequestItems[TABLE]["Keys"]
            answer = client.batch_get_item(RequestItems={TABLE: {"Keys": keys[:3]}})
            return answer | {"UnprocessedKeys": {TABLE: {"Keys": keys[3:]}} if keys[3:] else {}}

        ledger = DynamoLedger(Interposed(client, batch_get_item=batch_get_item), TABLE, SEALER)
        names = [f"item-{number}" for number in range(16)]
        for name in names:
            ledger.save_counter("acme", name, Counter({"click": 1}))
        # THEN five requests bring 15 counters
        assert sorted(ledger.counters("acme", names[:15])) == sorted(names[:15])
        # AND the one that is left over after five is an error, not a counter that starts again from nothing
        with pytest.raises(StoreUnavailable, match=r"'ledger' left 1 of 16 keys unread.*try again"):
            ledger.counters("acme", names)

    # -- errors ----------------------------------------------------------------------------------------------

    def test_an_absent_table_names_its_setting(self, client: Any) -> None:
        with pytest.raises(ConfigurationError, match=r"'typo'.*FEEDSMITH_TABLE"):
            DynamoLedger(client, "typo", SEALER).ping()

    @pytest.mark.parametrize(
        ("code", "error"),
        [
            ("ThrottlingException", StoreUnavailable),
            ("ProvisionedThroughputExceededException", StoreUnavailable),
            ("InternalServerError", StoreUnavailable),
            ("ValidationException", ConfigurationError),
            ("AccessDeniedException", ConfigurationError),
            ("ExpiredTokenException", ConfigurationError),
        ],
    )
    def test_a_refusal_is_named_without_the_key(self, client: Any, code: str, error: type[Exception]) -> None:
        with Stubber(client) as stubber:
            stubber.add_client_error("update_item", code, "One of acme#U#5eed is too much")
            with pytest.raises(error, match=f"DynamoDB table 'ledger' answered {code} to UpdateItem: ") as raised:
                DynamoLedger(client, TABLE, SEALER).next_revision("acme", "5eed")
        assert "5eed" not in str(raised.value)

    def test_a_table_that_cannot_be_reached_may_be_asked_again(self) -> None:
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
        unreachable = get_session().create_client(
            "dynamodb", region_name=REGION, endpoint_url="http://127.0.0.1:9", config=config,
            aws_access_key_id="id", aws_secret_access_key="key",
        )  # fmt: skip
        with pytest.raises(StoreUnavailable, match=r"cannot be reached \(EndpointConnectionError\): try again"):
            DynamoLedger(unreachable, TABLE, SEALER).append("acme", "u1", event("a"))


class TestDynamoRights(RightsContract):
    @pytest.fixture
    def keyring(self) -> Keyring:
        return sealer()

    @pytest.fixture
    def ledger(self, client: Any, clock: FakeClock, keyring: Keyring) -> DynamoLedger:
        return DynamoLedger(client, TABLE, keyring, clock)

    def test_what_somebody_read_is_not_in_the_table(self, full: DynamoLedger, client: Any) -> None:
        records = client.scan(TableName=TABLE)["Items"]
        assert "item-1" not in json.dumps(records)

    def test_a_sealed_event_is_of_no_use_under_another_user(self, full: DynamoLedger, client: Any) -> None:
        moved = client.get_item(TableName=TABLE, Key={"pk": {"S": "acme#U#u1"}, "sk": {"S": "E#e1"}})["Item"]
        client.put_item(TableName=TABLE, Item=moved | {"pk": {"S": "acme#U#u2"}})
        assert [event.item_id for event in full.history("acme", "u2", 10)] == ["item-0"]

    def test_resealing_leaves_the_events_and_needs_the_old_key_no_more(
        self, full: DynamoLedger, client: Any, keyring: Keyring
    ) -> None:
        keyring.rotate("acme")
        assert full.reseal("acme") == 4
        assert full.reseal("acme") == 0
        records = client.scan(TableName=TABLE)["Items"]
        versions = {r["event"]["S"].partition(".")[0] for r in records if "event" in r and "acme" in r["pk"]["S"]}
        assert versions == {"2"}
        assert len(full.history("acme", "u1", 10)) == 3
