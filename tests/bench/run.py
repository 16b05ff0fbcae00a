"""`make bench`: measure, and write reports/bench.json. Each measurement runs in a process of its own."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "infra"))

from artefacts import measure  # noqa: E402  found by the line above

SIZES = (2_000, 100_000)


def main() -> None:
    """Run all and write the report."""
    console = Console()
    report: dict[str, Any] = {
        "machine": {"python": platform.python_version(), "processor": platform.machine(), "cores": os.cpu_count()},
        "recommend": {},
    }
    with Progress(console=console) as progress:
        bar = progress.add_task("measuring", total=len(SIZES) + 3)
        for size in SIZES:
            report["recommend"][str(size)] = _measured("recommend.py", str(size))
            progress.advance(bar)
        report["ingest"] = _measured("ingest.py")
        progress.advance(bar)
        report["imports"] = _measured("imports.py")
        progress.advance(bar)
        report["artefacts"] = measure(ROOT / ".aws-sam" / "build")
        progress.advance(bar)
    out = ROOT / "reports" / "bench.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    console.print_json(data=report)
    console.print(f"written to {out.relative_to(ROOT)}")


def _measured(script: str, *args: str) -> Any:
    command = [sys.executable, str(Path(__file__).with_name(script)), *args]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}  # the fakes of tests/support
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=env, check=True)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
