from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from feedsmith.errors import ConfigurationError, StoreUnavailable
from feedsmith.stores import aws
from feedsmith.stores.secrets import read_secret
from support.aws import mock_region


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_region():
        yield aws.client("secretsmanager")


@pytest.mark.parametrize("stored", ["s3cret", json.dumps({"value": "s3cret", "note": "rotated in May"})])
def test_a_secret_is_a_string_or_the_value_of_an_object(client: Any, stored: str) -> None:
    client.create_secret(Name="qdrant-key", SecretString=stored)
    assert read_secret(client, "qdrant-key") == "s3cret"


def test_a_secret_of_digits_is_no_json_number(client: Any) -> None:
    client.create_secret(Name="digits", SecretString="0123")
    client.create_secret(Name="number", SecretString="123")
    assert read_secret(client, "digits") == "0123"
    assert read_secret(client, "number") == "123"


@pytest.mark.parametrize("stored", ['{"password": "s3cret"}', '{"value": ["s3cret"]}', '{"value": ""}'])
def test_a_secret_without_a_value_is_named_and_not_told(client: Any, stored: str) -> None:
    client.create_secret(Name="odd", SecretString=stored)
    with pytest.raises(ConfigurationError, match="secret 'odd' holds no value: store it as") as raised:
        read_secret(client, "odd")
    assert "s3cret" not in str(raised.value)
    assert raised.value.__context__ is None


def test_a_binary_secret_holds_no_value(client: Any) -> None:
    client.create_secret(Name="binary", SecretBinary=b"s3cret")
    with pytest.raises(ConfigurationError, match="secret 'binary' holds no value"):
        read_secret(client, "binary")


def test_an_absent_secret_is_named(client: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"secret 'typo' answered ResourceNotFoundException.*mend"):
        read_secret(client, "typo")


def test_trouble_that_may_pass_may_be_tried_again(client: Any) -> None:
    with Stubber(client) as stubber:
        stubber.add_client_error("get_secret_value", "InternalServiceError")
        with pytest.raises(StoreUnavailable, match=r"secret 'key' answered InternalServiceError.*try again"):
            read_secret(client, "key")
