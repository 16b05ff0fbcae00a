"""What every embedder must do; an adapter's test inherits this and gives an ``embedder``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from feedsmith.content.base import Embedder

FOOTBALL = "The striker scored twice and the team won the cup final."
TENNIS = "She won the tennis tournament after a long match."
BANK = "The central bank raised interest rates to fight inflation."


class EmbedderContract:
    @pytest.fixture
    def embedder(self) -> Embedder:
        raise NotImplementedError

    def test_its_name_says_kind_and_revision(self, embedder: Embedder) -> None:
        kind, at, revision = embedder.name.partition("@")
        assert kind
        assert at
        assert revision

    @pytest.mark.parametrize("count", [0, 1, 5])
    def test_one_unit_vector_per_text(self, embedder: Embedder, count: int) -> None:
        for vectors in (embedder.passages([BANK] * count), embedder.queries([BANK] * count)):
            assert vectors.shape == (count, embedder.dimension)
            assert vectors.dtype == np.float32
            np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)

    def test_like_meanings_are_nearer(self, embedder: Embedder) -> None:
        football, tennis, bank = embedder.passages([FOOTBALL, TENNIS, BANK])
        assert football @ tennis > football @ bank

    def test_a_query_finds_its_passage(self, embedder: Embedder) -> None:
        scores = embedder.passages([FOOTBALL, TENNIS, BANK]) @ embedder.queries(["monetary policy"])[0]
        assert scores.argmax() == 2

    def test_a_vector_does_not_depend_on_the_texts_beside_it(self, embedder: Embedder) -> None:
        together = embedder.passages([FOOTBALL, "word", BANK * 20])
        alone = np.vstack([embedder.passages([text]) for text in (FOOTBALL, "word", BANK * 20)])
        np.testing.assert_allclose(together, alone, atol=1e-5)

    def test_any_text_gets_a_vector(self, embedder: Embedder) -> None:
        """GIVEN nothing, a NUL, a lone surrogate, a book, and scripts the model may not know."""
        texts = ["", "a\x00b", "\ud800", "word " * 40_000, "x" * 40_000, "新闻🙂", "\n"]
        for vectors in (embedder.passages(texts), embedder.queries(texts)):
            assert np.isfinite(vectors).all()
            np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)

    def test_what_follows_a_nul_is_read(self, embedder: Embedder) -> None:
        cut, whole, start = embedder.passages(["News\x00" + BANK, "News " + BANK, "News"])
        assert cut @ whole > 0.99 > start @ whole

    def test_threads_may_share_it(self, embedder: Embedder) -> None:
        texts = [FOOTBALL, TENNIS, BANK] * 4
        expected = embedder.passages(texts)
        with ThreadPoolExecutor(4) as pool:
            for found in pool.map(lambda _: embedder.passages(texts), range(4)):
                np.testing.assert_allclose(found, expected, atol=1e-5)
