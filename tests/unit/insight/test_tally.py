"""Figures by hand: a small domain, its days, groups and buckets."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.errors import ConfigurationError
from feedsmith.experiments import Experiment, Variant
from feedsmith.insight.cube import BUCKETS, OTHER, QUANTITIES, Cube, bucket, reach
from feedsmith.insight.statistics import Ratio
from feedsmith.insight.tally import ItemFacts, Tally
from feedsmith.models import Event

START = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ITEM = ItemFacts("news", "reuters", ("world", "sport"), (NOON - timedelta(hours=6)).timestamp())
AT = {name: index for index, name in enumerate(QUANTITIES)}


def event(kind: str, user: str = "u", *, day: int = 0, item: str = "a", **fields: object) -> Event:
    return Event.model_validate(
        {"user_id": user, "item_id": item, "type": kind, "at": NOON + timedelta(days=day), **fields}
    )


def tally(k: int = 1, *, days: int = 3, segments: dict[str, str] | None = None, experiments: tuple = ()) -> Tally:
    return Tally(START, days, experiments, segments or {}, k)


def totals(cube: Cube, group: str) -> dict[str, float]:
    """Sums over days and buckets."""
    own = cube.sums[cube.groups.index(group)].sum(axis=(0, 1))
    return {name: float(own[AT[name]]) for name in QUANTITIES}


def test_what_each_kind_of_event_adds() -> None:
    counted = tally()
    for made in [
        event("impression", position=0),
        event("impression", position=2),
        event("impression"),
        event("click"),
        event("click", event_id="again"),
        event("purchase", value=9.5),
        event("rate", value=4),
        event("rate", value=3.9),
        event("like"),
    ]:
        counted.add("u", made, ITEM)

    assert totals(counted.cube("all", 10), "all") == {
        "impressions": 3, "clicks": 2, "conversions": 1, "ratings": 2, "satisfied": 1, "dated": 3, "age_hours": 18,
        "exposure": pytest.approx(1 + 1 / math.log2(4) + 1),
    }  # fmt: skip


def test_an_item_of_two_categories_counts_half_for_each_and_one_without_a_date_has_no_age() -> None:
    counted = tally()
    counted.add("u", event("impression", position=0), ITEM._replace(published=None))
    cube = counted.cube("category", 10)

    assert cube.groups == ("sport", "world")
    assert totals(cube, "sport")["impressions"] == 0.5
    assert totals(cube, "sport")["dated"] == 0
    assert totals(counted.cube("provider", 10), "reuters")["impressions"] == 1


def test_an_item_shown_before_it_was_published_is_of_age_zero() -> None:
    counted = tally()
    counted.add("u", event("impression"), ITEM._replace(published=(NOON + timedelta(hours=1)).timestamp()))

    assert totals(counted.cube("all", 1), "all")["age_hours"] == 0


def test_days_users_and_coverage() -> None:
    counted = tally()
    for user, item, day in [("u", "a", 0), ("u", "b", 2), ("v", "a", 1), ("w", "c", 5), ("w", "c", -1)]:
        counted.add(user, event("impression", user, day=day, item=item), ITEM)
    cube = counted.cube("all", 10)

    # users from day to day, and items: u on 0 and 2, v on 1; what lies outside of the days counts nowhere
    assert cube.users[0].tolist() == [[1, 2, 2], [0, 1, 2], [0, 0, 1]]
    assert cube.shown.tolist() == [[1, 1, 2], [0, 1, 2], [0, 0, 1]]
    assert (cube.days(START, START + timedelta(days=9)), cube.days(START - timedelta(days=9), START)) == (
        (0, 2),
        (0, 0),
    )
    assert cube.days(START + timedelta(days=3), START + timedelta(days=9)) is None
    assert cube.day(2) == date(2026, 3, 3)


def test_a_user_s_events_lie_in_one_bucket() -> None:
    counted = tally()
    for day in range(3):
        counted.add("u", event("impression", day=day), ITEM)
    cells = counted.cube("all", 1).sums[0, :, :, AT["impressions"]]

    assert np.flatnonzero(cells.sum(axis=0)).tolist() == [bucket("u")]
    assert 0 <= bucket("u") < BUCKETS


def test_no_figure_tells_of_fewer_than_k_users_nor_does_a_difference() -> None:
    # GIVEN three users in segment a, two in b, one in c
    segments = {"u1": "a", "u2": "a", "u3": "a", "v1": "b", "v2": "b", "w1": "c"}
    counted = tally(2, segments=segments)
    for user in segments:
        counted.add(user, event("impression", user), ITEM)
    # WHEN figures may tell of two users at least
    cube = counted.cube("segment", 1)
    # THEN c, of one user, takes the smallest other segment along: what is left of all tells of two, too
    assert cube.groups == ("a", OTHER)
    assert totals(cube, OTHER)["impressions"] == 3
    assert cube.users[:, 0, 0].tolist() == [3, 3]
    assert counted.cube("all", 1).users[0, 0, 0] == 6


def test_who_is_in_no_group_is_in_the_rest() -> None:
    counted = tally(2, segments={"u": "a", "v": "a"})
    for user in ("u", "v", "x", "y"):
        counted.add(user, event("impression", user), ITEM._replace(provider=None, categories=()))

    assert counted.cube("segment", 1).groups == ("a", OTHER)
    assert counted.cube("provider", 1).groups == counted.cube("category", 1).groups == (OTHER,)


def test_a_day_of_too_few_users_is_told_nowhere() -> None:
    counted = tally(2)
    for user, day in [("u", 0), ("v", 0), ("u", 1)]:
        counted.add(user, event("click", user, day=day), ITEM)
    cube = counted.cube("all", 1)

    assert totals(cube, "all")["clicks"] == 2
    assert cube.users[0].tolist() == [[2, 2, 2], [0, 0, 0], [0, 0, 0]]


def test_nothing_at_all_is_told_of_a_lonely_user() -> None:
    counted = tally(2)
    counted.add("u", event("click"), ITEM)

    assert counted.cube("all", 1).groups == counted.cube("provider", 1).groups == ()


def test_events_of_nobody_count_but_are_no_users() -> None:
    counted = tally(2, segments={"anon-1": "a"})
    for user in ("u", "v", "anon-1", "anon-2"):
        counted.add(user, event("click", user), ITEM)
    cube = counted.cube("all", 1)

    assert totals(cube, "all")["clicks"] == 4
    assert cube.users[0, 0, 0] == 2
    assert totals(counted.cube("segment", 1), OTHER)["clicks"] == 2


def test_only_the_largest_hundred_providers_have_a_row() -> None:
    counted = tally(days=1)
    for number in range(102):
        for shown in range(2 if number else 1):
            made = event("impression", event_id=f"{number}-{shown}")
            counted.add("u", made, ITEM._replace(provider=f"p{number:03}"))
    cube = counted.cube("provider", 1)

    assert len(cube.groups) == 101
    assert "p000" not in cube.groups
    assert totals(cube, OTHER)["impressions"] == 3  # p000 once, and p101, last by name of the others, twice


def test_an_experiment_s_users_are_summed_by_variant_from_its_start_on() -> None:
    experiment = Experiment(
        id="x", domain="news", variants=(Variant(name="old"), Variant(name="new")), status="running", salt="s",
        started_at=NOON - timedelta(days=200), stopped_at=NOON + timedelta(days=1),
    )  # fmt: skip
    by_variant: dict[str, list[str]] = {"old": [], "new": []}
    for number in range(40):
        by_variant[experiment.variant(f"u{number}").name].append(f"u{number}")
    first, second = by_variant["old"][:2]
    third = by_variant["new"][0]
    counted = tally(experiments=(experiment,))
    # Before the start and after the stop nothing counts; long before the counted days it does.
    for user, kind, day in [
        (first, "impression", -100), (first, "impression", 0), (first, "click", 0), (first, "impression", -201),
        (second, "impression", 0), (second, "click", 2), (third, "click", 0), (third, "impression", 1),
    ]:  # fmt: skip
        counted.add(user, event(kind, user, day=day), ITEM)

    # first: 2 shown, 1 clicked; second: 1 shown; third was shown nothing in time, so it is no user of the experiment
    assert counted.arms(experiment) == {"old": Ratio.of([(2, 1), (1, 0)]), "new": Ratio()}
    variants = counted.cube("variant", 1)
    assert variants.groups == ("x/new", "x/old")
    assert totals(variants, "x/old")["impressions"] == 2


@settings(max_examples=50, deadline=None, print_blob=True)
@given(st.lists(st.integers(0, 2**7 - 1), max_size=20))
def test_reach_counts_those_that_were_there_on_any_day_of_the_range(masks: list[int]) -> None:
    found = reach(masks, 7)

    for first in range(7):
        for last in range(7):
            expected = sum(any(mask >> day & 1 for day in range(first, last + 1)) for mask in masks)
            assert found[first, last] == (expected if first <= last else 0)


def test_a_cube_is_the_same_after_it_was_stored() -> None:
    counted = tally()
    counted.add("u", event("click"), ITEM)
    cube = counted.cube("all", 7)
    again = Cube.load(cube.dump())

    assert (again.start, again.groups, again.catalogue) == (cube.start, cube.groups, 7)
    assert np.array_equal(again.sums, cube.sums)
    assert np.array_equal(again.users, cube.users)
    assert np.array_equal(again.shown, cube.shown)


def test_a_cube_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = tally().cube("all", 7).dump()
    monkeypatch.setattr("feedsmith.insight.cube.QUANTITIES", ("another",))

    with pytest.raises(ConfigurationError, match="wait for the next count"):
        Cube.load(data)
