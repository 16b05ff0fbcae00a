"""A short campaign: what the long one (`make fuzz`) asks of every answer."""

from __future__ import annotations

import os
import secrets

from fuzz.campaign import run


def test_a_thousand_bad_requests_break_nothing() -> None:
    seed = int(os.environ.get("FEEDSMITH_FUZZ_SEED") or secrets.randbits(32))
    report = run(seed, 1_000)

    assert report.findings == [], f"repeat with FEEDSMITH_FUZZ_SEED={seed}"
    # Enough of them were good, or only the outermost checks were tested.
    assert report.accepted >= 200
    assert report.unspoiled >= 200
