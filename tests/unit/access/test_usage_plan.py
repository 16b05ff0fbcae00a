from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from feedsmith.access.usage_plan import ApiGatewayUsagePlan
from feedsmith.errors import ConfigurationError
from feedsmith.stores import aws
from support.aws import mock_region

KEY = "a" * 20


@pytest.fixture
def gateway() -> Iterator[Any]:
    with mock_region():
        yield aws.client("apigateway")


@pytest.fixture
def plan_id(gateway: Any) -> str:
    return str(gateway.create_usage_plan(name="callers")["id"])


def values(gateway: Any, plan_id: str) -> list[str]:
    return [key["name"] for key in gateway.get_usage_plan_keys(usagePlanId=plan_id)["items"]]


def test_a_key_is_entered_once_and_withdrawn(gateway: Any, plan_id: str) -> None:
    plan = ApiGatewayUsagePlan(gateway, plan_id)

    plan.enter(KEY, "shop")
    plan.enter(KEY, "shop")
    plan.enter("b" * 20, "")

    assert sorted(values(gateway, plan_id)) == [KEY, "b" * 20]
    (made,) = [key for key in gateway.get_api_keys(includeValues=True)["items"] if key["name"] == KEY]
    assert (made["value"], made["description"], made["enabled"]) == (KEY, "shop", True)
    plan.withdraw(KEY)
    plan.withdraw(KEY)
    assert [key["name"] for key in gateway.get_api_keys()["items"]] == ["b" * 20]


@pytest.fixture
def answers(gateway: Any) -> Iterator[Stubber]:
    """API Gateway that has no such key yet; moto lets any plan and any repetition pass."""
    with Stubber(gateway) as stubbed:
        stubbed.add_response("get_api_keys", {"items": []})
        stubbed.add_response("create_api_key", {"id": "k"})
        yield stubbed


def test_a_key_that_somebody_else_entered_meanwhile_is_in(gateway: Any, answers: Stubber) -> None:
    answers.add_client_error("create_usage_plan_key", "ConflictException")

    ApiGatewayUsagePlan(gateway, "plan").enter(KEY, "shop")


def test_a_plan_that_is_not_there_is_named(gateway: Any, answers: Stubber) -> None:
    answers.add_client_error("create_usage_plan_key", "NotFoundException")

    with pytest.raises(ConfigurationError, match="FEEDSMITH_USAGE_PLAN"):
        ApiGatewayUsagePlan(gateway, "nowhere").enter(KEY, "shop")
