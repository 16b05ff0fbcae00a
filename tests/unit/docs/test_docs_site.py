"""The documentation site: it builds, asks no other host for anything, and says what the domain files set."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from feedsmith.domains import load_domains
from support.readme import ROOT

sys.path.insert(0, str(ROOT / "infra" / "docs"))
import domain_tables


@pytest.mark.parametrize("name", load_domains())
def test_the_page_of_a_domain_says_what_its_file_sets(name: str) -> None:
    page = (ROOT / "docs" / "domains" / f"{name}.md").read_text(encoding="utf-8")

    assert domain_tables.updated(page, load_domains()[name]) == page, "run python infra/docs/domain_tables.py"


def test_a_page_without_a_place_for_its_settings_is_refused() -> None:
    with pytest.raises(ValueError, match="the page of news needs one place"):
        domain_tables.updated("# News", load_domains()["news"])


def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    pytest.importorskip("material")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}

    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    pages = {str(path.relative_to(tmp_path)): path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.html")}
    assert {"index.html", "quick-start.html", "reference.html", "domains/travel.html", "zh/quick-start.html"} <= set(
        pages
    )
    assert 'id="put_items"' in pages["reference.html"]
    assert (tmp_path / "openapi.json").is_file()
    loaded = re.compile(
        r'<(?:script|img|iframe)[^>]+src="([^"]+)"|<link[^>]+rel="(?:stylesheet|preconnect|icon)"[^>]+href="([^"]+)"'
    )
    for name, page in pages.items():
        for source in filter(None, (part for found in loaded.findall(page) for part in found)):
            assert not source.startswith(("http:", "https:", "//")), (name, source)
