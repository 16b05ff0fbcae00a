"""Similarity to what the reader liked, by words: what came before sentence embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedsmith_training.baselines.base import Baseline, Part
from feedsmith_training.metrics import Floats

DIMENSION, WINDOW, EPOCHS = 100, 5, 15


class TfIdf(Baseline):
    """Cosine of TF-IDF vectors with the sum of the history's."""

    name = "tf-idf"
    _matrix: Any

    def fit(self, train: Part) -> None:
        """Weigh the words of the catalogue."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(sublinear_tf=True, stop_words="english", dtype=np.float32)
        self._matrix = vectorizer.fit_transform(train.log.catalogue.texts)

    def scores(self, test: Part) -> Floats:
        """Cosines; 0 without a history, or without common words."""
        found = []
        for impression in test.log.impressions:
            taste = np.asarray(self._matrix[impression.history].sum(axis=0), dtype=np.float64).ravel()
            found.append(self._matrix[impression.candidates] @ (taste / max(float(np.linalg.norm(taste)), 1e-9)))
        return np.concatenate(found)


class WordVectors(Baseline):
    """Word2Vec (skip-gram), trained on the catalogue: cosine of an item's mean word vector and the history's mean."""

    name = "word2vec"
    _vectors: Floats

    def fit(self, train: Part) -> None:
        """Train on the catalogue's texts, on one thread: more would make it depend on their race."""
        from gensim.models import Word2Vec
        from sklearn.feature_extraction.text import TfidfVectorizer

        analyse = TfidfVectorizer(stop_words="english").build_analyzer()
        texts = [analyse(text) for text in train.log.catalogue.texts]
        self._vectors = np.zeros((len(texts), DIMENSION))
        if not any(texts):
            return
        model = Word2Vec(
            texts, vector_size=DIMENSION, window=WINDOW, epochs=EPOCHS, min_count=1, sg=1, seed=0, workers=1
        )
        for row, words in enumerate(texts):
            if words:
                mean = model.wv[words].mean(axis=0)
                self._vectors[row] = mean / max(float(np.linalg.norm(mean)), 1e-9)

    def scores(self, test: Part) -> Floats:
        """Cosines; 0 without a history."""
        found = []
        for impression in test.log.impressions:
            taste = self._vectors[impression.history].sum(axis=0)
            found.append(self._vectors[impression.candidates] @ (taste / max(float(np.linalg.norm(taste)), 1e-9)))
        return np.concatenate(found)
