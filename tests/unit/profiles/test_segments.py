"""Segments: k-anonymous, stable, and told only by what enough members share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from feedsmith.errors import NotFound
from feedsmith.models import Profile, Segment
from feedsmith.profiles.clustering import cluster
from feedsmith.profiles.segments import SegmentService, segment_ids
from feedsmith.stores import codec
from feedsmith.stores.vectors import Vector
from support.ledger import FakeClock
from support.people import DOMAINS, NOON, TENANT, unit
from support.vectors import MemoryVectors

AXES = np.eye(4, dtype=np.float32)


@pytest.fixture
def vectors() -> MemoryVectors:
    return MemoryVectors(dimension=4)


@pytest.fixture
def service(vectors: MemoryVectors) -> SegmentService:
    return SegmentService(vectors, DOMAINS, k_anonymity=3, clock=FakeClock(NOON))


def around(axis: int, n: int) -> list[Vector]:
    """``n`` tastes close to an axis, none the same, and their mean on it."""
    tilts = np.linspace(-0.1, 0.1, n)
    return [unit(*(AXES[axis] + tilt * AXES[(axis + 1) % 4])) for tilt in tilts]


def add_users(
    vectors: MemoryVectors,
    prefix: str,
    tastes: Sequence[Vector],
    *,
    topics: dict[str, float] | None = None,
    liked: Sequence[str] = (),
    domain: str = "news",
) -> None:
    for n, taste in enumerate(tastes):
        profile = Profile(
            user=f"{prefix}{n}",
            domain=domain,
            revision=1,
            interactions=1,
            taste=tuple(map(float, taste)),
            topics=topics or {},
            liked=dict.fromkeys(liked, 1.0),
            updated_at=NOON,
        )
        vectors.upsert(TENANT, "users", [codec.profile_point(profile, 4)])


def test_two_groups_are_two_segments(vectors: MemoryVectors, service: SegmentService) -> None:
    # GIVEN six readers of sport and four of politics; two of the six also like "rare"
    add_users(vectors, "a", around(0, 4), topics={"sport": 0.75, "tech": 0.25}, liked=["goal"])
    add_users(vectors, "b", around(0, 2), topics={"sport": 1.0}, liked=["goal", "rare"])
    add_users(vectors, "c", around(1, 4), topics={"politics": 0.6, "tech": 0.4}, liked=["vote"])
    # WHEN
    report = service.recluster(TENANT, "news")
    # THEN
    assert (report.k, report.users) == (2, 10)
    assert report.silhouette is not None
    assert report.silhouette > 0.9
    sport, politics = report.segments
    assert (sport.id, sport.size, sport.share, sport.label) == ("s1", 6, 0.6, "sport")
    assert sport.topics == pytest.approx({"sport": (4 * 0.75 + 2 * 1.0) / 6, "tech": 4 * 0.25 / 6})
    assert sport.liked == {"goal": 1.0}  # two are fewer than three: "rare" is nobody's business
    assert sport.centroid == pytest.approx(AXES[0], abs=0.01)
    assert (politics.id, politics.size, politics.label) == ("s2", 4, "politics & tech")
    assert politics.computed_at == NOON
    # and what is stored is what was reported
    stored = service.list(TENANT, "news")
    assert [(s.id, s.size, s.liked) for s in stored] == [(s.id, s.size, s.liked) for s in report.segments]


def test_nearest_tells_whose_member_one_is(vectors: MemoryVectors, service: SegmentService) -> None:
    add_users(vectors, "a", around(0, 5))
    add_users(vectors, "b", around(2, 4))
    service.recluster(TENANT, "news")
    found = [service.nearest(TENANT, "news", tuple(AXES[axis])) for axis in (0, 2)]
    assert [segment.id for segment in found if segment is not None] == ["s1", "s2"]
    assert service.nearest(TENANT, "news", ()) is None
    assert service.nearest(TENANT, "shop", tuple(AXES[0])) is None
    assert service.nearest("other", "news", tuple(AXES[0])) is None


def test_fewer_users_than_the_floor_have_no_segments(vectors: MemoryVectors, service: SegmentService) -> None:
    add_users(vectors, "a", around(0, 3))
    assert service.recluster(TENANT, "news").k == 1
    vectors.delete(TENANT, "users", ["news:a0"])
    report = service.recluster(TENANT, "news")
    assert (report.segments, report.users, report.silhouette) == ((), 2, None)
    assert service.list(TENANT, "news") == []


def test_who_has_no_taste_or_another_domain_is_not_clustered(vectors: MemoryVectors, service: SegmentService) -> None:
    add_users(vectors, "a", around(0, 3))
    add_users(vectors, "cold", [np.zeros(0, dtype=np.float32)])
    add_users(vectors, "s", around(1, 3), domain="shop")
    assert service.recluster(TENANT, "news").users == 3


def test_segments_keep_their_ids_and_new_ones_get_new(vectors: MemoryVectors, service: SegmentService) -> None:
    # GIVEN s1 about axis 0 and s2 about axis 1
    add_users(vectors, "a", around(0, 5))
    add_users(vectors, "b", around(1, 4))
    service.recluster(TENANT, "news")
    # WHEN axis 1 becomes the largest, axis 0 loses all, and axis 2 is new
    add_users(vectors, "b", around(1, 6))
    add_users(vectors, "a", around(2, 5))
    report = service.recluster(TENANT, "news")
    # THEN s2 lives on, s1 is gone, and the new one is not called s1
    assert [segment.id for segment in report.segments] == ["s2", "s3"]
    assert [segment.id for segment in service.list(TENANT, "news")] == ["s2", "s3"]


def test_a_rerun_changes_nothing(vectors: MemoryVectors, service: SegmentService) -> None:
    for axis in range(3):
        add_users(vectors, f"u{axis}-", around(axis, 5), liked=[f"i{axis}"])
    first, second, third = (service.recluster(TENANT, "news") for _ in range(3))
    assert second == third
    # What each run tells of the one before: nothing in the first, and in the next that nothing moved.
    assert [(one.size_before, one.drift) for one in first.segments] == [(None, None)] * 3
    assert [(one.size_before, one.drift) for one in second.segments] == [(5, pytest.approx(0, abs=1e-6))] * 3
    since = {"size_before": None, "drift": None}
    assert tuple(one.model_copy(update=since) for one in second.segments) == first.segments


def test_more_users_than_one_page_are_all_clustered(vectors: MemoryVectors) -> None:
    service = SegmentService(vectors, DOMAINS, k_anonymity=150)
    add_users(vectors, "a", around(0, 300))
    assert service.recluster(TENANT, "news").users == 300


def test_no_topics_or_sensitive_ones_label_nobody(vectors: MemoryVectors, service: SegmentService) -> None:
    add_users(vectors, "a", around(0, 3), topics={"health": 1.0})
    (segment,) = service.recluster(TENANT, "news").segments
    assert (segment.label, segment.topics) == ("News", {"health": 1.0})


def test_an_unknown_domain_is_named(service: SegmentService) -> None:
    with pytest.raises(NotFound, match="'poetry'"):
        service.recluster(TENANT, "poetry")


def test_clusters_below_the_floor_join_their_neighbours() -> None:
    # Two stragglers between the axes 0 and 1, nearer to 1, and groups of ten on the axes 0, 1 and 3
    stragglers = [unit(0.4, 0.9, 0, 0), unit(0.41, 0.9, 0, 0)]
    tastes = np.array([*around(0, 10), *stragglers, *around(1, 10), *around(3, 10)])
    found = cluster(tastes, floor=3)
    sizes = np.bincount(found.labels)
    assert sorted(sizes) == [10, 10, 12]
    assert set(found.labels[10:12]) == {found.labels[12]}
    assert sizes[0] == 12  # largest first


@pytest.mark.parametrize("floor", [2, 5, 9])
def test_every_cluster_is_the_nearest_of_enough(floor: int) -> None:
    noise = np.random.default_rng(7).normal(size=(60, 4)).astype(np.float32)
    tastes = noise / np.linalg.norm(noise, axis=1, keepdims=True)
    found = cluster(tastes, floor=floor)
    assert np.bincount(found.labels).min() >= floor
    assert (found.labels == (tastes @ found.centroids.T).argmax(axis=1)).all()
    assert np.linalg.norm(found.centroids, axis=1) == pytest.approx(1.0, abs=1e-6)


def test_users_all_alike_are_one_cluster() -> None:
    found = cluster(np.tile(AXES[0], (20, 1)), floor=2)
    assert (len(found.centroids), found.silhouette) == (1, None)


def test_opposite_tastes_have_no_common_direction_but_a_centroid() -> None:
    found = cluster(np.array([AXES[0], -AXES[0]]), floor=2)
    assert found.centroids[0] == pytest.approx([0.5] * 4)


def test_ids_follow_the_best_overall_match() -> None:
    old = [
        Segment(id=name, domain="news", label="l", size=5, share=0.5, centroid=tuple(map(float, at)), computed_at=NOON)
        for name, at in (("s4", unit(1, 0, 0, 0)), ("s7", unit(0.8, 0.6, 0, 0)))
    ]
    # Row 0 is nearest to s4 (.96, to s7 .936); row 1 is s7's (1.0) by far; row 2 is unlike both
    new = np.array([unit(0.96, 0.28, 0, 0), unit(0.8, 0.6, 0, 0), unit(0, 0, 1, 0)])
    assert segment_ids(old, new) == ["s4", "s7", "s8"]
    assert segment_ids([], new) == ["s1", "s2", "s3"]
