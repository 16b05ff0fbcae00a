"""Event stream -> counters and user vectors."""

from __future__ import annotations

from typing import Any

from feedsmith.bootstrap import Services, services
from feedsmith.errors import FeedsmithError
from feedsmith.insight import metrics
from feedsmith.stores.letters import decode_letter
from feedsmith.stores.streams import parse_stream


def absorb(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Absorb the batch; what comes after the first failure is delivered again.

    ``state`` answers the tumbling window, which is set so that the event names its shard; nothing is kept in it.
    `feedsmith redrive` gives dead ``letters`` instead; the answer is why each is to be kept, or null.
    """
    s = services()
    if "letters" in event:
        return {"kept": [_redrive(s, body) for body in event["letters"]]}
    batch = parse_stream(event, s.keyring)
    failed = s.stream.absorb(batch.records, batch.unreadable)
    metrics.absorbed([record["dynamodb"] for record in event["Records"]], failed)
    failures = [] if failed is None else [{"itemIdentifier": failed}]
    return {"state": {}, "batchItemFailures": failures}


def _redrive(s: Services, body: str) -> str | None:
    try:
        letter = decode_letter(body, s.keyring)
    except FeedsmithError as error:  # one letter that cannot be read must not keep the others here
        return error.detail
    return s.stream.redrive(letter)
