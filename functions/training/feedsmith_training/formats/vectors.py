"""Item vectors of an evaluation: embedded once, then read from a cache."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from feedsmith.content.base import Embedder
from feedsmith_training.log import Array

CACHE = Path(".feedsmith/cache")
BATCH = 512

Progress = Callable[[str, float], None]
"""Called with what is being done and the share in [0, 1] that is done."""


def silent(what: str, share: float) -> None:
    """Show no progress."""


def embedded(texts: Sequence[str], embedder: Embedder, *, cache: Path = CACHE, progress: Progress = silent) -> Array:
    """Vectors of the texts, shape (n, d), float32, unit rows.

    Kept in ``cache`` under the embedder's name and a hash of all texts; a file that cannot be read is made again.
    """
    digest = hashlib.sha256(embedder.name.encode())
    for text in texts:
        digest.update(b"\0" + text.encode("utf-8", "surrogatepass"))
    path = cache / f"vectors-{digest.hexdigest()[:32]}.npz"
    found = _cached(path, (len(texts), embedder.dimension))
    if found is not None:
        return found
    vectors = np.empty((len(texts), embedder.dimension), dtype=np.float32)
    for start in range(0, len(texts), BATCH):
        progress("embedding", start / len(texts))
        vectors[start : start + BATCH] = embedder.passages(texts[start : start + BATCH])
    progress("embedding", 1.0)
    cache.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(partial, vectors=vectors)
    partial.replace(path)  # whole or not at all, also when two evaluations run at once
    return vectors


def _cached(path: Path, shape: tuple[int, int]) -> Array | None:
    try:
        with np.load(path) as archive:
            vectors: Array = archive["vectors"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return vectors if vectors.shape == shape else None
