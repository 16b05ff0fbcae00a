"""What several rooms' tests need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def models() -> Path:
    """The prepared models, as `make models` leaves them."""
    folder = ROOT / "build" / "models"
    if not (folder / "minilm" / "manifest.json").exists():
        subprocess.run([sys.executable, "infra/prepare_models.py", "--out", str(folder)], cwd=ROOT, check=True)
    return folder
