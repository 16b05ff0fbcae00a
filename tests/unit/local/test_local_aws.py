from __future__ import annotations

import os
import sys
import threading
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models.table import Table

from feedsmith.errors import ConfigurationError
from feedsmith_local.aws import LocalAws
from feedsmith_local.template import Template


def test_resources_are_made_as_the_template_says(aws: LocalAws) -> None:
    aws.create_all()

    table = aws.client("dynamodb").describe_table(TableName=aws.refer("Table", None))["Table"]
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    assert table["LatestStreamArn"] == aws.refer("Table", "StreamArn")
    bucket = aws.refer("Uploads", None)
    assert bucket == "feedsmith-local-uploads-123456789012"
    assert aws.client("s3").get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=aws.refer("Queue", None), AttributeNames=["All"])
    assert attributes["Attributes"]["VisibilityTimeout"] == "1800"
    assert attributes["Attributes"]["KmsMasterKeyId"] == aws.refer("Key", "Arn")
    assert aws.refer("DeadQueue", "Arn") in attributes["Attributes"]["RedrivePolicy"]
    secret = aws.client("secretsmanager").get_secret_value(SecretId=aws.refer("Secret", None))["SecretString"]
    assert len(secret) == 40
    assert secret.isalnum()
    assert len(aws.client("sqs").list_queues()["QueueUrls"]) == 2  # OtherQueue's condition does not hold


@pytest.mark.parametrize(
    ("name", "attribute", "said"),
    [("Role", None, "AWS::IAM::ManagedPolicy"), ("Nothing", None, "no resource"), ("Queue", "Color", "Color")],
)
def test_what_is_not_there_is_named(aws: LocalAws, name: str, attribute: str | None, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        aws.refer(name, attribute)


def test_the_environment_is_given_back(template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    before = dict(os.environ)

    with LocalAws(template):
        assert "AWS_PROFILE" not in os.environ
        os.environ["SET_MEANWHILE"] = "x"

    assert dict(os.environ) == before


def test_a_conditional_write_is_won_once_whoever_races(aws: LocalAws) -> None:
    """moto alone lets several threads pass the same condition; DynamoDB never does."""
    table, rounds, threads = aws.refer("Table", None), 30, 4
    client = boto3.client("dynamodb")
    won: list[int] = []

    def race(barrier: threading.Barrier) -> None:
        for number in range(rounds):
            barrier.wait()
            item = {"pk": {"S": "p"}, "sk": {"S": str(number)}}
            try:
                client.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(pk)")
            except ClientError:
                continue
            won.append(number)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        barrier = threading.Barrier(threads)
        racers = [threading.Thread(target=race, args=(barrier,)) for _ in range(threads)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()
    finally:
        sys.setswitchinterval(interval)

    assert sorted(won) == list(range(rounds))


def test_a_query_answers_from_the_table_or_any_index(aws: LocalAws) -> None:
    table, client = aws.refer("Table", None), aws.client("dynamodb")
    for pk, sk, at, color in (
        ("p", "1", "c", "red"),
        ("p", "2", "a", "blue"),
        ("p", "3", "b", "red"),
        ("q", "4", "d", "red"),
    ):
        item = {"pk": {"S": pk}, "sk": {"S": sk}, "at": {"S": at}, "color": {"S": color}}
        client.put_item(TableName=table, Item=item)

    def found(condition: str, value: str, **options: Any) -> str:
        values = {":v": {"S": value}}
        answer = client.query(
            TableName=table, KeyConditionExpression=condition, ExpressionAttributeValues=values, **options
        )
        return "".join(item["sk"]["S"] for item in answer["Items"])

    assert found("pk = :v", "p") == "123"
    assert found("pk = :v", "p", Limit=2, ScanIndexForward=False) == "32"
    assert found("pk = :v", "p", IndexName="by_time", ConsistentRead=True) == "231"  # at a, b, c
    assert found("pk = :v", "nobody") == ""
    assert found("pk = :v", "nobody", IndexName="by_time") == ""
    assert set(found("color = :v", "red", IndexName="by_color")) == set("134")
    assert client.scan(TableName=table)["Count"] == 4


def test_a_query_does_not_slow_down_with_the_rest_of_the_table(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    table, client = aws.refer("Table", None), aws.client("dynamodb")
    for number in range(40):
        client.put_item(TableName=table, Item={"pk": {"S": f"p{number % 20}"}, "sk": {"S": str(number)}})
    looked_at: list[int] = []
    all_items = Table.all_items
    monkeypatch.setattr(Table, "all_items", lambda self: (found := all_items(self), looked_at.append(len(found)))[0])

    client.query(TableName=table, KeyConditionExpression="pk = :v", ExpressionAttributeValues={":v": {"S": "p7"}})

    assert looked_at == [2]  # 7 and 27


def test_stream_records_have_the_shape_that_lambda_gives_them(aws: LocalAws) -> None:
    client, table = aws.client("dynamodb"), aws.refer("Table", None)
    stream = aws.stream("Table")
    key = {"pk": {"S": "p"}, "sk": {"S": "s"}}
    nested = {"m": {"M": {"l": {"L": [{"S": "a"}, {"BOOL": True}]}}}}
    client.put_item(TableName=table, Item={**key, "raw": {"B": b"\x00\x01"}, "n": {"N": "1.50"}, **nested})
    client.put_item(TableName=table, Item={**key, "n": {"N": "2"}})
    client.delete_item(TableName=table, Key=key)

    first, second, third = stream.read(0, 10)

    assert [record["eventName"] for record in (first, second, third)] == ["INSERT", "MODIFY", "REMOVE"]
    assert first["dynamodb"]["Keys"] == key
    assert first["dynamodb"]["NewImage"] == {
        **key,
        "raw": {"B": "AAE="},
        "n": {"N": "1.50"},
        **nested,
    }  # bytes as base64
    assert "OldImage" not in first["dynamodb"]
    assert second["dynamodb"]["OldImage"]["n"] == {"N": "1.50"}
    assert first["eventSourceARN"] == aws.refer("Table", "StreamArn")
    assert isinstance(first["dynamodb"]["ApproximateCreationDateTime"], float)
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in (first, second, third)]
    assert numbers == sorted(set(numbers))
    assert stream.read(2, 10) == [third]
    assert stream.read(3, 10) == []


def test_a_table_without_a_stream_says_so(folder, template: Template) -> None:  # type: ignore[no-untyped-def]
    path = folder / "template.yaml"
    path.write_text(path.read_text().replace("StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}", ""))

    with LocalAws(Template(path)) as aws, pytest.raises(ConfigurationError, match="StreamSpecification"):
        aws.stream("Table")
