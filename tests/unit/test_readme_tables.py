"""Both READMEs say the same, and what they say of the settings is what the code has."""

from __future__ import annotations

import pytest

from feedsmith.settings import Settings
from support.readme import bash_blocks, table_rows


@pytest.mark.parametrize(("readme", "heading"), [("README.md", "Configuration"), ("README.zh-CN.md", "配置")])
def test_the_table_lists_every_setting_with_its_default(readme: str, heading: str) -> None:
    expected = {
        f"FEEDSMITH_{name.upper()}": "" if field.default is None else str(field.default)
        for name, field in Settings.model_fields.items()
    }

    assert table_rows(readme, heading) == expected


def test_both_readmes_run_the_same_commands() -> None:
    assert len(bash_blocks("README.md")) >= 5
    assert bash_blocks("README.md") == bash_blocks("README.zh-CN.md")
