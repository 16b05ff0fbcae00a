"""The functions' own modules, loaded fresh from their folders."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

FUNCTIONS = Path(__file__).resolve().parents[2] / "functions"


def load_app(function: str) -> Any:
    """The ``app`` of a function's ``app.py``."""
    return load_module(function).app


def load_module(function: str) -> Any:
    """A function's ``app.py``."""
    spec = importlib.util.spec_from_file_location(f"loaded_{function}", FUNCTIONS / function / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
