"""``feedsmith redrive``."""

from __future__ import annotations

import json as jsons
from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from feedsmith.errors import ConfigurationError, StoreUnavailable
from feedsmith_local.redrive import QUEUES, Queue, Redrive, RedriveOptions
from feedsmith_local.terminal import LOCAL_URL, Json, Key, Url, answer, errors, known_key, note, say

_TIMEOUT_S: Final = 600.0
_WAIT_S: Final = 2


def redrive(
    queue: Annotated[Queue | None, typer.Option(help="Which queue; by default all.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what lies there, and why.")] = False,
    most: Annotated[int | None, typer.Option("--max", min=1, help="At most so many messages of each queue.")] = None,
    stack: Annotated[str, typer.Option(help="CloudFormation stack in the cloud, with your own AWS credentials.")] = "",
    json: Json = False,
    url: Url = LOCAL_URL,
    key: Key = "",
) -> None:
    """Put what lies in the dead-letter queues back where it came from, after its cause was mended."""
    options = RedriveOptions(queues=(queue,) if queue else QUEUES, most=most, dry_run=dry_run)
    with errors.status("looking into the queues"):
        found = _cloud(stack, options) if stack else _local(url, key, options)
    if json:
        answer(found)
    else:
        _show(found)
    if any(report["kept"] for report in found.values()):
        raise typer.Exit(1)


def _local(url: str, key: str, options: RedriveOptions) -> Any:
    from feedsmith_local.cli_access import there
    from feedsmith_local.operations import REDRIVE

    return there(url, known_key(key), REDRIVE, options.model_dump(mode="json"), timeout_s=_TIMEOUT_S)


def _cloud(stack: str, options: RedriveOptions) -> Any:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        cloudformation, lambdas = boto3.client("cloudformation"), boto3.client("lambda")

        def refer(name: str) -> str:
            found = cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId=name)
            return str(found["StackResourceDetail"]["PhysicalResourceId"])

        def invoke(function: str, payload: Any) -> Any:
            said = lambdas.invoke(FunctionName=function, Payload=jsons.dumps(payload).encode())
            if "FunctionError" in said:
                raise StoreUnavailable(f"function {function} failed; its log says where")
            return jsons.loads(said["Payload"].read())

        way = Redrive(boto3.client("sqs"), refer, invoke, wait_s=_WAIT_S)
        return way.run(options.queues, most=options.most, dry_run=options.dry_run)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise ConfigurationError(
            f"AWS answered {code} to {error.operation_name}: check --stack, the region and your permissions"
        ) from None
    except BotoCoreError as error:
        raise ConfigurationError(
            f"AWS was not reached ({type(error).__name__}): check region and credentials"
        ) from None


def _show(found: Mapping[str, Mapping[str, Any]]) -> None:
    for queue, report in found.items():
        said = f"{queue}: {report['found']} found, {report['redriven']} redriven"
        say(said + (f", the oldest {report['oldest_s']} s old" if report["found"] else ""))
        for reason, number in report["reasons"].items():
            say(f"  {number} x {reason}")
        for reason, number in report["kept"].items():
            note(f"  {number} stay: {reason}")
