"""How soon there is something to read, on ``feedsmith serve``, and what has to be fetched for it."""

from __future__ import annotations

import gzip
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.newsroom import articles

pytest.importorskip("playwright.sync_api")

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "functions" / "console" / "static"
REPORT = ROOT / "reports" / "console.json"
RUNS = 7
# Milliseconds from the navigation's start: the first item in the page, and the frame that shows it.
WATCH = """
new MutationObserver((_, observer) => {
  if (document.querySelector('li[data-item]') === null) return;
  observer.disconnect();
  window.itemAt = performance.now();
  requestAnimationFrame(() => requestAnimationFrame(() => { window.paintedAt = performance.now(); }));
}).observe(document, { childList: true, subtree: true });
"""


@pytest.fixture
def served(browser: object, models: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What ``feedsmith serve`` says of itself, once its articles are in."""
    upload, _ = articles()
    content = tmp_path / upload.name
    content.write_bytes(upload.body)
    command = [sys.executable, "-c", "from feedsmith_local.cli import app; app()", "serve"]
    options = ["--port", "0", "--json", "--content", str(content)]
    environment = {**os.environ, "FEEDSMITH_MODELS_PATH": str(models), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [*command, *options], cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        said = ""
        while (character := process.stdout.read(1)) != "":
            said += character
            if said.count("{") == said.count("}") > 0:
                break
        for line in process.stderr:
            if "Ctrl-C ends it" in line:
                break
        yield json.loads(said)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_first_item_and_assets(served: dict[str, str], context: Callable[..., Any]) -> None:
    items, paints = [], []
    for run in range(RUNS):
        opened = context()  # nothing cached
        opened.add_init_script(WATCH)
        opened.add_init_script(
            f"sessionStorage.setItem('feedsmith-key', {json.dumps(served['key'])});"
            f"sessionStorage.setItem('feedsmith-reader', 'cold-{run}');"
        )
        page = opened.new_page()
        page.goto(f"{served['url']}/console")
        page.locator("li[data-item]").first.wait_for()
        page.wait_for_load_state("networkidle")
        item, painted = page.evaluate("[window.itemAt, window.paintedAt]")
        items.append(round(item, 1))
        paints.append(round(painted, 1))
    sizes = {path.name: len(gzip.compress(path.read_bytes())) for path in sorted(STATIC.iterdir())}
    loaded = sum(sizes[name] for name in ("index.html", "main.js", "style.css"))

    REPORT.parent.mkdir(exist_ok=True)
    report = {
        "first_item_ms": items,
        "first_paint_ms": paints,
        "first_paint_median_ms": statistics.median(paints),
        "first_paint_wanted_ms": 1_000,
        "load_average": round(os.getloadavg()[0], 1),
        "cpus": os.cpu_count(),
        "gzipped_bytes": sizes,
        "gzipped_total_bytes": loaded,
    }
    REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    assert loaded <= 400_000
