"""Event stream -> counters and user vectors."""

from __future__ import annotations

from typing import Any

from feedsmith.bootstrap import services
from feedsmith.stores.streams import parse_stream


def absorb(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Absorb the batch; what comes after the first failure is delivered again.

    ``state`` answers the tumbling window, which is set so that the event names its shard; nothing is kept in it.
    """
    failed = services().stream.absorb(parse_stream(event))
    failures = [] if failed is None else [{"itemIdentifier": failed}]
    return {"state": {}, "batchItemFailures": failures}
