"""The fairness report, worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from feedsmith.errors import ValidationFailed
from feedsmith_training.fairness import (
    FairnessReport,
    Impressions,
    exposure_report,
    fairness_report,
    quality_by_group,
)

PLACE_2 = 1 / np.log2(3)  # .6309298


def impressions(**change: Any) -> Impressions:
    """Thirty slates of three: provider A at the first place, B at the second, C at the third; the last users' own D.

    Slate i is user i // 2's. A is clicked in every third slate, B in every third, C never.
    """
    slates, n = 30, 90
    clicked = np.zeros(n, dtype=int)
    clicked[0::9] = 1  # A in slates 0, 3, ...: 10 clicks
    clicked[4::9] = 1  # B in slates 1, 4, ...: 10 clicks
    fields: dict[str, Any] = {
        "slate": np.repeat(np.arange(slates), 3),
        "user": np.repeat(np.arange(slates) // 2, 3),
        "position": np.tile([0, 1, 2], slates),
        "score": np.tile([3.0, 2.0, 1.0], slates),
        "clicked": clicked,
        "provider": ["A", "B", "C"] * slates,
        "categories": [("x", "y"), "x", None] * slates,
    }
    return Impressions(**{**fields, **change})


def test_exposure_against_clicks_by_hand() -> None:
    report = exposure_report(impressions(), impressions().provider)
    # Per slate: A 1, B .6309298, C .5, together 2.1309298. Clicks: 10, 10, 0.
    a, b, c = report.groups
    assert (a.group, b.group, c.group) == ("A", "B", "C")
    assert [group.impressions for group in report.groups] == [30, 30, 30]
    assert [group.exposure_share for group in report.groups] == pytest.approx([0.469279, 0.296082, 0.234640], abs=1e-6)
    assert [group.merit_share for group in report.groups] == pytest.approx([0.5, 0.5, 0.0])
    assert a.ratio == pytest.approx(0.938557, abs=1e-6)
    assert b.ratio == pytest.approx(0.592164, abs=1e-6)
    assert c.ratio is None  # no merit
    # A gets 1 / .6309298 = log2(3) times as much exposure for its merit as B.
    assert report.largest_disparity is not None
    assert (report.largest_disparity.favoured, report.largest_disparity.neglected) == ("A", "B")
    assert report.largest_disparity.value == pytest.approx(np.log2(3))
    assert report.merit == "clicks"


def test_predictions_are_the_merit_where_there_are_any() -> None:
    shown = impressions(predicted=np.tile([0.5, 0.25, 0.25], 30))
    report = exposure_report(shown, shown.provider)
    assert report.merit == "predicted"
    assert [group.merit_share for group in report.groups] == pytest.approx([0.5, 0.25, 0.25])


def test_an_item_of_two_categories_counts_half_for_each() -> None:
    report = exposure_report(impressions(), impressions().categories)
    groups = {group.group: group for group in report.groups}
    # x: half of A and all of B. y: half of A, 15 impressions, which is below the floor of 20, so that it joins
    # the 30 without a category in "other".
    assert {name: group.impressions for name, group in groups.items()} == {"x": 45, "other": 45}
    assert groups["x"].exposure_share == pytest.approx((0.5 + PLACE_2) / (1.5 + PLACE_2))
    assert groups["other"].exposure_share == pytest.approx(1 / (1.5 + PLACE_2))
    assert groups["x"].merit_share == pytest.approx(15 / 20)


def test_groups_below_the_floor_are_pooled() -> None:
    # GIVEN 19 impressions of "tiny", 20 of "small" WHEN reported THEN tiny is not named, and too small to compare
    labels = ["tiny"] * 19 + ["small"] * 20 + ["big"] * 51
    report = exposure_report(impressions(), labels)
    assert {group.group: group.impressions for group in report.groups} == {"big": 51, "small": 20, "other": 19}
    assert report.largest_disparity is not None
    assert "other" not in (report.largest_disparity.favoured, report.largest_disparity.neglected)


def test_without_any_click_there_is_no_ratio() -> None:
    report = exposure_report(impressions(clicked=np.zeros(90)), ["A"] * 90)
    assert report.groups[0].merit_share == 0
    assert report.groups[0].ratio is None
    assert report.largest_disparity is None


# -- quality -------------------------------------------------------------------------------------------------


def test_quality_by_hand() -> None:
    # GIVEN users 0-9 (slates 0-19) with few events and users 10-14 (slates 20-29) with many
    labels = ["few"] * 60 + ["many"] * 30
    few, many = quality_by_group(impressions(), labels)
    assert (few.group, few.users, few.impressions) == ("few", 10, 60)
    assert (many.group, many.users, many.impressions) == ("many", 5, 30)
    # Few: slates 0, 3, ..., 18 click the best (7: nDCG 1, AUC 1), slates 1, 4, ..., 19 the second (7: nDCG 1/log2(3),
    # AUC 1/2: one of the two others scores lower); the rest has no click and counts for neither.
    assert few.ndcg_at_10 is not None
    assert few.auc is not None
    assert few.ndcg_at_10.value == pytest.approx((1 + PLACE_2) / 2)
    assert few.auc.value == pytest.approx(0.75)
    assert 0.5 < few.auc.low < 0.75 < few.auc.high < 1
    # Many: slates 21, 24, 27 click the best; 22, 25, 28 the second.
    assert many.auc is not None
    assert many.auc.value == pytest.approx(0.75)


def test_a_ranker_that_says_nothing_gains_nothing() -> None:
    (group,) = quality_by_group(impressions(score=np.zeros(90)), ["all"] * 90)
    assert group.auc is not None
    assert group.auc.value == pytest.approx(0.5)
    assert group.ndcg_at_10 is not None
    # A click's place is 1, 2 or 3, equally likely: (1 + .6309298 + .5) / 3.
    assert group.ndcg_at_10.value == pytest.approx((1.5 + PLACE_2) / 3)


def test_ndcg_looks_at_ten_places_and_at_all_clicks() -> None:
    # GIVEN two users with twelve items each: clicks at places 1 and 12 of the one, at place 11 of the other
    clicked = np.zeros(24, dtype=int)
    clicked[[0, 11, 12 + 10]] = 1
    shown = impressions(
        slate=np.repeat([0, 1], 12), user=np.repeat([0, 1], 12), position=np.tile(np.arange(12), 2),
        score=-np.tile(np.arange(12.0), 2), clicked=clicked, provider=["A"] * 24, categories=["x"] * 24,
    )  # fmt: skip
    (group,) = quality_by_group(shown, ["all"] * 24)
    assert group.ndcg_at_10 is not None
    # First: 1 of 1 + .6309298, as place 12 is not looked at; second: 0.
    assert group.ndcg_at_10.value == pytest.approx(1 / (1 + PLACE_2) / 2)
    assert group.auc is not None
    # First: the click on top beats ten, the one at the end none: 10 / 20. Second: beats one of eleven.
    assert group.auc.value == pytest.approx((10 / 20 + 1 / 11) / 2)


def test_the_interval_is_of_users_and_repeats_with_its_seed() -> None:
    shown, labels = impressions(), ["all"] * 90
    assert quality_by_group(shown, labels, seed=1) == quality_by_group(shown, labels, seed=1)
    assert quality_by_group(shown, labels, seed=1) != quality_by_group(shown, labels, seed=2)
    # GIVEN one user WHEN reported THEN nothing is said, as there is no spread to see
    (alone,) = quality_by_group(impressions(user=np.zeros(90, dtype=int)), labels)
    assert alone.users == 1
    assert alone.auc is None
    assert alone.ndcg_at_10 is None


def test_the_report_survives_json() -> None:
    segments = ["s1" if user < 8 else None for user in impressions().user]
    report = fairness_report(impressions(), {"events": ["few"] * 90, "segment": segments}, seed=5)
    assert FairnessReport.model_validate_json(report.model_dump_json()) == report
    assert report.seed == 5
    assert [group.group for group in report.quality["segment"]] == ["other", "s1"]
    assert report.providers.groups[0].group == "A"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user", np.zeros(89)),
        ("position", np.full(90, -1)),
        ("score", np.full(90, np.nan)),
        ("clicked", np.full(90, 2)),
        ("provider", ["A"]),
        ("categories", ["x"]),
        ("predicted", np.full(90, 1.5)),
    ],
)
def test_wrong_impressions_are_named(field: str, value: Any) -> None:
    with pytest.raises(ValidationFailed) as caught:
        impressions(**{field: value})
    assert [error["path"] for error in caught.value.errors] == [f"/{field}"]


def test_other_wrong_input_is_named() -> None:
    none = np.array([])
    with pytest.raises(ValidationFailed, match="no rows"):
        Impressions(none, none, none.astype(int), none, none, [], [])
    with pytest.raises(ValidationFailed, match="length 1, but there are 90"):
        quality_by_group(impressions(), ["few"])
    with pytest.raises(ValidationFailed, match="two users or groups"):
        quality_by_group(impressions(), ["few", "many", "few"] * 30, floor=1)
