"""What moto does otherwise than AWS, mended as far as it matters to several threads and thousands of records."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.core.models import botocore_stubber
from moto.dynamodb.models.table import Table


@contextmanager
def repaired() -> Iterator[None]:
    """Mend it meanwhile: atomic calls, and queries that read one partition."""
    with (
        patch.object(botocore_stubber, "process_request", _one_at_a_time(botocore_stubber.process_request)),
        patch.object(Table, "query", _of_one_partition(Table.query)),
    ):
        yield


def _one_at_a_time(answer: Any) -> Any:
    """Keep calls apart: AWS decides a conditional write atomically, moto checks and then writes."""
    lock = threading.RLock()

    def locked(request: Any) -> Any:
        with lock:
            return answer(request)

    return locked


def _of_one_partition(query: Any) -> Any:
    """Let a query see its own partition: moto sorts the whole table for each, 65 ms at a thousand records."""

    def of_one_partition(table: Any, hash_key: Any, *arguments: Any, **options: Any) -> Any:
        named = dict(options.get("hash_key_conditions") or ())
        asked = named.get(table.hash_key_attr, None if named else hash_key)
        if asked is None:  # an index with another hash key
            return query(table, hash_key, *arguments, **options)
        partition = copy.copy(table)
        partition.items = {asked: table.items[asked]} if asked in table.items else {}
        return query(partition, hash_key, *arguments, **options)

    return of_one_partition
