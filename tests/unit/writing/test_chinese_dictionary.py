"""The dictionary of Chinese words comes from the package, not from a folder that others can write to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
from feedsmith.writing.claims import Source, foreign_names
print(foreign_names("王芳表示利润增长", Source("公司表示利润增长")) == ["王芳"])
"""


def test_reading_chinese_names_leaves_nothing_in_the_shared_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "TMPDIR": str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "True\n"
    assert list(tmp_path.iterdir()) == []
