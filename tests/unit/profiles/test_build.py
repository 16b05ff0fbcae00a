"""A profile is a pure function of the set of events; expected values by hand, half-life one day."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.domains.loader import Domain
from feedsmith.models import Event, EventType, IndexedItem, Profile
from feedsmith.profiles.build import build_profile
from feedsmith.stores.vectors import Vector
from support.people import NOON, make_domain, make_event, make_item, unit

NEWS = make_domain()
ITEMS: dict[str, tuple[IndexedItem, Vector]] = {
    "x": (make_item("x", topics={"sport": 1.0}), unit(1, 0)),
    "x2": (make_item("x2", topics={"sport": 0.5, "health": 0.25}), unit(1, 0)),
    "y": (make_item("y"), unit(0, 1)),
    "shop": (make_item("shop", domain="shop"), unit(0, 1)),
}


def profile(*events: Event, domain: Domain = NEWS) -> Profile:
    return build_profile("p", domain, events, ITEMS, revision=1, now=NOON)


def test_a_day_older_counts_half() -> None:
    # weights 1 and 1/2: (1, .5) / sqrt(1.25) = (.8944, .4472)
    made = profile(make_event("click", "y", days=1), make_event("click", "x"))
    assert made.taste == pytest.approx((0.8944272, 0.4472136), abs=1e-6)
    assert made.liked == {"x": 1.0, "y": 0.5}
    assert made.consumed == ("x", "y")
    assert made.interactions == 2


def test_age_is_counted_from_the_newest_event_and_not_from_now() -> None:
    events = [make_event("click", "x"), make_event("like", "y", days=3)]
    later = build_profile("p", NEWS, events, ITEMS, revision=1, now=NOON + timedelta(days=400))
    assert later.model_copy(update={"updated_at": NOON}) == profile(*events)


def test_dislikes_alone_point_away() -> None:
    made = profile(make_event("dislike", "x"))
    assert made.taste == (-1.0, 0.0)
    assert (made.disliked, made.liked, made.consumed, made.interests) == (("x",), {}, (), ())


def test_the_history_is_what_was_liked_newest_first() -> None:
    made = profile(make_event("like", "x2", days=1), make_event("click", "x", days=2), make_event("dislike", "y"))
    # 2 a day before the newest interaction, 1 two days before
    assert [(item.item_id, item.weight) for item in made.history] == [("x2", 1.0), ("x", 0.25)]
    assert made.history[0].topics == {"sport": 0.5, "health": 0.25}
    assert np.frombuffer(made.history_vectors, np.float16).tolist() == [1.0, 0.0, 1.0, 0.0]


def test_likes_and_dislikes_that_cancel_leave_no_taste() -> None:
    made = profile(make_event("click", "x"), make_event("dismiss", "x2"))  # 1 (1, 0) - 1 (1, 0)
    assert made.taste == ()
    assert made.liked == {"x": 1.0}
    assert made.disliked == ("x2",)


def test_ten_views_of_one_item_are_no_ten_items() -> None:
    views = [make_event("view", "x", seconds=s) for s in range(10)]
    assert profile(*views, make_event("view", "y")).liked == pytest.approx({"x": 1.0, "y": 1.0})


@pytest.mark.parametrize(
    ("history", "liked", "disliked"),
    [
        # The last word counts, and one against clears what came before: 4 - 2 would still be a liking.
        (["purchase", "dislike"], False, True),
        (["dislike", "like"], True, False),  # 2, not 2 - 2
        (["like", "dismiss"], False, True),
        (["dislike", "click"], False, True),  # -2 + 1
        (["dismiss", "purchase"], True, False),  # -1 + 4
    ],
)
def test_the_last_word_on_an_item_counts(history: list[EventType], liked: bool, disliked: bool) -> None:
    events = [make_event(kind, "x", seconds=len(history) - turn) for turn, kind in enumerate(history)]
    made = profile(*events)
    assert (list(made.liked) == ["x"], made.disliked == ("x",)) == (liked, disliked)


@pytest.mark.parametrize(("stars", "liked", "disliked"), [(5, 1, 0), (2.5, 0, 0), (0, 0, 1)])
def test_ratings_turn_about_the_middle(stars: float, liked: int, disliked: int) -> None:
    made = profile(make_event("rate", "x", value=stars))
    assert (len(made.liked), len(made.disliked), made.consumed) == (liked, disliked, ("x",))


def test_a_dismissal_without_weight_still_hides_the_item() -> None:
    domain = make_domain(event_weights={"click": 1})
    made = profile(make_event("dismiss", "x"), domain=domain)
    assert (made.disliked, made.taste) == (("x",), ())


def test_what_was_put_aside_for_later_is_not_consumed() -> None:
    made = profile(make_event("save", "x"), make_event("like", "y", seconds=1))
    assert made.consumed == ("y",)
    assert set(made.liked) == {"x", "y"}


def test_topic_shares_count_positive_mass_only() -> None:
    # like x: 2 x 1 sport; click x2 a day before: .5 x (.5 sport, .25 health): sport 2.25, health .125, of 2.375
    made = profile(make_event("like", "x"), make_event("click", "x2", days=1), make_event("dislike", "y"))
    assert made.topics == pytest.approx({"sport": 2.25 / 2.375, "health": 0.125 / 2.375})


def test_unknown_items_are_missing_and_other_domains_passed_over() -> None:
    made = profile(
        make_event("click", "late", seconds=2), make_event("click", "later", seconds=1), make_event("click", "shop")
    )
    assert made.missing == ("later", "late")
    assert (made.interactions, made.taste, made.consumed) == (0, (), ())


def test_impressions_say_nothing() -> None:
    assert profile(make_event("impression", "x"), make_event("impression", "nowhere")) == profile()


def test_a_hundred_years_neither_underflow_nor_count() -> None:
    made = profile(make_event("click", "x"), make_event("click", "y", days=36_500))
    assert made.taste == pytest.approx((1.0, 0.0))
    assert made.liked == pytest.approx({"x": 1.0, "y": 0.0})
    assert made.consumed == ("x", "y")
    assert [interest.vector for interest in made.interests] == [(1.0, 0.0), (0.0, 1.0)]


def test_long_histories_are_cut_newest_first() -> None:
    items = {f"i{n}": (make_item(f"i{n}"), unit(1, 0)) for n in range(400)}
    reads = [make_event("click", f"i{n}", seconds=n) for n in range(400)]
    unknown = [make_event("click", f"m{n}", seconds=n) for n in range(400)]
    made = build_profile("p", NEWS, [*reads, *unknown], items, revision=1, now=NOON)
    assert len(made.liked) == 30
    assert set(made.liked) == {f"i{n}" for n in range(30)}
    assert [item.item_id for item in made.history] == [f"i{n}" for n in range(50)]
    assert len(made.history_vectors) == 50 * 2 * 2
    assert made.consumed == tuple(f"i{n}" for n in range(300))
    assert made.missing == tuple(f"m{n}" for n in range(100))
    hates = [make_event("dislike", f"i{n}", seconds=n) for n in range(400)]
    made = build_profile("p", NEWS, hates, items, revision=1, now=NOON)
    assert made.disliked == tuple(f"i{n}" for n in range(100))


EVENTS = st.builds(
    make_event,
    st.sampled_from(["click", "view", "like", "dislike", "dismiss", "rate", "purchase", "save", "impression"]),
    st.sampled_from(["x", "x2", "y", "shop", "unknown"]),
    days=st.integers(0, 5).map(float),
    value=st.sampled_from([0.0, 2.5, 5.0]),
    event_id=st.sampled_from([None, None, "e1", "e2"]),
)


@given(st.lists(EVENTS, max_size=15), st.data())
@settings(max_examples=60, deadline=None, print_blob=True)
def test_order_and_repetition_change_not_a_bit(events: list[Event], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(events + events[::2]))
    assert profile(*shuffled) == profile(*events)
