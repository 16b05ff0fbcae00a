"""The parts of the documents that tests run or compare."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_HEREDOC = re.compile(r"^cat > (\S+) <<'END'\n(.*?)^END\n", re.M | re.S)


def bash_blocks(name: str) -> list[str]:
    """The ``bash`` blocks; ``console`` blocks show what is not run."""
    return _blocks(name, "bash")


def python_blocks(name: str) -> list[str]:
    """The ``python`` blocks, all of which are run."""
    return _blocks(name, "python")


def text_blocks(name: str) -> list[str]:
    """The ``text`` blocks: what commands print."""
    return _blocks(name, "text")


def commands(block: str, folder: Path) -> Iterator[list[str]]:
    """The words of each command of a block, whose here-documents are written into ``folder``."""
    for name, content in _HEREDOC.findall(block):
        (folder / name).write_text(content, encoding="utf-8")
    for line in _HEREDOC.sub("", block).splitlines():
        yield shlex.split(line)


def _blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / name).read_text(encoding="utf-8"), re.M | re.S)


def table_rows(name: str, heading: str) -> dict[str, str]:
    """First cell -> second cell of the table under a heading."""
    section = (ROOT / name).read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| `?(.*?)`? \| (.*?) \|", section, re.M)
    return {first: second.strip("`") for first, second in rows if first.startswith("FEEDSMITH_")}
