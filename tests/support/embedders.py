"""An embedder that needs no model: texts that share words lie near each other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from feedsmith.content.base import Embedder, Matrix


class WordEmbedder(Embedder):
    """Sums one random but fixed direction per word; ``embedded`` lists all texts that it was given."""

    def __init__(self, dimension: int = 64) -> None:
        self.embedded: list[str] = []
        self._dimension = dimension

    @property
    def name(self) -> str:
        return "words@1"

    @property
    def dimension(self) -> int:
        return self._dimension

    def passages(self, texts: Sequence[str]) -> Matrix:
        self.embedded += texts
        rows = [sum(map(self._direction, ["", *re.findall(r"\w+", text.lower())])) for text in texts]
        vectors = np.array(rows, dtype=np.float32).reshape(len(texts), self._dimension)
        unit: Matrix = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def queries(self, texts: Sequence[str]) -> Matrix:
        return self.passages(texts)

    def _direction(self, word: str) -> Matrix:
        seed = int.from_bytes(hashlib.sha256(word.encode("utf-8", "replace")).digest()[:8], "big")
        direction: Matrix = np.random.default_rng(seed).standard_normal(self._dimension).astype(np.float32)
        return direction
