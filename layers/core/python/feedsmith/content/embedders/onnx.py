"""Sentence-transformer models as ONNX graphs, on onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from feedsmith.content.base import Embedder, Matrix
from feedsmith.content.embedders.text import clean
from feedsmith.errors import ConfigurationError

BATCH = 16
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
        Threads of one run; 0 leaves it to onnxruntime (all cores).

    Raises
    ------
    ConfigurationError
        The folder or one of its files is missing or unreadable.

    Notes
    -----
    Safe to call from several threads: onnxruntime sessions and tokenizers are.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        self._manifest = _read_manifest(folder)
        self._session, self._tokenizer = _load(folder, threads)
        self._tokenizer.enable_truncation(self._manifest.max_tokens)
        self._tokenizer.enable_padding()
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
        # Texts of like length share a batch, so that little of it is padding.
        order = sorted(range(len(prepared)), key=lambda i: len(prepared[i]))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            vectors[rows] = self._run([prepared[i] for i in rows])
        return vectors

    def _run(self, texts: list[str]) -> Matrix:
        encoded = self._tokenizer.encode_batch(texts)
        ids = np.array([e.ids for e in encoded], dtype=np.int64)
        mask = np.array([e.attention_mask for e in encoded], dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(None, {name: feeds[name] for name in self._inputs})[0]
        weights = mask[:, :, None].astype(np.float32)
        pooled = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
        unit: Matrix = (pooled / np.linalg.norm(pooled, axis=1, keepdims=True)).astype(np.float32)
        return unit


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


def _load(folder: Path, threads: int) -> tuple[Any, Any]:
    """Session and tokenizer; imported here, since whoever embeds nothing should not wait 0.1 s for them."""
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
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
