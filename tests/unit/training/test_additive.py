"""The trained ranker on logs whose truth is planted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from feedsmith.domains import load_domains
from feedsmith.errors import ConfigurationError, TooLittleData
from feedsmith.ranking.additive import AdditiveRanker, Manifest
from feedsmith.ranking.base import PROJECTIONS, Features, FeatureSpace
from feedsmith.ranking.features import FEATURES, GROUPS
from feedsmith_training.additive import LEADERS, AdditiveModel, Recipe, train_on
from feedsmith_training.export import to_onnx
from feedsmith_training.log import Catalogue
from feedsmith_training.metrics import quality
from feedsmith_training.replay import FeatureTable

SMALL = Recipe(members=2, hidden=4, epochs=20, batch=16, learning_rate=1e-2)
NEWS = load_domains()["news"]


def table(*, cause: str, impressions: int = 300, candidates: int = 8, seed: int = 0) -> FeatureTable:
    """All features are noise; of each impression's candidates, the one with the largest ``cause`` is clicked."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(impressions * candidates, len(FEATURES))).astype(np.float32)
    deciding = values[:, list(FEATURES).index(cause)].reshape(impressions, candidates)
    clicked = deciding == deciding.max(axis=1, keepdims=True)
    return FeatureTable(
        tuple(FEATURES),
        values,
        np.arange(0, len(values) + 1, candidates, dtype=np.intp),
        clicked.ravel(),
        rng.integers(0, 50, impressions).astype(np.intp),
    )


def auc(model: AdditiveModel, measured: FeatureTable) -> float:
    return float(quality(model.scores(measured), measured.clicked, measured.offsets)[:, 0].mean())


def test_what_decides_is_found_and_is_the_term_that_explains() -> None:
    # GIVEN clicks that follow one feature of popularity
    model = train_on(table(cause="lift_recent"), FeatureSpace(), recipe=SMALL)
    # WHEN other impressions are scored
    measured = table(cause="lift_recent", seed=1)
    terms = model.terms_of(measured)
    # THEN the clicked candidate comes first nearly always, and by its popularity
    assert auc(model, measured) > 0.95
    spread = dict(zip(model.terms, terms.std(axis=0), strict=True))
    assert max(spread, key=lambda name: spread[name]) == "popularity"
    assert terms.sum(axis=1) == pytest.approx(model.scores(measured), abs=1e-5)


def test_terms_are_relative_to_the_candidates() -> None:
    measured = table(cause="taste", impressions=30)
    model = train_on(table(cause="taste"), FeatureSpace(), recipe=SMALL)
    means = model.terms_of(measured).reshape(30, 8, -1).mean(axis=1)
    assert means == pytest.approx(np.zeros_like(means), abs=1e-5)


def test_a_group_that_is_left_out_has_no_term_and_no_say() -> None:
    model = train_on(table(cause="lift_recent"), FeatureSpace(), recipe=SMALL, without=("popularity",))
    assert "popularity" not in model.terms
    assert not {name for name in model.features if GROUPS[FEATURES[name]] == "popularity"}
    assert auc(model, table(cause="lift_recent", seed=1)) == pytest.approx(0.5, abs=0.1)


def test_terms_are_one_per_group_and_none_of_search_texts_or_dislikes() -> None:
    model = train_on(table(cause="taste"), FeatureSpace(), recipe=SMALL)
    assert set(model.terms) == set(LEADERS.values())
    assert not {"query", "disliked"} & set(model.features)


def test_an_unconstrained_network_finds_what_only_two_groups_together_tell() -> None:
    # GIVEN clicks that follow the product of a feature of content and one of popularity
    def crossed(seed: int) -> FeatureTable:
        made = table(cause="taste", impressions=1500, seed=seed)
        columns = [list(FEATURES).index(name) for name in ("taste", "lift_recent")]
        product = made.values[:, columns].prod(axis=1).reshape(-1, 8)
        return replace(made, clicked=(product == product.max(axis=1, keepdims=True)).ravel())

    recipe = Recipe(members=1, hidden=8, epochs=15, hide=0.0, dropout=0.0, weight_decay=0.01)
    free = train_on(crossed(0), FeatureSpace(), recipe=recipe, unconstrained=True)
    sums = train_on(crossed(0), FeatureSpace(), recipe=recipe)
    assert auc(free, crossed(1)) > auc(sums, crossed(1)) + 0.05


def test_the_same_seed_gives_the_same_model_and_another_one_another() -> None:
    log = table(cause="taste")
    first, again = (train_on(log, FeatureSpace(), recipe=SMALL, seed=3) for _ in range(2))
    assert first.version == again.version
    assert first.version != train_on(log, FeatureSpace(), recipe=SMALL, seed=4).version


def test_too_few_clicks_are_refused_with_their_number() -> None:
    with pytest.raises(TooLittleData, match="199 clicks"):
        train_on(table(cause="taste", impressions=199), FeatureSpace(), recipe=SMALL)


# -- the file ---------------------------------------------------------------------------------------------------


def catalogue(**changed: Any) -> Catalogue:
    known: dict[str, Any] = {
        "ids": (),
        "texts": (),
        "vectors": np.zeros((0, 4), np.float32),
        "embedder": "axes@1",
        "topics": np.zeros((0, len(NEWS.taxonomy)), np.float32),
        "topic_names": tuple(NEWS.taxonomy),
        "published": np.zeros(0),
        "providers": (),
    }
    return Catalogue(**known | changed)


@pytest.fixture(scope="module")
def trained() -> AdditiveModel:
    projections = tuple(
        np.full((4 + len(NEWS.taxonomy), 2), number, dtype=np.float32) for number in range(1, PROJECTIONS + 1)
    )
    return train_on(table(cause="taste"), FeatureSpace(projections, (), 0.25), recipe=SMALL)


@pytest.fixture(scope="module")
def file(trained: AdditiveModel) -> bytes:
    return to_onnx(trained, catalogue(), "news")


def test_the_served_terms_are_the_trained_ones(trained: AdditiveModel, file: bytes) -> None:
    measured = table(cause="taste", impressions=5, seed=2)
    ranker = AdditiveRanker.load(file, domain=NEWS, embedder="axes@1")
    expected = trained.terms_of(measured)
    for impression in range(5):
        rows = slice(impression * 8, impression * 8 + 8)
        features = Features(
            measured.names, tuple(FEATURES.values()), measured.values[rows], int(measured.history[impression])
        )
        served = ranker.terms(features)
        assert served.names == (*trained.terms, "query", "disliked")
        assert served.contributions[:, :-2] == pytest.approx(expected[rows], abs=1e-5)
        # What no log teaches keeps the domain's weights: 4 for a search text, say, and -2 for dislikes.
        query, disliked = (measured.values[rows, list(FEATURES).index(name)] for name in ("query", "disliked"))
        assert served.contributions[:, -2] == pytest.approx(NEWS.weights.query * query, abs=1e-5)
        assert served.contributions[:, -1] == pytest.approx(NEWS.weights.disliked * disliked, abs=1e-5)


def test_the_feature_space_comes_with_the_file(trained: AdditiveModel, file: bytes) -> None:
    ranker = AdditiveRanker.load(file, domain=NEWS, embedder="axes@1")
    assert ranker.version == trained.version
    assert ranker.space.base_rate == 0.25
    assert all(map(np.array_equal, ranker.space.projections, trained.space.projections))


@pytest.mark.parametrize(
    ("made_for", "said"),
    [
        ({"embedder": "other@1"}, "another embedder: 'other@1' instead of 'axes@1'"),
        ({"topic_names": ("politics",)}, "another taxonomy"),
    ],
)
def test_a_model_of_another_world_is_refused_by_name(trained: AdditiveModel, made_for: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        AdditiveRanker.load(to_onnx(trained, catalogue(**made_for), "news"), domain=NEWS, embedder="axes@1")


def test_a_model_of_another_domain_is_refused(trained: AdditiveModel) -> None:
    with pytest.raises(ConfigurationError, match="another domain: 'travel' instead of 'news'"):
        AdditiveRanker.load(to_onnx(trained, catalogue(), "travel"), domain=NEWS, embedder="axes@1")


def test_a_model_of_unknown_features_is_refused(monkeypatch: pytest.MonkeyPatch, file: bytes) -> None:
    whole = Manifest.model_validate_json

    def with_another(text: str) -> Manifest:
        found = whole(text)
        return found.model_copy(update={"features": (*found.features[:-1], "mood")})

    monkeypatch.setattr(Manifest, "model_validate_json", with_another)
    with pytest.raises(ConfigurationError, match="features that there are not: mood"):
        AdditiveRanker.load(file, domain=NEWS, embedder="axes@1")


@pytest.mark.parametrize("data", [b"", b"no model"])
def test_a_file_that_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(ConfigurationError, match="cannot be loaded"):
        AdditiveRanker.load(data, domain=NEWS, embedder="axes@1")


def test_features_of_another_version_are_refused(file: bytes) -> None:
    ranker = AdditiveRanker.load(file, domain=NEWS, embedder="axes@1")
    with pytest.raises(ConfigurationError, match="another version"):
        ranker.terms(Features(("taste",), ("taste",), np.zeros((1, 1), np.float32), 0))
