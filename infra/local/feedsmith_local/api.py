"""A running feedsmith, for the commands that call it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from feedsmith.client import Feedsmith, Forbidden, NoAnswer, Unauthorized
from feedsmith.errors import ConfigurationError
from feedsmith_local.terminal import known_key


@contextmanager
def connected(url: str, key: str) -> Iterator[Feedsmith]:
    """A client, and an end with the remedy where the API cannot be had."""
    try:
        with Feedsmith(url, known_key(key)) as client:
            yield client
    except httpx.InvalidURL as error:
        raise ConfigurationError(f"{url!r} is no address ({error}): give one like http://127.0.0.1:8000") from error
    except NoAnswer as error:
        raise ConfigurationError(
            f"{error}; start it with 'feedsmith serve', or name another with FEEDSMITH_URL"
        ) from error
    except Unauthorized as error:
        raise ConfigurationError(
            "the API does not know this key: give the one that 'feedsmith serve' printed with --key"
        ) from error
    except Forbidden as error:
        raise ConfigurationError(
            f"{error}; 'feedsmith keys list' shows what each key may do, 'feedsmith keys create --scope' makes another"
        ) from error
