"""An ingestion that nobody works on any more does not look as if it ran."""

from __future__ import annotations

from datetime import timedelta

import pytest

from feedsmith.content.uploads import progress
from support.ledger import FakeClock, InMemoryLedger


@pytest.mark.parametrize(
    ("hours", "status"),
    [(0, "running"), (4, "running"), (4.1, "failed")],
)
def test_standing_still_for_longer_than_all_retries_is_a_failure(hours: float, status: str) -> None:
    clock = FakeClock()
    ledger = InMemoryLedger(clock)
    ledger.create_ingestion("acme", "i1", "source")
    ledger.update_ingestion("acme", "i1", status="running", chunks=2)
    ledger.finish_chunk("acme", "i1", 1, indexed=1, unchanged=0, rejected=2)

    found = progress(ledger, "acme", "i1", work_bucket="staging", now=clock() + timedelta(hours=hours))

    assert found is not None
    assert found.status == status
    assert (found.reason is None) == (status == "running")
    assert found.rejects == "s3://staging/rejected/acme/i1/"


def test_an_ended_ingestion_stays_as_it_ended_and_an_unknown_one_is_none() -> None:
    clock = FakeClock()
    ledger = InMemoryLedger(clock)
    ledger.create_ingestion("acme", "i1", "source")
    ledger.update_ingestion("acme", "i1", status="running", chunks=0)
    later = clock() + timedelta(days=9)

    found = progress(ledger, "acme", "i1", work_bucket="staging", now=later)

    assert found is not None
    assert (found.status, found.rejects) == ("succeeded", None)
    assert progress(ledger, "acme", "i2", work_bucket="staging", now=later) is None
