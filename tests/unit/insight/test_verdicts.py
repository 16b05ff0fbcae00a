"""What may be concluded, and what not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feedsmith.experiments import Experiment
from feedsmith.insight.messages import Contrast, Result
from feedsmith.insight.statistics import Ratio
from feedsmith.insight.verdicts import result

START = datetime(2026, 3, 1, tzinfo=UTC)
LATER = START + timedelta(days=8)


def experiment(**changes: Any) -> Experiment:
    fields: dict[str, Any] = {
        "id": "x", "domain": "news", "variants": [{"name": "old"}, {"name": "new"}], "salt": "s",
        "status": "running", "started_at": START, "minimum_effect": 0.1,
    }  # fmt: skip
    return Experiment.model_validate(fields | changes)


def users(n: int, clicked: int, shown: float = 10.0) -> Ratio:
    """``n`` users who were shown ten items, ``clicked`` of whom clicked on two of them."""
    return Ratio.of([(shown, 2.0)] * clicked + [(shown, 0.0)] * (n - clicked))


def judged(old: Ratio, new: Ratio, at: datetime | None = LATER, **changes: Any) -> Result:
    return result(experiment(**changes), {"old": old, "new": new}, counted_at=at, k_anonymity=5)


def contrast(*args: Any, **changes: Any) -> Contrast:
    (found,) = judged(*args, **changes).contrasts
    return found


def test_a_large_difference_is_called() -> None:
    found = judged(users(5_000, 1_000), users(5_000, 1_500))
    (better,) = found.contrasts

    assert (better.verdict, better.why) == ("better", "tested")
    assert better.lift == pytest.approx(0.5)
    assert better.low is not None
    assert better.low > 0.3
    assert better.says.startswith("Better than the control: +50.0%")
    assert found.arms[0].value.value == pytest.approx(0.04)
    assert found.arms[1].numerator == 3_000
    assert contrast(users(5_000, 1_500), users(5_000, 1_000)).verdict == "worse"


def test_no_difference_is_not() -> None:
    assert contrast(users(1_000, 200), users(1_000, 205)).verdict == "undecided"
    assert "It may go on" in contrast(users(1_000, 200), users(1_000, 205)).says
    assert contrast(users(90_000, 18_000), users(90_000, 18_000)).verdict == "equivalent"


def test_a_fixed_horizon_says_nothing_before_it_is_reached() -> None:
    fixed = {"test": "fixed_horizon", "days": 8}
    early = contrast(users(5_000, 1_000), users(5_000, 1_500), LATER - timedelta(seconds=1), **fixed)

    assert (early.verdict, early.why, early.lift, early.p) == ("no_conclusion", "horizon_not_reached", None, None)
    assert "2026-03-09 00:00 UTC" in early.says
    assert contrast(users(5_000, 1_000), users(5_000, 1_500), LATER, **fixed).verdict == "better"
    assert "It may go on" not in contrast(users(1_000, 200), users(1_000, 205), LATER, **fixed).says


def test_what_happens_after_the_horizon_does_not_count() -> None:
    fixed = experiment(test="fixed_horizon", days=8)

    assert fixed.counts(LATER - timedelta(seconds=1))
    assert not fixed.counts(LATER)


def test_a_broken_split_allows_no_conclusion() -> None:
    found = judged(users(5_000, 1_000), users(4_500, 1_350))

    assert found.split_p is not None
    assert found.split_p < 0.001
    assert found.contrasts[0].why == "sample_ratio_mismatch"
    assert "did not fall into the variants as planned" in found.contrasts[0].says


@pytest.mark.parametrize(
    ("old", "new"), [(users(99, 60), users(99, 60)), (users(1_000, 20), users(1_000, 20)), (Ratio(), Ratio())]
)
def test_too_little_data_allows_none(old: Ratio, new: Ratio) -> None:
    found = contrast(old, new)

    assert (found.verdict, found.why) == ("no_conclusion", "too_little_data")
    assert "at least 100 users and 50 clicks" in found.says


def test_nothing_counted_yet_and_nothing_begun() -> None:
    (uncounted,) = result(experiment(), None, counted_at=LATER, k_anonymity=5).contrasts
    (draft,) = result(experiment(started_at=None, status="draft"), None, counted_at=None, k_anonymity=5).contrasts

    assert (uncounted.why, draft.why) == ("not_counted_yet", "not_started")


def test_nothing_is_told_of_a_variant_of_too_few_users() -> None:
    found = judged(users(4, 2), users(200, 20))

    assert (found.arms[0].users, found.arms[0].denominator, found.arms[0].value.value) == (None, None, None)
    assert (found.split_p, found.users_needed) == (None, None)
    assert found.arms[1].users == 200


def test_each_of_several_variants_is_held_against_the_control_at_a_stricter_level() -> None:
    three = [{"name": "old"}, {"name": "new"}, {"name": "newer"}]
    ratios = {"old": users(5_000, 1_000), "new": users(5_000, 1_500), "newer": users(5_000, 1_010)}
    found = result(experiment(variants=three), ratios, counted_at=LATER, k_anonymity=5)

    assert found.alpha == 0.025
    assert [(c.variant, c.verdict) for c in found.contrasts] == [("new", "better"), ("newer", "undecided")]


def test_the_salt_is_not_shown() -> None:
    assert "salt" not in judged(users(200, 60), users(200, 60)).model_dump_json()


def test_a_ratio_that_is_the_same_for_each_user_cannot_be_judged() -> None:
    for test in ({"test": "sequential"}, {"test": "fixed_horizon", "days": 1}):
        found = contrast(users(200, 200), users(200, 200, shown=5.0), **test)

        assert (found.verdict, found.why) == ("no_conclusion", "too_little_data")
        assert "the same for each user" in found.says
