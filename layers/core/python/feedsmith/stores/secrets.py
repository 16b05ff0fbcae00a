"""Secrets from Secrets Manager."""

from __future__ import annotations

import json
from typing import Any

from pydantic import SecretStr

from feedsmith.errors import ConfigurationError
from feedsmith.stores.aws import translated


class Secrets:
    """Reads each secret once; its value is in no message, log or ``repr``.

    Parameters
    ----------
    client
        Low-level ``secretsmanager`` client.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._known: dict[str, SecretStr] = {}

    def read(self, name: str) -> SecretStr:
        """The secret ``name`` (or its ARN): a plain string, or the ``value`` of a JSON object.

        Raises
        ------
        ConfigurationError
            There is no such secret, it may not be read, or it holds no value.
        StoreUnavailable
            Secrets Manager does not answer.
        """
        if name not in self._known:
            with translated(f"secret {name!r}", "the setting that names it"):
                answer = self._client.get_secret_value(SecretId=name)
            value = _value(answer.get("SecretString", ""))
            if not value:
                raise ConfigurationError(
                    f'secret {name!r} holds no value: store it as a plain string, or as JSON {{"value": "..."}}'
                )
            self._known[name] = SecretStr(value)
        return self._known[name]


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
