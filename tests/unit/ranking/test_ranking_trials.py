"""What experiments change of a reader's ranking."""

from __future__ import annotations

import json

import pytest

from feedsmith.domains import load_domains
from feedsmith.experiments import RerankingChange
from feedsmith.insight import metrics
from feedsmith.insight.trials import UNTREATED, Treatment
from feedsmith.ranking.linear import LinearRanker
from feedsmith.ranking.registry import ModelRegistry
from feedsmith.ranking.trials import RankingTrials, Trial, no_trial
from support.ledger import InMemoryBlobs
from support.rankers import EMBEDDER, load_ranker, ranker_file

NEWS = load_domains()["news"]


@pytest.fixture
def registry() -> ModelRegistry:
    return ModelRegistry(InMemoryBlobs(), "models")


def trial(registry: ModelRegistry, treatment: Treatment) -> Trial:
    return RankingTrials(lambda *_: treatment, registry, lambda: EMBEDDER, load=load_ranker)("t", "u", NEWS)


def test_without_an_experiment_all_is_as_it_was(registry: ModelRegistry) -> None:
    assert trial(registry, UNTREATED) == no_trial("t", "u", NEWS) == Trial(NEWS)


def test_a_variant_changes_what_it_names_of_re_ranking_and_nothing_else(registry: ModelRegistry) -> None:
    changed = trial(registry, Treatment({"x": "b"}, reranking=RerankingChange(exploration=0.0, max_per_provider=1)))

    expected = NEWS.reranking.model_dump() | {"exploration": 0.0, "max_per_provider": 1}
    assert changed.domain.reranking.model_dump() == expected
    assert changed.domain.model_copy(update={"reranking": NEWS.reranking}) == NEWS
    assert changed.variants == {"x": "b"}


def test_a_variant_s_ranker_serves_and_is_loaded_once(registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.put("t", "news", "v1", ranker_file("v1"), {})
    trials = RankingTrials(lambda *_: Treatment(ranker="v1"), registry, lambda: EMBEDDER, load=load_ranker)

    first = trials("t", "u", NEWS).ranker
    monkeypatch.setattr(registry, "model", None)
    assert first is not None
    assert first.version == "v1"
    assert trials("t", "v", NEWS).ranker is first
    assert isinstance(trial(registry, Treatment(ranker="linear")).ranker, LinearRanker)


@pytest.mark.parametrize("data", [None, b"not a ranker at all", ranker_file("v1", embedder="other@1")])
def test_a_ranker_that_cannot_be_loaded_leaves_the_one_that_serves_and_is_counted_once(
    registry: ModelRegistry, data: bytes | None
) -> None:
    lines: list[str] = []
    if data is not None:
        registry.put("t", "news", "v1", data, {})
    trials = RankingTrials(lambda *_: Treatment(ranker="v1"), registry, lambda: EMBEDDER, load=load_ranker)
    metrics.redirect(lines.append)
    try:
        assert [trials("t", user, NEWS).ranker for user in "uv"] == [None, None]
    finally:
        metrics.redirect(None)

    assert [json.loads(line)["TreatmentFailed"] for line in lines] == [[1]]
