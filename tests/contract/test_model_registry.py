"""The registry over each blob store: what is promoted serves, and there is a way back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from feedsmith.errors import ConfigurationError, NotFound
from feedsmith.ranking.registry import KEPT, ModelRegistry, Promotion
from feedsmith.stores import aws
from feedsmith.stores.objects import Blobs
from feedsmith.stores.s3 import S3Blobs
from support.aws import REGION, mock_region
from support.ledger import FakeClock, InMemoryBlobs

BUCKET = "models"


@pytest.fixture(params=["memory", "s3"])
def blobs(request: pytest.FixtureRequest) -> Iterator[Blobs]:
    if request.param == "memory":
        yield InMemoryBlobs()
        return
    with mock_region():
        client = aws.client("s3")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield S3Blobs(client)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def registry(blobs: Blobs, clock: FakeClock) -> ModelRegistry:
    return ModelRegistry(blobs, BUCKET, clock)


def test_nothing_is_promoted_at_first(registry: ModelRegistry) -> None:
    assert registry.promoted("acme", "news") is None
    assert registry.versions("acme", "news") == []
    assert registry.report("acme", "news", "v1") is None
    with pytest.raises(NotFound, match="train it again"):
        registry.model("acme", "news", "v1")


def test_a_model_is_kept_and_serves_once_it_is_promoted(registry: ModelRegistry, clock: FakeClock) -> None:
    registry.put("acme", "news", "v1", b"model one", {"gain": 0.1})
    assert registry.promoted("acme", "news") is None

    promotion = registry.promote("acme", "news", "v1", {"gain": 0.1, "decision": "promoted"})

    assert promotion == registry.promoted("acme", "news") == Promotion(version="v1", at=clock.now)
    assert registry.model("acme", "news", "v1") == b"model one"
    assert registry.report("acme", "news", "v1") == {"gain": 0.1, "decision": "promoted"}


def test_tenants_and_domains_are_apart(registry: ModelRegistry) -> None:
    registry.put("acme", "news", "v1", b"x", {})
    registry.promote("acme", "news", "v1", {})

    for tenant, domain in (("acme", "newspapers"), ("acm", "news"), ("other", "news")):
        assert registry.versions(tenant, domain) == []
        assert registry.promoted(tenant, domain) is None
        with pytest.raises(NotFound, match=r"'v1'.*train it first"):
            registry.promote(tenant, domain, "v1", {})


def test_rolling_back_goes_one_version_back_each_time_and_at_last_to_the_fixed_ranker(
    registry: ModelRegistry, clock: FakeClock
) -> None:
    # GIVEN three versions, promoted one after the other
    for version in ("v1", "v2", "v3"):
        registry.put("acme", "news", version, version.encode(), {})
        registry.promote("acme", "news", version, {})
        clock.advance(hours=1)
    # WHEN the newest is rolled back, and another one promoted
    back = registry.rollback("acme", "news")
    assert back is not None
    assert back == registry.promoted("acme", "news")
    assert (back.version, back.at) == ("v2", clock.now - timedelta(hours=2))
    registry.put("acme", "news", "v4", b"v4", {})
    registry.promote("acme", "news", "v4", {})
    # THEN the way back leads past it to v2, v1 and none
    ways = [registry.rollback("acme", "news") for _ in range(3)]
    assert [way.version if way else None for way in ways] == ["v2", "v1", None]
    assert registry.promoted("acme", "news") is None
    rolled_back = registry.promotions("acme", "news").rolled_back
    assert [promotion.version for promotion in rolled_back] == ["v1", "v2", "v4", "v3"]
    # AND no further, though no version is lost
    with pytest.raises(NotFound, match="nothing to roll back"):
        registry.rollback("acme", "news")
    assert registry.versions("acme", "news") == ["v1", "v2", "v3", "v4"]


def test_promoting_what_serves_changes_nothing(registry: ModelRegistry) -> None:
    registry.put("acme", "news", "v1", b"x", {})
    first = registry.promote("acme", "news", "v1", {})

    assert registry.promote("acme", "news", "v1", {"again": True}) == first
    assert registry.rollback("acme", "news") is None


def test_the_history_is_bounded(registry: ModelRegistry) -> None:
    for number in range(KEPT + 2):
        registry.put("acme", "news", f"v{number}", b"x", {})
        registry.promote("acme", "news", f"v{number}", {})

    kept = [promotion.version for promotion in registry.promotions("acme", "news").promoted]
    assert kept == [f"v{number}" for number in range(KEPT + 1, 1, -1)]


@pytest.mark.parametrize("text", [b"", b"{", b'{"promoted": [{"version": "v1"}]}', b'{"later": 1}'])
def test_an_unreadable_history_is_named(registry: ModelRegistry, blobs: Blobs, text: bytes) -> None:
    blobs.write(BUCKET, "models/acme/news/promoted.json", text)

    with pytest.raises(ConfigurationError, match=r"models/acme/news/promoted.json cannot be read.*same version"):
        registry.promoted("acme", "news")
