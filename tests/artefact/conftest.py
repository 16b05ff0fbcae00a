"""The built functions, or the reason why there are none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "infra"))


@pytest.fixture(scope="session")
def build_dir() -> Path:
    """What `make build` left."""
    folder = ROOT / ".aws-sam" / "build"
    if not (folder / "template.yaml").is_file():
        pytest.skip("nothing is built; run 'make build'")
    return folder


@pytest.fixture(scope="session")
def interpreter() -> Path:
    """A Python like Lambda's own."""
    python = ROOT / ".venv-artefact" / "bin" / "python"
    if not python.is_file():
        pytest.skip("there is no interpreter like Lambda's; run 'make artefact-venv'")
    return python
