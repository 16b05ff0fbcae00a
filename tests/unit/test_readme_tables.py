"""Both READMEs say the same, and what the documents say of the settings is what the code has."""

from __future__ import annotations

import re

import pytest

from feedsmith.settings import Settings
from support.readme import ROOT, bash_blocks, table_rows


@pytest.mark.parametrize(
    ("page", "heading"), [("docs/configuration.md", "Settings"), ("docs/zh/configuration.md", "设置")]
)
def test_the_table_lists_every_setting_with_its_default(page: str, heading: str) -> None:
    expected = {
        f"FEEDSMITH_{name.upper()}": "" if field.default is None else str(field.default)
        for name, field in Settings.model_fields.items()
    }

    assert table_rows(page, heading) == expected


def test_both_readmes_run_the_same_commands() -> None:
    assert len(bash_blocks("README.md")) >= 5
    assert bash_blocks("README.md") == bash_blocks("README.zh-CN.md")


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_what_a_readme_links_to_is_there(readme: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / readme).read_text(encoding="utf-8"))

    assert len(links) > 15
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_targets_that_a_readme_names_are_there(readme: str) -> None:
    makefiles = "".join((ROOT / path).read_text(encoding="utf-8") for path in ("Makefile", "infra/build.mk"))
    named = set(re.findall(r"make ([a-z-]+)", (ROOT / readme).read_text(encoding="utf-8"))) - {"it", "an"}

    assert named >= {"serve", "demo", "test", "docs", "build"}
    assert [target for target in named if f"\n{target}:" not in makefiles] == []
