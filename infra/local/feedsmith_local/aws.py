"""AWS in this process: moto, filled with the resources that template.yaml describes."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws
from moto.dynamodb.models import dynamodb_backends

from feedsmith.errors import ConfigurationError
from feedsmith_local import moto_repairs
from feedsmith_local.template import Template

ACCOUNT = "123456789012"
REGION = "us-east-1"
STACK = "feedsmith-local"
PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": STACK,
}
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_SESSION_TOKEN": "local",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
}

Attributes = dict[str, str]
"""What a resource answers to ``GetAtt``, and to ``Ref`` under the empty name."""


class LocalAws:
    """moto, from entering to leaving, with the template's resources made when they are first asked for.

    Every AWS client of the process, in any thread, gets moto's answers meanwhile; none reaches AWS.
    """

    def __init__(self, template: Template) -> None:
        self._template = template
        self._made: dict[str, Attributes] = {}
        self._cleanup = ExitStack()

    def __enter__(self) -> LocalAws:
        with ExitStack() as undo:
            undo.enter_context(patch.dict(os.environ, _CREDENTIALS))
            for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
                os.environ.pop(name, None)
            undo.enter_context(mock_aws())
            undo.enter_context(moto_repairs.repaired())
            self._cleanup = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return boto3.client(service, region_name=REGION)

    def create_all(self) -> None:
        """Make every resource of a kind that functions use; the others (roles, alarms, layers) mean nothing here."""
        for name, resource in self._template.resources.items():
            if resource["Type"] in self._makers():
                self.refer(name, "")

    def refer(self, name: str, attribute: str | None) -> str:
        """Value of a resource's ``Ref`` or ``GetAtt``.

        Raises
        ------
        ConfigurationError
            The local stack makes no such resource, or it has no such attribute.
        """
        if name not in self._made:
            resource = self._template.resources.get(name, {"Type": "no resource"})
            maker = self._makers().get(resource["Type"])
            if maker is None:
                raise ConfigurationError(f"{name} ({resource['Type']}) is asked for, but the local stack makes none")
            self._made[name] = maker(name, self._template.evaluate(resource.get("Properties", {}), self.refer))
        try:
            return self._made[name][attribute or ""]
        except KeyError:
            known = ", ".join(sorted(filter(None, self._made[name])))
            raise ConfigurationError(f"{name} has no attribute {attribute}; the local stack knows {known}") from None

    def stream(self, table: str) -> TableStream:
        """The change stream of a table, by logical id."""
        return TableStream(self.refer(table, None), self.refer(table, "StreamArn"))

    def notify(self, bucket: str, queue: str, events: list[str], rules: Mapping[str, Any] | None) -> str:
        """Send a bucket's events to a new queue of that name, as S3 would send them to a function; returns its URL."""
        made = self._queue(queue, {})
        target = {"QueueArn": made["Arn"], "Events": events} | ({"Filter": _filter(rules)} if rules else {})
        self.client("s3").put_bucket_notification_configuration(
            Bucket=self.refer(bucket, None), NotificationConfiguration={"QueueConfigurations": [target]}
        )
        return made[""]

    # -- one resource type each ------------------------------------------------------------------------------

    def _makers(self) -> dict[str, Callable[[str, dict[str, Any]], Attributes]]:
        return {
            "AWS::DynamoDB::Table": self._table,
            "AWS::KMS::Key": self._key,
            "AWS::S3::Bucket": self._bucket,
            "AWS::SQS::Queue": self._queue,
            "AWS::SecretsManager::Secret": self._secret,
        }

    def _table(self, name: str, properties: dict[str, Any]) -> Attributes:
        passed = ("AttributeDefinitions", "KeySchema", "BillingMode", "LocalSecondaryIndexes", "GlobalSecondaryIndexes")
        request = {key: properties[key] for key in passed if key in properties}
        if "StreamSpecification" in properties:
            request["StreamSpecification"] = {"StreamEnabled": True, **properties["StreamSpecification"]}
        table = properties.get("TableName", f"{STACK}-{name}")
        dynamodb = self.client("dynamodb")
        made = dynamodb.create_table(TableName=table, **request)["TableDescription"]
        if "TimeToLiveSpecification" in properties:
            dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=properties["TimeToLiveSpecification"])
        return {"": table, "Arn": made["TableArn"], "StreamArn": made.get("LatestStreamArn", "")}

    def _bucket(self, name: str, properties: dict[str, Any]) -> Attributes:
        bucket = properties.get("BucketName", f"{STACK}-{name}".lower())
        s3 = self.client("s3")
        s3.create_bucket(Bucket=bucket)
        if "VersioningConfiguration" in properties:
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=properties["VersioningConfiguration"])
        return {"": bucket, "Arn": f"arn:aws:s3:::{bucket}"}

    def _queue(self, name: str, properties: dict[str, Any]) -> Attributes:
        passed = ("VisibilityTimeout", "MessageRetentionPeriod", "KmsMasterKeyId", "RedrivePolicy", "DelaySeconds")
        attributes = {key: _text(properties[key]) for key in passed if key in properties}
        queue = properties.get("QueueName", f"{STACK}-{name}")
        url = self.client("sqs").create_queue(QueueName=queue, Attributes=attributes)["QueueUrl"]
        return {"": url, "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}", "QueueName": queue}

    def _key(self, _name: str, properties: dict[str, Any]) -> Attributes:
        passed = {key: properties[key] for key in ("Description", "KeySpec", "KeyUsage") if key in properties}
        made = self.client("kms").create_key(**passed)["KeyMetadata"]
        return {"": made["KeyId"], "Arn": made["Arn"], "KeyId": made["KeyId"]}

    def _secret(self, name: str, properties: dict[str, Any]) -> Attributes:
        secrets = self.client("secretsmanager")
        value = properties.get("SecretString")
        if value is None:
            value = secrets.get_random_password(**properties.get("GenerateSecretString", {}))["RandomPassword"]
        made = secrets.create_secret(Name=properties.get("Name", f"{STACK}-{name}"), SecretString=value)
        return {"": made["ARN"], "Id": made["ARN"]}


class TableStream:
    """A table's change records, read from moto's own list.

    The streams API in moto costs about 0.5 ms a record and keeps every iterator ever handed out; its list is read in
    microseconds, so that an idle reader may look often.
    """

    def __init__(self, table: str, arn: str) -> None:
        shard = dynamodb_backends[ACCOUNT][REGION].get_table(table).stream_shard
        if shard is None:
            raise ConfigurationError(f"table {table} has no stream: give it a StreamSpecification")
        self.arn = arn
        self.shard: str = shard.id
        self._shard = shard

    def read(self, after: int, limit: int) -> list[dict[str, Any]]:
        """Records number ``after`` to ``after + limit`` (exclusive, from 0), as Lambda hands them on."""
        return [self._as_lambda_gives(item.to_json()) for item in self._shard.items[after : after + limit]]

    def _as_lambda_gives(self, record: dict[str, Any]) -> dict[str, Any]:
        change = dict(record["dynamodb"])
        created: datetime = change["ApproximateCreationDateTime"]
        change["ApproximateCreationDateTime"] = created.replace(tzinfo=UTC).timestamp()  # moto's times are naive UTC
        whole = record | {"eventSourceARN": self.arn, "awsRegion": REGION, "dynamodb": change}
        given: dict[str, Any] = json.loads(json.dumps(whole, default=_base64))
        return given


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _text(value: Any) -> str:
    """SQS takes all attributes as text, nested ones as JSON."""
    return json.dumps(value) if isinstance(value, dict) else str(value)


def _filter(rules: Mapping[str, Any]) -> dict[str, Any]:
    """A bucket event's filter, from CloudFormation's spelling to the API's."""
    return {"Key": {"FilterRules": rules["S3Key"]["Rules"]}}
