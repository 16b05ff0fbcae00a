"""Secrets from Secrets Manager."""

from __future__ import annotations

import json
from typing import Any

from feedsmith.errors import ConfigurationError
from feedsmith.stores.aws import translated


def read_secret(client: Any, name: str) -> str:
    """Read a secret: a plain string, or the ``value`` of a JSON object. The value is in no message.

    Parameters
    ----------
    client
        Low-level ``secretsmanager`` client.
    name
        The secret's name or ARN.

    Raises
    ------
    ConfigurationError
        There is no such secret, it may not be read, or it holds no value.
    StoreUnavailable
        Secrets Manager does not answer.
    """
    with translated(f"secret {name!r}", "the setting that names it"):
        answer = client.get_secret_value(SecretId=name)
    value = _value(answer.get("SecretString", ""))
    if not value:
        raise ConfigurationError(
            f'secret {name!r} holds no value: store it as a plain string, or as JSON {{"value": "..."}}'
        )
    return value


def _value(stored: str) -> str:
    """The value in what is stored; empty where there is none."""
    try:
        fields = json.loads(stored)
    except json.JSONDecodeError:
        return stored
    if not isinstance(fields, dict):  # a plain secret may happen to be digits
        return stored
    value = fields.get("value")
    return value if isinstance(value, str) else ""
