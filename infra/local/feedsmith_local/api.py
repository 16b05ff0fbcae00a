"""A running feedsmith, for the commands that call it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from feedsmith.client import Feedsmith, NoAnswer, Unauthorized
from feedsmith.errors import ConfigurationError
from feedsmith_local.terminal import known_key, one_line


@contextmanager
def connected(url: str, key: str) -> Iterator[Feedsmith]:
    """A client, and an end with the remedy where the API cannot be had."""
    with one_line(), Feedsmith(url, known_key(key)) as client:
        try:
            yield client
        except NoAnswer as error:
            raise ConfigurationError(
                f"{error}; start it with 'feedsmith serve', or name another with FEEDSMITH_URL"
            ) from error
        except Unauthorized as error:
            raise ConfigurationError(
                "the API does not know this key: give the one that 'feedsmith serve' printed with --key"
            ) from error
