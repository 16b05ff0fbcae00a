"""How far an ingestion is, for those who ask."""

from __future__ import annotations

from datetime import datetime, timedelta

from feedsmith.content.uploads.keys import rejects_prefix
from feedsmith.models import Ingestion
from feedsmith.stores.ledger import Ledger

# Longer than all deliveries of a chunk can take: five times the queue's visibility timeout of half an hour.
LOST_AFTER = timedelta(hours=4)


def progress(ledger: Ledger, tenant: str, ingestion_id: str, *, work_bucket: str, now: datetime) -> Ingestion | None:
    """The ingestion with the address of its rejects; None: there is none.

    One that has stood still for longer than all retries take has lost its planner or a worker, killed on the last try
    without a word; it counts as failed.
    """
    found = ledger.ingestion(tenant, ingestion_id)
    if found is None:
        return None
    changes: dict[str, object] = {}
    if found.rejected:
        changes["rejects"] = rejects_prefix(work_bucket, tenant, ingestion_id)
    if found.status in ("planning", "running") and now - found.updated_at > LOST_AFTER:
        changes |= {
            "status": "failed",
            "reason": f"no progress for {LOST_AFTER.total_seconds() / 3600:.0f} hours: what worked on it was ended; "
            "see the dead-letter queues, and upload the object again",
        }
    return found.model_copy(update=changes)
