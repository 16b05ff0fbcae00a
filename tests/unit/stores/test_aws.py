from __future__ import annotations

import subprocess
import sys

import pytest
from botocore.exceptions import NoCredentialsError

from feedsmith.errors import ConfigurationError
from feedsmith.stores import aws
from support.aws import mock_region


def test_a_client_does_not_wait_long() -> None:
    with mock_region():
        config = aws.client("dynamodb").meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 3)
    assert config.retries["total_max_attempts"] == 3


def test_without_a_region_the_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(ConfigurationError, match="set AWS_DEFAULT_REGION"):
        aws.client("dynamodb")


def test_without_credentials_the_remedy_is_named() -> None:
    with (
        pytest.raises(ConfigurationError, match=r"X was not called.*give the process a role"),
        aws.translated("X", "Y"),
    ):
        raise NoCredentialsError


def test_an_error_of_our_own_making_is_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError), aws.translated("X", "Y"):
        raise ZeroDivisionError


def test_importing_the_adapters_imports_neither_boto3_nor_tenacity() -> None:
    names = ["dynamodb", "s3", "secrets", "sqs", "streams"]
    program = f"import sys, {', '.join(f'feedsmith.stores.{name}' for name in names)}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"boto3", "s3transfer", "botocore.session", "tenacity", "asyncio"} & set(loaded)
