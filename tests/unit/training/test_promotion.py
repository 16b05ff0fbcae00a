"""A challenger is promoted where it is not worse; whatever goes wrong, what serves goes on serving."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from feedsmith.domains.loader import Domain
from feedsmith.ranking.linear import LinearRanker
from feedsmith.ranking.registry import ModelRegistry
from feedsmith_training.log import Catalogue, Impression, ImpressionLog
from feedsmith_training.promotion import MARGIN, Comparison, Promoter
from feedsmith_training.replay import HalfLives
from support.ledger import FakeClock, InMemoryBlobs
from support.people import DOMAINS
from support.rankers import EMBEDDER, load_ranker, ranker_file

NEWS = DOMAINS["news"]
FIXED = LinearRanker(NEWS.weights).version
DAY = 86_400.0
T = 1_772_366_400.0


def a_log(slates: int = 400, *, readers: int = 40, clicks_follow: str = "taste", seed: int = 0) -> ImpressionLog:
    """Readers of whom each likes one of two directions, and clicks on the one candidate of it (or, on the other).

    All 20 items were published at the same time; each slate shows three, one of them in the reader's direction.
    """
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0.0, 0.1, 20) + np.repeat([0.0, np.pi / 2], 10)
    catalogue = Catalogue(
        ids=tuple(f"i{row}" for row in range(20)),
        texts=("",) * 20,
        vectors=np.column_stack([np.cos(angle), np.sin(angle)]).astype(np.float32),
        embedder=EMBEDDER,
        topics=np.zeros((20, 2), dtype=np.float32),
        topic_names=("sport", "health"),
        published=np.full(20, T - DAY),
        providers=(None,) * 20,
    )
    impressions = []
    for number in range(slates):
        user = number % readers
        mine, other = np.arange(10) + 10 * (user % 2), np.arange(10) + 10 * (1 - user % 2)
        candidates = np.concatenate([rng.choice(mine, 1), rng.choice(other, 2, replace=False)])
        hit = 0 if clicks_follow == "taste" else 1
        impressions.append(
            Impression(
                user=user, at=T + 60.0 * number,
                history=rng.choice(mine, 2, replace=False).astype(np.intp), history_weights=np.ones(2),
                candidates=candidates.astype(np.intp), clicked=np.arange(3) == hit,
                exposure=np.ones(3), propensity=np.ones(3),
            )
        )  # fmt: skip
    return ImpressionLog(catalogue, tuple(impressions))


class Trainer:
    """Answers with the given file; remembers what it was given to train on."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.given: list[ImpressionLog] = []

    def __call__(self, log: ImpressionLog, half_lives: HalfLives, domain: Domain) -> bytes:
        assert (half_lives, domain) == (HalfLives(trend=1, freshness=1), NEWS)
        self.given.append(log)
        return self.data


GOOD, BAD = ranker_file("good-1"), ranker_file("bad-1", sign=-1.0)


@pytest.fixture
def registry() -> ModelRegistry:
    return ModelRegistry(InMemoryBlobs(), "models", FakeClock())


def promoter(registry: ModelRegistry, data: bytes) -> Promoter:
    return Promoter(registry, train=Trainer(data), load=load_ranker, clock=FakeClock())


def serve(registry: ModelRegistry, version: str, data: bytes) -> None:
    registry.put("acme", "news", version, data, {})
    registry.promote("acme", "news", version, {})


def test_a_better_challenger_is_promoted(registry: ModelRegistry) -> None:
    # GIVEN a champion that ranks readers' own direction last, and a challenger that ranks it first
    serve(registry, "bad-1", BAD)

    report = promoter(registry, GOOD).run("acme", NEWS, a_log())

    # THEN the click is always in place 1 of 3 instead of 3 of 3: nDCG 1 against 1 / log2(4) = .5
    found = report.comparison
    assert found is not None
    assert (found.champion, found.challenger) == ("bad-1", "good-1")
    assert (found.champion_ndcg, found.challenger_ndcg) == (pytest.approx(0.5), pytest.approx(1.0))
    assert found.difference == pytest.approx(found.low) == pytest.approx(found.high) == pytest.approx(0.5)
    assert (found.slates, found.readers) == (80, 40)  # a fifth of 400
    assert (report.decision, report.serving) == ("promoted", "good-1")
    promotion = registry.promoted("acme", "news")
    assert promotion is not None
    assert promotion.version == "good-1"
    assert registry.report("acme", "news", "good-1") == report.model_dump(mode="json")
    assert registry.model("acme", "news", "good-1") == GOOD


def test_a_worse_challenger_is_kept_but_does_not_serve(registry: ModelRegistry) -> None:
    serve(registry, "good-0", ranker_file("good-0"))

    report = promoter(registry, BAD).run("acme", NEWS, a_log())

    assert (report.decision, report.serving) == ("kept", "good-0")
    assert "may be worse: nDCG@10 -0.5" in report.reason
    promotion = registry.promoted("acme", "news")
    assert promotion is not None
    assert promotion.version == "good-0"
    assert registry.versions("acme", "news") == ["bad-1", "good-0"]
    stored = registry.report("acme", "news", "bad-1")
    assert stored is not None
    assert stored["decision"] == "kept"


def test_an_equal_challenger_is_promoted(registry: ModelRegistry) -> None:
    serve(registry, "good-0", ranker_file("good-0"))

    report = promoter(registry, GOOD).run("acme", NEWS, a_log())

    assert report.comparison is not None
    assert (report.comparison.difference, report.comparison.low) == (0.0, 0.0)
    assert report.serving == "good-1"


@pytest.mark.parametrize(
    ("difference", "low", "promoted"),
    [(0.0, 0.0, True), (0.0, -MARGIN, False), (0.0, -0.0049, True), (0.01, -0.006, False), (-0.0001, -0.0002, False)],
)
def test_neither_the_interval_nor_the_point_may_be_against_it(difference: float, low: float, promoted: bool) -> None:
    found = Comparison(
        champion="a", challenger="b", slates=1, readers=1, champion_ndcg=0.5, challenger_ndcg=0.5,
        difference=difference, low=low, high=0.1,
    )  # fmt: skip
    assert found.not_worse is promoted


def test_the_first_challenger_meets_the_fixed_ranker(registry: ModelRegistry) -> None:
    report = promoter(registry, GOOD).run("acme", NEWS, a_log())

    assert report.comparison is not None
    assert report.comparison.champion == FIXED


def test_it_is_trained_on_what_lies_before_the_window(registry: ModelRegistry) -> None:
    trainer, log = Trainer(GOOD), a_log()

    Promoter(registry, train=trainer, load=load_ranker).run("acme", NEWS, log)

    (given,) = trainer.given
    assert given.impressions == log.impressions[:320]


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (a_log(249), "199 clicks to train on, outside the newest 20% of slates; 200 are needed"),
        (a_log(400, readers=9), "9 readers in the newest 20% of slates; 10 are needed to compare"),
        (ImpressionLog(a_log(1).catalogue, ()), "0 clicks to train on"),
    ],
)
def test_with_too_little_data_what_serves_goes_on_and_the_report_says_so(
    registry: ModelRegistry, log: ImpressionLog, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        report = promoter(registry, GOOD).run("acme", NEWS, log)

    assert (report.decision, report.serving, report.comparison) == ("kept", FIXED, None)
    assert report.reason.startswith("too little data: ")
    assert said in report.reason
    assert registry.versions("acme", "news") == []
    assert report.reason in [record.__dict__.get("reason") for record in caplog.records]


def test_200_clicks_are_enough(registry: ModelRegistry) -> None:
    assert promoter(registry, GOOD).run("acme", NEWS, a_log(250)).decision == "promoted"


@pytest.mark.parametrize("champion", [ranker_file("old-1", embedder="other@1"), None])
def test_a_champion_that_cannot_serve_is_none(registry: ModelRegistry, champion: bytes | None) -> None:
    serve(registry, "old-1", champion or b"")
    if champion is None:  # its file is gone
        blobs = registry._blobs
        assert isinstance(blobs, InMemoryBlobs)
        del blobs._versions["models", "models/acme/news/old-1.onnx"]

    report = promoter(registry, GOOD).run("acme", NEWS, a_log())

    assert report.comparison is not None
    assert report.comparison.champion == FIXED


def test_slates_without_a_click_are_counted_and_replayed_but_not_compared(registry: ModelRegistry) -> None:
    # GIVEN every fifth of 500 slates without a click
    log, trainer = a_log(500), Trainer(GOOD)
    silent = [replace(i, clicked=np.zeros(3, dtype=bool)) if n % 5 == 0 else i for n, i in enumerate(log.impressions)]

    report = Promoter(registry, train=trainer, load=load_ranker).run(
        "acme", NEWS, replace(log, impressions=tuple(silent))
    )

    assert (report.slates, report.clicks, report.left_out) == (400, 400, {"slate without a click": 100})
    assert len(trainer.given[0]) == 400  # four fifths of all; what was shown in vain is known
    assert report.comparison is not None
    assert report.comparison.slates == 80  # of the newest 100
    assert report.off_policy is None


def test_clicks_that_teach_no_order_do_not_count(registry: ModelRegistry) -> None:
    log = a_log()
    all_clicked = [replace(i, clicked=np.ones(3, dtype=bool)) for i in log.impressions]

    report = promoter(registry, GOOD).run("acme", NEWS, replace(log, impressions=tuple(all_clicked)))

    assert "0 clicks to train on" in report.reason


def test_exploration_whose_pool_nobody_logged_is_said_to_say_nothing(registry: ModelRegistry) -> None:
    log = a_log()
    explored = [replace(i, propensity=np.array([1.0, 1.0, 0.25])) for i in log.impressions]

    report = promoter(registry, GOOD).run("acme", NEWS, ImpressionLog(log.catalogue, tuple(explored)))

    assert report.off_policy is not None
    assert (report.off_policy.places, report.off_policy.usable) == (80, 0)
    assert "were not logged" in report.off_policy.note
    assert report.off_policy.ips is None
