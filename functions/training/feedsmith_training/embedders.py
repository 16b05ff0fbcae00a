"""Any sentence-transformers model as an embedder; torch loads here, and only here."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence

import numpy as np
from sentence_transformers import SentenceTransformer

from feedsmith.content.base import Embedder, Matrix
from feedsmith.content.embedders.text import clean
from feedsmith.errors import ConfigurationError


class SentenceTransformersEmbedder(Embedder):
    """A sentence-transformers model by hub name or folder.

    Models that ask for prefixes declare them as the prompts ``query`` and ``passage`` (or ``document``) in their own
    ``config_sentence_transformers.json``; they are applied, and all other models are symmetric.
    """

    def __init__(self, name: str) -> None:
        try:
            self._model = SentenceTransformer(name, device="cpu")
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"the model {name!r} cannot be loaded ({type(error).__name__}): give a folder, or a name of the "
                "model hub that this machine reaches or has cached"
            ) from error
        self._label = name.rstrip("/").rsplit("/", 1)[-1]
        self._lock = threading.Lock()
        prompts = {key: text for key, text in self._model.prompts.items() if text}
        self._query_prompt = prompts.get("query", "")
        self._passage_prompt = prompts.get("passage", prompts.get("document", ""))

    @property
    def name(self) -> str:
        """``sentence-transformers:<name>@<hash over the weights>``."""
        if not hasattr(self, "_digest"):
            digest = hashlib.sha256()
            for key, tensor in sorted(self._model.state_dict().items()):
                digest.update(key.encode())
                digest.update(tensor.contiguous().numpy().tobytes())
            self._digest = digest.hexdigest()[:12]
        return f"sentence-transformers:{self._label}@{self._digest}"

    @property
    def dimension(self) -> int:
        """Length of a vector, as the model says."""
        dimension = self._model.get_embedding_dimension()
        if dimension is None:
            return int(self.passages([""]).shape[1])
        return int(dimension)

    def passages(self, texts: Sequence[str]) -> Matrix:
        """Embed content, shape (n, d), float32, unit rows."""
        return self._encode(texts, self._passage_prompt)

    def queries(self, texts: Sequence[str]) -> Matrix:
        """Embed search texts, shape (n, d), float32, unit rows."""
        return self._encode(texts, self._query_prompt)

    def _encode(self, texts: Sequence[str], prompt: str) -> Matrix:
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        with self._lock:
            vectors = self._model.encode(
                [clean(text) for text in texts],
                prompt=prompt or None,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        return np.asarray(vectors, dtype=np.float32)
