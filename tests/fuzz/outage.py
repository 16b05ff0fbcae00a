"""Stores that fail, each at its own edge of the process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from botocore.exceptions import EndpointConnectionError

from feedsmith import bootstrap
from feedsmith.stores.edge import EdgeVectorStore


class _BrokenEngine:
    """Edge on a disk that is full; its errors name their file."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def fail(*_: object, **__: object) -> Any:
            raise Exception("Service runtime error: IO Error: No space left on device: /var/lib/vectors/wal")

        return fail


@contextlib.contextmanager
def vectors_down() -> Iterator[None]:
    """Every call of Qdrant Edge fails."""
    store = bootstrap.services().vectors()
    assert isinstance(store, EdgeVectorStore)
    with contextlib.ExitStack() as undo:
        for shard in store._shards.values():
            undo.enter_context(patch.object(shard, "engine", _BrokenEngine()))
        yield


@contextlib.contextmanager
def aws_down() -> Iterator[None]:
    """No call reaches AWS."""

    def fail(_client: object, _operation: str, _parameters: object) -> Any:
        raise EndpointConnectionError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com/")

    with patch.object(BaseClient, "_make_api_call", fail):
        yield


OUTAGES = (vectors_down, aws_down)
