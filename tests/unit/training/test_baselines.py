"""Each baseline finds the signal that it is there for, and nothing where there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from feedsmith.domains.loader import load_domains
from feedsmith.ranking.base import FeatureSpace
from feedsmith_training.baselines import all_baselines
from feedsmith_training.baselines.base import Baseline, Part, standardised
from feedsmith_training.baselines.collaborative import ImplicitAls, ImplicitBpr, ItemItem, likes
from feedsmith_training.baselines.lambdamart import LambdaMart
from feedsmith_training.baselines.texts import TfIdf, WordVectors
from feedsmith_training.formats.mind import read_mind
from feedsmith_training.metrics import quality
from feedsmith_training.replay import HalfLives, feature_table
from support.clicks import write_clicks
from support.embedders import WordEmbedder

TRAIN = 240


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Part, Part]:
    folder = tmp_path_factory.mktemp("clicks")
    news, behaviours = write_clicks(folder)
    log, _ = read_mind(news, [behaviours], WordEmbedder(16), cache=folder)
    table = feature_table(log, HalfLives(24.0, 48.0), FeatureSpace(base_rate=0.2))
    part = Part(log, table)
    return part.rows(0, TRAIN), part.rows(TRAIN, len(log))


def auc(baseline: Baseline, parts: tuple[Part, Part], *, known: bool = True) -> float:
    """Mean AUC over the readers with (or without) a history."""
    train, test = parts
    baseline.fit(train)
    found = quality(baseline.scores(test), test.table.clicked, test.table.offsets)[:, 0]
    return float(found[(test.table.history > 0) == known].mean())


NAMES = [
    "random", "popularity", "segment-popularity", "tf-idf", "word2vec", "sentence-embedding", "late-fusion",
    "implicit-als", "implicit-bpr", "item-item", "lightgbm-lambdamart", "linear",
]  # fmt: skip

# Least AUC with a history: who knows only the topic beats the half of the others that is of the wrong one, and popular
# items are clicked in either topic. ALS has more factors than there are items here.
LEAST = {
    "popularity": 0.6, "segment-popularity": 0.75, "tf-idf": 0.7, "word2vec": 0.7, "sentence-embedding": 0.7,
    "late-fusion": 0.7, "implicit-als": 0.6, "implicit-bpr": 0.7, "item-item": 0.7, "lightgbm-lambdamart": 0.75,
    "linear": 0.7,
}  # fmt: skip


@pytest.mark.parametrize("number", range(len(NAMES)), ids=NAMES)
def test_a_planted_signal_is_found(parts: tuple[Part, Part], number: int) -> None:
    baseline = all_baselines(load_domains()["news"].weights)[number]
    if isinstance(baseline, LambdaMart):
        baseline = LambdaMart(rounds=30)

    assert baseline.name == NAMES[number]
    found = auc(baseline, parts)
    if baseline.name == "random":
        assert found == pytest.approx(0.5, abs=0.1)
    else:
        assert found >= LEAST[baseline.name]


@pytest.mark.parametrize(
    "make", [WordVectors, ImplicitAls, ImplicitBpr, lambda: LambdaMart(rounds=10)], ids=["w2v", "als", "bpr", "trees"]
)
def test_trained_twice_it_says_the_same(parts: tuple[Part, Part], make: type[Baseline]) -> None:
    train, test = parts
    first, second = make(), make()
    first.fit(train)
    second.fit(train)

    assert (first.scores(test) == second.scores(test)).all()


@pytest.mark.parametrize("make", [TfIdf, WordVectors, ImplicitAls, ImplicitBpr, ItemItem])
def test_without_a_history_similarity_says_nothing(parts: tuple[Part, Part], make: type[Baseline]) -> None:
    first = parts[0].log.impressions.index(next(i for i in parts[0].log.impressions if not len(i.history)))

    assert auc(make(), (parts[0], parts[0].rows(first, first + 1)), known=False) == 0.5


@pytest.mark.parametrize("make", [ImplicitAls, ImplicitBpr, ItemItem])
def test_an_item_that_nobody_liked_has_no_score(parts: tuple[Part, Part], make: type[Baseline]) -> None:
    train, test = parts
    few = train.rows(0, 5)
    baseline = make()
    baseline.fit(few)
    scores = baseline.scores(test)
    known = np.asarray(likes(few).getnnz(axis=0) > 0)
    items = np.concatenate([impression.candidates for impression in test.log.impressions])

    assert (scores[~known[items]] == 0.0).all()
    assert np.isfinite(scores).all()
    assert (scores[known[items]] != 0.0).any()


def test_likes_are_histories_and_clicks(parts: tuple[Part, Part]) -> None:
    few = parts[0].rows(0, 8)
    matrix = likes(few)
    liked = {
        (impression.user, int(item))
        for impression in few.log.impressions
        for item in (*impression.history, *impression.candidates[impression.clicked])
    }

    assert matrix.shape == (len({impression.user for impression in few.log.impressions}), len(few.log.catalogue))
    assert matrix.nnz == len(liked)


def test_texts_without_a_word_have_no_vector(parts: tuple[Part, Part]) -> None:
    train = parts[0]
    catalogue = replace(train.log.catalogue, texts=("",) * len(train.log.catalogue))
    silent = Part(replace(train.log, catalogue=catalogue), train.table)
    baseline = WordVectors()
    baseline.fit(silent)

    assert not baseline.scores(silent).any()


def test_standardised_within_each_impression(parts: tuple[Part, Part]) -> None:
    table = parts[0].rows(0, 2).table
    n = int(table.offsets[1])
    values = np.arange(len(table.clicked), dtype=np.float32)[:, None] * [1.0, 0.0]
    found = standardised(values.astype(np.float32), table)

    assert found[:n, 0].mean() == pytest.approx(0.0, abs=1e-6)
    assert found[n:, 0].std() == pytest.approx(1.0, abs=1e-5)
    assert not found[:, 1].any()
