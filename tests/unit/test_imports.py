"""What a handler loads at import is what every cold start pays for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Modules that only heavy work needs; they load on first use.
HEAVY = (
    "torch",
    "sentence_transformers",
    "scipy",
    "sklearn",
    "onnxruntime",
    "tokenizers",
    "yake",
    "jieba",
    "xllamacpp",
)


@pytest.mark.parametrize("handler", ["api", "authorizer", "ingest", "insight", "prewrite", "profiles", "segments"])
def test_no_handler_loads_a_heavy_module_at_import(handler: str) -> None:
    probe = f"import sys, json; import app; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, cwd=ROOT / "functions" / handler, check=False
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []
