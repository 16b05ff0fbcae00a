"""Work that needs torch, in a process of its own: this package runs where torch is not, and imports nothing of it."""

from __future__ import annotations

import json as jsons
import runpy
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NoReturn

import typer

from feedsmith.errors import ConfigurationError
from feedsmith_local.terminal import INTERRUPTED, answer

_STDERR: Final = 2


def need(packages: Sequence[str], what: str) -> None:
    """Make sure that all packages are there.

    Raises
    ------
    ConfigurationError
        One is missing; says how to get it.
    """
    if missing := [name for name in packages if find_spec(name) is None]:
        raise ConfigurationError(f"{what} needs {', '.join(missing)}: run `make install`")


def run(module: str, options: Mapping[str, object], *, report: Path | None = None, json: bool = False) -> NoReturn:
    """Run a module with those ``options`` that are not None, and end as it ends.

    With ``json``, what it prints goes to the error output, and the report that it wrote to the standard output.
    """
    given = [f"{name}={value}" for name, value in options.items() if value is not None]
    command = [sys.executable, "-m", __name__, module, *given]
    done = subprocess.run(command, check=False, stdout=_STDERR if json and report else None)
    if json and report and not done.returncode:
        answer(jsons.loads(report.read_text(encoding="utf-8")))
    raise typer.Exit(done.returncode)


def _here(module: str) -> None:
    """Run a module as ``python -m`` does, but for the traceback after Ctrl-C, which the parent has a line for."""
    sys.argv = sys.argv[1:]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    _here(sys.argv[1])
