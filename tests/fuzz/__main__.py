"""`python -m fuzz`: fuzz a fresh local stack, and fail on any finding."""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path

from fuzz.campaign import run


def main() -> int:
    """Parse the command line, run, write the report."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=None, help="of an earlier run, to repeat it")
    parser.add_argument("--report", type=Path, default=Path("reports/fuzz.json"))
    given = parser.parse_args()
    seed = secrets.randbits(32) if given.seed is None else given.seed
    sys.stdout.write(f"seed {seed}\n")
    sys.stdout.flush()
    report = run(seed, given.requests)
    given.report.parent.mkdir(parents=True, exist_ok=True)
    given.report.write_text(report.as_json())
    sys.stdout.write(
        f"{report.requests} requests in {report.seconds} s: {dict(report.by_status)}\n"
        f"{report.accepted / report.requests:.0%} accepted; {len(report.findings)} findings, in {given.report}\n"
    )
    return bool(report.findings)


if __name__ == "__main__":
    sys.exit(main())
