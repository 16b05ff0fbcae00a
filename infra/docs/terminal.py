"""Runs a command in a terminal, and draws what the terminal shows."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pyte
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.style import Style
from rich.text import Text

COLUMNS: Final = 100
_LINES: Final = 200
# Rich's own format loads a font from another host; the reader's monospace font does as well.
_FORMAT: Final = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a terminal showed: ``running`` is an earlier moment, if one was asked for and came."""

    final: Text
    running: Text | None
    code: int


def run(command: str, *, cwd: Path, env: Mapping[str, str], moment: str = "") -> Shown:
    """Run a command of the shell in a terminal of its own.

    Parameters
    ----------
    moment
        Regular expression of what the screen shows at the moment to be kept as ``running``.
    """
    screen = pyte.Screen(COLUMNS, _LINES)
    screen.set_mode(pyte.modes.LNM)
    stream = pyte.ByteStream(screen)
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, COLUMNS, 0, 0))
    wanted = {**os.environ, **env, "TERM": "xterm-256color", "COLORTERM": "", "COLUMNS": str(COLUMNS)}
    process = subprocess.Popen(["bash", "-c", command], cwd=cwd, env=wanted, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    running = None
    while block := _read(master):
        stream.feed(block)
        if moment and running is None and re.search(moment, "\n".join(screen.display)):
            running = _text(screen)
    os.close(master)
    return Shown(_text(screen), running, process.wait())


def svg(text: Text, title: str, name: str) -> str:
    """A picture of what was shown; the words in it are text."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(text, soft_wrap=False, no_wrap=True)
    return console.export_svg(title=title, unique_id=name, code_format=_FORMAT)


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65_536)
    except OSError:  # Linux's way of saying that the other end is closed
        return b""


def _text(screen: pyte.Screen) -> Text:
    lines = []
    for row in range(screen.lines):
        line = Text()
        cells = (screen.buffer[row][column] for column in range(screen.columns))
        for style, run_ in groupby(cells, _style):
            line.append("".join(cell.data for cell in run_), style)
        line.rstrip()
        lines.append(line)
    while lines and not lines[-1].plain:
        lines.pop()
    return Text("\n").join(lines)


def _style(cell: Any) -> Style:
    return Style(color=_color(cell.fg), bgcolor=_color(cell.bg), bold=cell.bold, italic=cell.italics)


def _color(name: str) -> str | None:
    if name == "default":
        return None
    if re.fullmatch(r"[0-9a-f]{6}", name):
        return f"#{name}"
    return name.replace("bright", "bright_").replace("brown", "yellow")
