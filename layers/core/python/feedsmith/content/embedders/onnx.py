"""Sentence-transformer models as ONNX graphs, on onnxruntime."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from feedsmith.content.base import Embedder, Matrix
from feedsmith.content.embedders.text import clean
from feedsmith.errors import ConfigurationError
from feedsmith.stores.vectors import Vector

# More characters than any text's first ``max_tokens`` tokens need; cutting first spares tokenising whole books.
CHARACTERS_PER_TOKEN = 16


class Manifest(BaseModel):
    """``manifest.json`` of a prepared model folder; fields that only describe its origin are not read."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    kind: str
    revision: str
    dimension: int = Field(gt=0)
    max_tokens: int = Field(gt=2, description="Tokens that are read of a text, the special ones included")
    passage_prefix: str = ""
    query_prefix: str = ""


class OnnxEmbedder(Embedder):
    """A BERT-like encoder, mean pooling over its last hidden states, unit length.

    Parameters
    ----------
    folder
        Holds ``model.onnx``, ``tokenizer.json`` and ``manifest.json``, as ``infra/prepare_models.py`` makes them.
    threads
        Texts that are embedded at once, each on one thread; 0: as many as there are cores.

    Raises
    ------
    ConfigurationError
        The folder or one of its files is missing or unreadable.

    Notes
    -----
    Each text runs alone. A dynamically quantised model scales activations over the whole batch, so that a text's
    vector would depend on its neighbours (mean cosine .996 between a BBC article alone and in a batch of 8, and .978
    for one word beside a long text). Alone, it also costs no more time: nothing is padded.

    Safe to call from several threads: onnxruntime sessions and tokenizers are.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        self._manifest = _read_manifest(folder)
        self._session, self._tokenizer = _load(folder)
        self._tokenizer.enable_truncation(self._manifest.max_tokens)
        self._tokenizer.no_padding()
        self._pool = ThreadPoolExecutor(threads or os.cpu_count(), thread_name_prefix="embed")
        self._inputs = {entry.name for entry in self._session.get_inputs()}

    @property
    def name(self) -> str:
        return f"{self._manifest.kind}@{self._manifest.revision}"

    @property
    def dimension(self) -> int:
        return self._manifest.dimension

    def passages(self, texts: Sequence[str]) -> Matrix:
        return self._embed(texts, self._manifest.passage_prefix)

    def queries(self, texts: Sequence[str]) -> Matrix:
        return self._embed(texts, self._manifest.query_prefix)

    def _embed(self, texts: Sequence[str], prefix: str) -> Matrix:
        limit = self._manifest.max_tokens * CHARACTERS_PER_TOKEN
        prepared = [prefix + clean(text[:limit]) for text in texts]
        vectors = np.empty((len(prepared), self.dimension), dtype=np.float32)
        run = map if len(prepared) < 2 else self._pool.map
        for row, vector in enumerate(run(self._run, prepared)):
            vectors[row] = vector
        return vectors

    def _run(self, text: str) -> Vector:
        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(None, {name: feeds[name] for name in self._inputs})[0]
        pooled = hidden[0].mean(axis=0)
        return np.asarray(pooled / np.linalg.norm(pooled), dtype=np.float32)


def _read_manifest(folder: Path) -> Manifest:
    path = folder / "manifest.json"
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"no prepared model in {folder} ({error.strerror}): run `make models`, or set FEEDSMITH_MODELS_PATH"
        ) from error
    except ValidationError as error:
        raise ConfigurationError(f"{path} is not a model manifest: {error}; run `make models` again") from error


def _load(folder: Path) -> tuple[Any, Any]:
    """Session and tokenizer; imported here, since whoever embeds nothing should not wait 0.1 s for them."""
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
        # A tokenizer file that is missing or broken raises a bare Exception, by that very class.
        tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
    except Exception as error:
        raise ConfigurationError(
            f"the prepared model in {folder} cannot be loaded: {error}; delete the folder and run `make models`"
        ) from error
    return session, tokenizer
