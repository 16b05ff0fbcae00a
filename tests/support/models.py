"""The prepared models, for tests that need a real one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from feedsmith.content.embedders.onnx import OnnxEmbedder

MODELS = Path(__file__).parents[2] / "build" / "models"


@cache
def minilm() -> OnnxEmbedder:
    """The prepared MiniLM, loaded once; skips the test where it is not prepared."""
    if not (MODELS / "minilm" / "manifest.json").is_file():
        pytest.skip("build/models/minilm is not prepared: run `make models`")
    return OnnxEmbedder(MODELS / "minilm", threads=2)
