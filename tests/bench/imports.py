"""Milliseconds to import each zip handler, median of seven fresh processes, and the heavy modules that it loads."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

HANDLERS = ("api", "authorizer", "ingest", "profiles", "segments")
HEAVY = ("torch", "sentence_transformers", "scipy")
RUNS = 7
# What Lambda's own runtime has loaded before the handler is not the handler's cost.
PROBE = f"""
import json, sys, time
sys.path.insert(0, sys.argv[1])
start = time.perf_counter()
import app
took = (time.perf_counter() - start) * 1000
print(json.dumps([took, [m for m in {HEAVY!r} if m in sys.modules]]))
"""


def measure(root: Path) -> dict[str, dict[str, object]]:
    """``{handler: {"ms": median, "heavy": [modules]}}``."""
    found: dict[str, dict[str, object]] = {}
    for handler in HANDLERS:
        runs = []
        for _ in range(RUNS):
            command = [sys.executable, "-c", PROBE, str(root / "functions" / handler)]
            done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
            runs.append(json.loads(done.stdout.splitlines()[-1]))
        found[handler] = {"ms": round(statistics.median(ms for ms, _ in runs), 1), "heavy": runs[0][1]}
    return found


if __name__ == "__main__":
    print(json.dumps(measure(Path(__file__).resolve().parents[2])))  # noqa: T201  the parent reads it
