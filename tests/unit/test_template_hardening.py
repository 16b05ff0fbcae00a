"""Rules that every resource of the templates keeps, so that a new one keeps them too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from feedsmith_local import cloudformation

ROOT = Path(__file__).resolve().parents[2]
DATA_KEY = ({"Fn::GetAtt": "DataKey.Arn"}, {"Ref": "DataKeyArn"})
TEMPLATES = [cloudformation.read(path) for path in (ROOT / "infra" / "image" / "template.yaml", ROOT / "template.yaml")]
EVERY: list[tuple[str, dict[str, Any]]] = [entry for template in TEMPLATES for entry in template["Resources"].items()]
RESOURCES = dict(EVERY)  # of two with a name, the main stack's

# Where a resource of a type says with which key it encrypts what it holds.
ENCRYPTED: dict[str, tuple[str | int, ...]] = {
    "AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::S3::Bucket": (
        "BucketEncryption", "ServerSideEncryptionConfiguration", 0, "ServerSideEncryptionByDefault", "KMSMasterKeyID",
    ),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
    "AWS::SecretsManager::Secret": ("KmsKeyId",),
}  # fmt: skip
# What holds nothing of a tenant, a reader or a caller.
HOLDS_NOTHING = {
    "AWS::ApiGateway::UsagePlan",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::Events::Rule",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Serverless::Api",
    "AWS::Serverless::Function",
    "AWS::Serverless::LayerVersion",
}
# What cannot be made again when it is gone, nor what it opens be opened.
KEPT = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key")


def named(*kinds: str) -> list[str]:
    return [name for name, resource in RESOURCES.items() if resource["Type"] in kinds]


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = RESOURCES[name].get("Properties", {})
    return found


def many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def allowed() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each statement that lets a function or a role do something, with who holds it."""
    for name in named("AWS::IAM::ManagedPolicy"):
        yield from ((name, statement) for statement in properties(name)["PolicyDocument"]["Statement"])
    for name in named("AWS::Serverless::Function"):
        for policy in properties(name).get("Policies", ()):
            yield from ((name, statement) for statement in policy.get("Statement", ()))


def test_all_that_holds_something_is_known() -> None:
    assert {resource["Type"] for _, resource in EVERY} <= ENCRYPTED.keys() | HOLDS_NOTHING


@pytest.mark.parametrize(("name", "resource"), [entry for entry in EVERY if entry[1]["Type"] in ENCRYPTED])
def test_what_holds_something_encrypts_it_with_the_stack_s_key(name: str, resource: dict[str, Any]) -> None:
    value: Any = resource["Properties"]
    for step in ENCRYPTED[resource["Type"]]:
        value = value[step]

    assert value in DATA_KEY, name


@pytest.mark.parametrize("name", named("AWS::S3::Bucket", "AWS::SQS::Queue"))
def test_buckets_and_queues_are_reached_by_tls_alone(name: str) -> None:
    (policy,) = (
        properties(policy)["PolicyDocument"]["Statement"]
        for policy in named("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy")
        if {"Ref": name} in (properties(policy).get("Bucket"), *properties(policy).get("Queues", ()))
    )
    statement = policy[0]

    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Action"] in ("s3:*", "sqs:*")
    assert {"Fn::GetAtt": f"{name}.Arn"} in many(statement["Resource"])
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("name", named(*KEPT))
def test_data_and_keys_outlive_the_stack(name: str) -> None:
    assert RESOURCES[name]["DeletionPolicy"] in ("Retain", "RetainExceptOnCreate")
    assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("name", named("AWS::DynamoDB::Table"))
def test_a_table_can_be_restored_and_is_not_deleted_by_mistake(name: str) -> None:
    assert properties(name)["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties(name)["DeletionProtectionEnabled"] is True


@pytest.mark.parametrize("name", named("AWS::KMS::Key"))
def test_keys_rotate_where_they_can(name: str) -> None:
    key = properties(name)

    assert key.get("EnableKeyRotation") is True or key["KeyUsage"] == "SIGN_VERIFY"  # KMS rotates no signing keys


def test_nobody_may_do_everything_or_reach_everything() -> None:
    for holder, statement in allowed():
        assert statement["Effect"] == "Allow"
        for action in many(statement["Action"]):
            assert "*" not in action, (holder, action)
        for resource in many(statement["Resource"]):
            assert resource != "*", holder


def test_who_may_do_what_to_the_ledger() -> None:
    held: dict[str, set[str]] = {}
    for name in named("AWS::Serverless::Function"):
        own = [policy for policy in properties(name).get("Policies", ()) if "Statement" in policy]
        by_name = [policy["Ref"] for policy in properties(name).get("Policies", ()) if "Ref" in policy]
        statements = [s for policy in own for s in policy["Statement"]]
        statements += [s for ref in by_name for s in properties(ref)["PolicyDocument"]["Statement"]]
        actions = {action for statement in statements for action in many(statement["Action"])}
        held[name] = {action.removeprefix("dynamodb:") for action in actions if action.startswith("dynamodb:")}

    read, write = {"BatchGetItem", "GetItem", "Query"}, {"PutItem", "UpdateItem"}
    erase = {"BatchWriteItem", "DeleteItem"}
    assert held == {
        "ConsoleFunction": set(),
        "AuthorizerFunction": {"GetItem"},
        "SegmentsFunction": read,
        "InsightFunction": read | {"Scan"},
        "TrainingFunction": {"GetItem", "Query", "Scan"},
        "PlanFunction": read | write,
        "ChunkFunction": read | write,
        "ChunkImageFunction": read | write,
        "PrewriteFunction": read | write,
        "ApiFunction": read | write | erase,
        "ProfilesFunction": read | write | erase,
        "SweepFunction": read | write | erase,
    }


def test_no_function_has_an_address_of_its_own() -> None:
    assert not [name for name in named("AWS::Serverless::Function") if "FunctionUrlConfig" in properties(name)]


def test_the_api_is_throttled_and_keeps_nothing_of_who_reads_what() -> None:
    api = properties("Api")
    settings = {(entry["HttpMethod"], entry["ResourcePath"]): entry for entry in api["MethodSettings"]}

    assert {"ThrottlingRateLimit", "ThrottlingBurstLimit"} <= settings["*", "/*"].keys()
    for entry in settings.values():  # logs of executions have paths and bodies in them, traces have URLs
        assert not entry.keys() & {"DataTraceEnabled", "LoggingLevel"}
    assert "TracingEnabled" not in api
    _, log, _ = api["AccessLogSetting"]["Fn::If"]
    assert "$context.resourcePath" in log["Format"]
    for telling in ("$context.path", "$context.identity", "$context.authorizer", "$context.requestOverride"):
        assert telling not in log["Format"]


def test_qdrant_is_reached_by_tls_alone() -> None:
    for template in TEMPLATES:
        assert template["Parameters"]["QdrantUrl"]["AllowedPattern"].startswith("^https://")
