from __future__ import annotations

import os
import sys
import threading

import boto3
import pytest
from botocore.exceptions import ClientError

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
