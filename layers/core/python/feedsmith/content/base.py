"""The embedder port."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Matrix: TypeAlias = npt.NDArray[np.float32]
"""Shape (n, d), float32, rows of unit length."""


class Embedder(ABC):
    """Turns texts into unit vectors whose dot product is their similarity in meaning."""

    @property
    @abstractmethod
    def name(self) -> str:
        """``kind@revision``: changes whenever the vectors would; recorded with every collection."""

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Length d of a vector."""

    @abstractmethod
    def passages(self, texts: Sequence[str]) -> Matrix:
        """Embed content, shape (n, d); an empty text gets the vector of the empty string, n = 0 gives (0, d)."""

    @abstractmethod
    def queries(self, texts: Sequence[str]) -> Matrix:
        """Embed search texts, shape (n, d); the same as ``passages`` for symmetric models."""
