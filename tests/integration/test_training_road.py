"""From what readers did to what the next one is recommended: train, promote, pick up, roll back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from feedsmith.bootstrap import Services
from feedsmith.models import Recommendation
from feedsmith.ranking.registry import PromotedRankers
from feedsmith_training.promotion import Promoter, TrainingReport
from feedsmith_training.run import train_all
from support.callers import api_key
from support.population import publish, read
from support.services import absorb, fake_services

pytest.importorskip("torch")


class Road:
    """A running stack of one tenant, whose readers have been reading."""

    def __init__(self) -> None:
        now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.services = fake_services()
        self.services.ledger.save_key(api_key("a", "acme"))
        read(self.services, "acme", publish(self.services, "acme", now), now)
        absorb(self.services)
        # A clock that the test moves, and look-ups that end before the request goes on.
        self.now = 0.0
        self.services.ranking._ranker = PromotedRankers(
            self.services.models,
            lambda: self.services.vectors().embedder(),
            refresh_s=60,
            clock=lambda: self.now,
            start=lambda job: job(),
        )

    def train(self) -> TrainingReport:
        outcome = train_all(self.services, Promoter(self.services.models))
        assert not outcome.failures
        (report,) = outcome.reports
        return report

    def recommend(self, after: float = 0.0, services: Services | None = None) -> Recommendation:
        self.now += after
        return (services or self.services).ranking.recommend("acme", "reader-2", domain="news")


@pytest.fixture(scope="module")
def road() -> Road:
    return Road()


def test_a_trained_ranker_serves_without_a_deployment_and_can_be_taken_back(road: Road) -> None:
    # GIVEN a running service with the fixed ranker
    fixed = road.recommend().model_version
    assert fixed.startswith("linear-")
    # WHEN the ranker is trained on what 40 readers did, and is not worse on the newest fifth
    report = road.train()
    assert report.decision == "promoted", report.reason
    assert report.comparison is not None
    assert (report.comparison.champion, report.comparison.challenger) == (fixed, report.serving)
    assert report.comparison.difference > 0.0
    # THEN the same service answers with it after the next look-up
    assert road.recommend().model_version == fixed
    slate = road.recommend(after=60)
    assert slate.model_version == report.serving
    assert len(slate.items) == 10
    # ... by scores that are sums of their terms, with what this reader reads in front
    assert all(item.score == pytest.approx(sum(term.contribution for term in item.terms)) for item in slate.items)
    assert sum(item.item_id.startswith("s2-") for item in slate.items[:3]) >= 2
    # AND after a rollback with the one before
    road.services.models.rollback("acme", "news")
    assert road.recommend().model_version == report.serving
    assert road.recommend(after=60).model_version == fixed
    road.services.models.promote("acme", "news", report.serving, {})


def test_a_new_process_serves_what_is_promoted_from_its_first_answer(road: Road) -> None:
    promotion = road.services.models.promoted("acme", "news")
    assert promotion is not None
    fresh = fake_services()
    fresh.ledger, fresh.vectors, fresh.blobs = road.services.ledger, road.services.vectors, road.services.blobs

    assert road.recommend(services=fresh).model_version == promotion.version
