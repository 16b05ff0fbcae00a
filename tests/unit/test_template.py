"""template.yaml says what the apps do: Chalice's own decorators deploy nothing under SAM."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from feedsmith.errors import Unauthorized
from feedsmith.settings import Settings
from feedsmith_local import cloudformation
from feedsmith_local.template import Template

ROOT = Path(__file__).resolve().parents[2]


RESOURCES: dict[str, Any] = cloudformation.read(ROOT / "template.yaml")["Resources"]


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: resource["Properties"] for name, resource in RESOURCES.items() if resource["Type"] == kind}


FUNCTIONS = of_type("AWS::Serverless::Function")
ROUTES = {
    (event["Properties"]["Method"], event["Properties"]["Path"]): event["Properties"]
    for function in FUNCTIONS.values()
    for event in function.get("Events", {}).values()
    if event["Type"] == "Api"
}


def handler(function: dict[str, Any]) -> Any:
    """What Lambda would call: the attribute of the module of its CodeUri."""
    module_name, _, attribute = function["Handler"].partition(".")
    path = ROOT / function["CodeUri"] / f"{module_name}.py"
    # Every function's module is called `app`, so each is loaded under a name of its own.
    spec = importlib.util.spec_from_file_location(f"handler_of_{path.parent.name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return getattr(module, attribute)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_handler_can_be_called(name: str) -> None:
    assert callable(handler(FUNCTIONS[name]))


def test_the_template_has_the_app_s_routes_and_no_others() -> None:
    apps = [handler(FUNCTIONS[name]) for name in ("ApiFunction", "ConsoleFunction")]

    served = [(method, path) for app in apps for path, methods in app.routes.items() for method in methods]
    assert sorted(ROUTES) == sorted(served)


def test_only_health_the_documentation_and_the_console_s_pages_need_no_key() -> None:
    # Routes without a setting of their own take the API's default authorizer.
    assert RESOURCES["Api"]["Properties"]["Auth"]["DefaultAuthorizer"]
    open_to_all = {path for (_, path), properties in ROUTES.items() if "Auth" in properties}

    pages = {"/openapi.json", "/docs", "/llms.txt", "/console", "/console/{name}"}
    assert open_to_all == {"/v1/health/live", "/v1/health/ready", *pages}


def test_every_dead_letter_queue_has_an_alarm() -> None:
    queues = {name for name in of_type("AWS::SQS::Queue") if name.endswith("DeadLetterQueue")}
    watched = {
        dimension["Value"]["Fn::GetAtt"].removesuffix(".QueueName")
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
        for dimension in alarm["Dimensions"]
        if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    }

    assert len(queues) == 3
    assert watched == queues


def test_a_chunk_stays_invisible_six_times_as_long_as_its_worker_may_run() -> None:
    worker, queue = FUNCTIONS["ChunkFunction"], RESOURCES["ChunkQueue"]["Properties"]

    assert queue["VisibilityTimeout"] >= 6 * worker["Timeout"]


def test_the_worker_knows_how_often_the_queue_delivers() -> None:
    redrive = RESOURCES["ChunkQueue"]["Properties"]["RedrivePolicy"]

    assert redrive["maxReceiveCount"] == Settings().chunk_deliveries


@pytest.mark.parametrize("name", [*FUNCTIONS])
def test_every_function_keeps_its_log_encrypted_and_for_a_time(name: str) -> None:
    group = FUNCTIONS[name]["LoggingConfig"]["LogGroup"]["Ref"]

    assert {"RetentionInDays", "KmsKeyId"} <= set(RESOURCES[group]["Properties"])


@pytest.mark.parametrize("name", of_type("AWS::S3::Bucket"))
def test_every_bucket_is_private_encrypted_and_reached_by_tls(name: str) -> None:
    bucket = RESOURCES[name]["Properties"]
    statements = [
        statement
        for policy in of_type("AWS::S3::BucketPolicy").values()
        if policy["Bucket"] == {"Ref": name}
        for statement in policy["PolicyDocument"]["Statement"]
    ]

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    rule = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]["ServerSideEncryptionByDefault"]
    assert rule["SSEAlgorithm"] == "aws:kms"
    assert statements[0]["Effect"] == "Deny"
    assert statements[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_api_may_read_trained_rankers_and_nobody_here_may_write_them() -> None:
    allowed = {
        action
        for policy in of_type("AWS::IAM::ManagedPolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if "-models-" in str(statement["Resource"])
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }

    assert allowed == {"s3:GetObject", "s3:ListBucket"}
    policy = {"Ref": "ModelsReadPolicy"}
    holders = [name for name, function in FUNCTIONS.items() if policy in function.get("Policies", [])]
    assert holders == ["ApiFunction"]


# -- texts ahead of their readers ----------------------------------------------------------------------------


def stack(**parameters: str) -> dict[str, Any]:
    """The resources of a stack with these parameters."""
    return Template(ROOT / "template.yaml", {"QdrantUrl": "http://qdrant:6333"} | parameters).resources


def test_nothing_is_written_ahead_unless_it_is_asked_for() -> None:
    plain = set(stack())
    one_by_one = set(stack(PrewriteItems="20"))
    batches = set(stack(PrewriteItems="20", PrewriteBatch="on", Writer="bedrock:amazon.nova-lite-v1:0"))

    assert not [name for name in plain if "Prewrite" in name or "Batch" in name or "Budget" in name]
    assert one_by_one - plain == {"PrewriteFunction", "PrewriteFunctionLogGroup", "PrewriteErrorAlarm"}
    assert batches - one_by_one == {
        "BedrockPolicy", "BatchEndRule", "BatchEndPermission", "PrewriteBatchRole", "PrewriteBatchPolicy",
        "PrewriteObjectsPolicy",
    }  # fmt: skip
    assert set(stack(WriterTokensPerDay="1")) - plain == {"BudgetAlarm"}
    assert set(stack(WriterCostPerDay="0.5")) - plain == {"BudgetAlarm"}


def test_a_batch_may_touch_its_own_objects_and_nothing_else() -> None:
    resources = stack(PrewriteItems="20", PrewriteBatch="on", Writer="bedrock:amazon.nova-lite-v1:0")
    objects, own = (
        resources[name]["Properties"]["PolicyDocument"]["Statement"]
        for name in ("PrewriteObjectsPolicy", "PrewriteBatchPolicy")
    )

    assert [str(s["Resource"]).endswith("/prewriting/*'}") for s in objects if "s3:PutObject" in s["Action"]] == [True]
    (passing,) = (s for s in own if s["Action"] == "iam:PassRole")
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}}
    assert not [s for s in (*objects, *own) if s["Resource"] == "*"]


# -- the image functions -------------------------------------------------------------------------------------

IMAGE = ROOT / "infra" / "image" / "template.yaml"
GIVEN = ("TableName", "UploadsBucketName", "WorkBucketName", "ModelsBucketName", "ChunkQueueArn", "DataKeyArn")


def image_functions(**parameters: str) -> dict[str, dict[str, Any]]:
    """The functions that a stack with these parameters has."""
    named = {name: f"the-{name}" for name in (*GIVEN, "QdrantApiKeySecret", "QdrantUrl")}
    resources = Template(IMAGE, named | parameters).resources
    return {name: r["Properties"] for name, r in resources.items() if r["Type"] == "AWS::Serverless::Function"}


def test_each_image_function_is_there_only_when_it_is_asked_for() -> None:
    assert set(image_functions()) == {"ChunkImageFunction"}
    assert set(image_functions(ChunkWorker="zip", Training="image")) == {"TrainingFunction"}
    assert set(image_functions(Training="image")) == {"ChunkImageFunction", "TrainingFunction"}


def test_the_image_has_what_its_functions_call() -> None:
    dockerfile = (IMAGE.parent / "Dockerfile").read_text()
    folder = {"CodeUri": "functions/training"}

    assert callable(handler({**folder, "Handler": "app.handler"}))
    assert 'CMD ["app.handler"]' in dockerfile
    (command,) = image_functions(Training="image")["TrainingFunction"]["ImageConfig"]["Command"]
    assert callable(handler({**folder, "Handler": command}))


def test_a_stack_that_trains_has_its_log_and_its_alarm() -> None:
    named = dict.fromkeys((*GIVEN, "QdrantApiKeySecret", "QdrantUrl"), "x")
    trains = Template(IMAGE, named | {"Training": "image", "AlarmEmail": "ops@example.com"}).resources
    only_indexes = Template(IMAGE, named | {"AlarmEmail": "ops@example.com"}).resources

    own = {"TrainingFunction", "TrainingFunctionLogGroup", "TrainingErrorAlarm", "AlarmTopic"}
    assert set(trains) - set(only_indexes) == own
    assert {"RetentionInDays", "KmsKeyId"} <= set(trains["TrainingFunctionLogGroup"]["Properties"])


def test_training_writes_models_and_nothing_else() -> None:
    (policy,) = image_functions(Training="image")["TrainingFunction"]["Policies"]
    written = {
        str(statement["Resource"])
        for statement in policy["Statement"]
        if any("Put" in action or "Update" in action or "Delete" in action for action in statement["Action"])
    }
    (models,) = written
    assert "${ModelsBucketName}/models/*" in models
    assert not [statement for statement in policy["Statement"] if "*" in statement["Action"]]


# -- who may call --------------------------------------------------------------------------------------------


def test_every_guarded_route_has_its_callers_rate_and_open_ones_need_no_key() -> None:
    api, plan = RESOURCES["Api"]["Properties"], RESOURCES["UsagePlan"]["Properties"]

    assert api["ApiKeySourceType"] == "AUTHORIZER"
    assert api["Auth"]["ApiKeyRequired"] is True
    assert plan["ApiStages"] == [{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Api.Stage"}}]
    for path, own in ((path, properties["Auth"]) for (_, path), properties in ROUTES.items() if "Auth" in properties):
        assert own == {"Authorizer": "NONE", "ApiKeyRequired": False}, path


def test_the_authorizer_reads_the_ledger_and_writes_nothing() -> None:
    (policy,) = FUNCTIONS["AuthorizerFunction"]["Policies"]

    assert [statement["Action"] for statement in policy["Statement"]] == ["dynamodb:GetItem", "kms:Decrypt"]


def test_what_the_gateway_answers_is_what_the_api_answers() -> None:
    template = RESOURCES["Api"]["Properties"]["GatewayResponses"]["UNAUTHORIZED"]["ResponseTemplates"]

    assert json.loads(template["application/json"])["detail"] == Unauthorized().detail
