"""The template's stores in moto's server, on this machine, and the environment that the template gives functions."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3
from moto.server import ThreadedMotoServer

from artefacts.events import dynamodb_stream, sqs
from artefacts.layout import Artefact, built_template
from feedsmith.stores.records import wrap
from feedsmith_local.cloudformation import Evaluator

_REGION = "eu-west-1"
_PARAMETERS = {
    "AWS::AccountId": "123456789012",
    "AWS::Region": _REGION,
    "AWS::StackName": "feedsmith",
    # No server: the functions fall back to the folder.
    "QdrantUrl": "",
}
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_SESSION_TOKEN": "testing"}


class Cloud:
    """A context manager; the vector store is a folder, which one function at a time may hold.

    Parameters
    ----------
    build_dir
        Usually ``.aws-sam/build``.
    vectors
        Folder of Qdrant Edge, in place of a Qdrant server.
    """

    def __init__(self, build_dir: Path, vectors: Path) -> None:
        self._template = built_template(build_dir)
        self._evaluate = Evaluator(self._template, _PARAMETERS)
        self._vectors = vectors
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._made: dict[str, str] = {}

    def __enter__(self) -> Cloud:
        # moto's server would log each request.
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self._endpoint = f"http://{host}:{port}"
        # moto's state is the process's, whichever server or test made it.
        urlopen(f"{self._endpoint}/moto-api/reset", data=b"").close()  # noqa: S310  this machine's own server  # nosec B310
        self.s3, self.sqs = self._client("s3"), self._client("sqs")
        self.dynamodb, self._streams = self._client("dynamodb"), self._client("dynamodbstreams")
        self._create()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.stop()

    def environment(self, artefact: Artefact, **more: str) -> dict[str, str]:
        """What the template sets for a function, with credentials for moto, and ``more``."""
        written = self._template["Globals"]["Function"]["Environment"]["Variables"]
        variables: dict[str, str] = self._evaluate(written, self._refer)
        local = {"AWS_ENDPOINT_URL": self._endpoint, "FEEDSMITH_VECTORS_PATH": str(self._vectors)}
        if artefact.models is not None:
            local["FEEDSMITH_MODELS_PATH"] = str(artefact.models)
        return variables | _CREDENTIALS | local | more

    def upload(self, key: str, body: bytes) -> tuple[str, str]:
        """Put an object into the uploads bucket; returns the bucket and the object's version."""
        bucket = self._bucket("UploadsBucket")
        return bucket, self.s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]

    def chunks(self) -> dict[str, Any]:
        """The SQS event of what waits in the chunk queue."""
        url = self._made["ChunkQueue"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        messages = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return sqs(messages, attributes["QueueArn"])

    def changes(self) -> dict[str, Any]:
        """The stream event of all that was ever written to the ledger."""
        arn = self.dynamodb.describe_table(TableName=self._made["LedgerTable"])["Table"]["LatestStreamArn"]
        shard = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        start = self._streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        records = self._streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
        return dynamodb_stream(records, arn, shard)

    def put_record(self, record: dict[str, str | int]) -> None:
        """Write straight into the ledger."""
        self.dynamodb.put_item(TableName=self._made["LedgerTable"], Item=wrap(record))

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._endpoint,
            region_name=_REGION,
            aws_access_key_id=_CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )

    def _create(self) -> None:
        for bucket in map(self._bucket, ("UploadsBucket", "WorkBucket", "ModelsBucket")):
            where = {"LocationConstraint": _REGION}
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        self.s3.put_bucket_versioning(
            Bucket=self._bucket("UploadsBucket"), VersioningConfiguration={"Status": "Enabled"}
        )
        secrets = self._client("secretsmanager")
        table = self._template["Resources"]["LedgerTable"]["Properties"]
        self.dynamodb.create_table(
            TableName="ledger",
            StreamSpecification={"StreamEnabled": True, **table["StreamSpecification"]},
            **{
                name: table[name]
                for name in ("AttributeDefinitions", "BillingMode", "KeySchema", "LocalSecondaryIndexes")
            },
        )
        self._made = {"LedgerTable": "ledger"}
        for name, resource in self._template["Resources"].items():
            if resource["Type"] == "AWS::SQS::Queue":
                self._made[name] = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        name = "QdrantApiKey"
        self._made[name] = secrets.create_secret(Name=name, SecretString=f"the {name} of this test")["ARN"]
        kms = self._client("kms")
        self._made["TenantKey"] = kms.create_key()["KeyMetadata"]["KeyId"]
        signing = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        self._made["ProofKey"] = signing["KeyMetadata"]["KeyId"]

    def _bucket(self, name: str) -> str:
        return str(self._evaluate(self._template["Resources"][name]["Properties"]["BucketName"], self._refer))

    def _refer(self, resource: str, _attribute: str | None) -> str:
        return self._made[resource]
