from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("contract", "support.points")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where the machine has one: the stores sync to disk at every step."""
    memory = Path("/dev/shm")
    path = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
    yield path
    shutil.rmtree(path)
