"""AWS in this process, by moto, made as template.yaml makes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from moto import mock_aws
from moto.cloudformation.utils import yaml_tag_constructor

from feedsmith_local import moto_repairs

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
REGION = "eu-west-1"


@contextmanager
def mock_region() -> Iterator[None]:
    """moto, with calls as atomic as AWS's, and an environment that leads nowhere else."""
    with pytest.MonkeyPatch.context() as patch, mock_aws(), moto_repairs.repaired():
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        # moto knows the stream's regional endpoint, not the one that has the account in its name.
        patch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
        yield


def no_pause(patch: pytest.MonkeyPatch) -> None:
    """Let retries go on without their pauses."""
    patch.setattr("tenacity.nap.time.sleep", lambda seconds: None)


def resource(name: str) -> dict[str, Any]:
    """Properties of a resource of the template."""

    class Loader(yaml.SafeLoader):
        """Knows CloudFormation's short tags, such as !Ref."""

    Loader.add_multi_constructor("", yaml_tag_constructor)
    properties: dict[str, Any] = yaml.load(TEMPLATE.read_text(), Loader)["Resources"][name]["Properties"]
    return properties


def create_ledger_table(client: Any, name: str) -> None:
    """Create the ledger's table with the template's keys, index and stream."""
    table = resource("LedgerTable")
    client.create_table(
        TableName=name,
        BillingMode=table["BillingMode"],
        AttributeDefinitions=table["AttributeDefinitions"],
        KeySchema=table["KeySchema"],
        LocalSecondaryIndexes=table["LocalSecondaryIndexes"],
        StreamSpecification={"StreamEnabled": True, **table["StreamSpecification"]},
    )
    client.update_time_to_live(TableName=name, TimeToLiveSpecification=table["TimeToLiveSpecification"])
