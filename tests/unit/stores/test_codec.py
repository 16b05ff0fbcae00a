"""Items and profiles in the vector store: what goes in comes out, and what earlier versions put in still does."""

from __future__ import annotations

import numpy as np

from feedsmith.models import NO_ACTIVITY, ItemActivity, ItemStats
from feedsmith.profiles.build import build_profile
from feedsmith.stores import codec
from feedsmith.stores.vectors import Hit, Point
from support.people import NOON, make_domain, make_event, make_item, unit

ACTIVITY = ItemActivity(20_513.5, None, 20_514.25, 2.0, 0.0, 3.0, NOON.timestamp())


def read(point: Point) -> Hit:
    return Hit(point.key, point.payload, vector=point.vector)


def test_an_item_keeps_its_activity_in_one_field() -> None:
    stats = ItemStats(counts={"click": 2}, trend=20_513.5, activity=ACTIVITY)
    indexed = make_item("x", topics={"sport": 0.5}).model_copy(update={"stats": stats})
    point = codec.item_point(indexed, unit(1, 0))
    assert point.payload["activity"] == [20_513.5, None, 20_514.25, 2.0, 0.0, 3.0, NOON.timestamp()]
    assert point.payload["stats"] == {"counts": {"click": 2}, "trend": 20_513.5}
    assert codec.item_of(read(point)) == indexed


def test_an_item_of_an_earlier_version_has_no_activity() -> None:
    point = codec.item_point(make_item("x"), unit(1, 0))
    del point.payload["activity"]
    assert codec.item_of(read(point)).stats.activity == NO_ACTIVITY


def test_a_profile_comes_back_with_its_history() -> None:
    items = {"x": (make_item("x", topics={"sport": 0.5}), unit(3, 4)), "y": (make_item("y"), unit(0, 1))}
    events = [make_event("click", "x"), make_event("like", "y", days=1)]
    profile = build_profile("p", make_domain(), events, items, revision=1, now=NOON)
    point = codec.profile_point(profile, 2)
    assert codec.profile_of(read(point)) == profile
    # 2 items x 2 numbers x 2 bytes are 8 bytes, or 12 letters; half precision: 0.6 is 0.60009765625, 0.8 0.7998046875
    assert len(point.payload["history_vectors"]) == 12
    assert "history_vectors" not in point.payload["profile"]
    packed = np.frombuffer(profile.history_vectors, dtype=np.float16).reshape(2, 2)
    assert packed.tolist() == [[0.60009765625, 0.7998046875], [0.0, 1.0]]
    # What clustering reads of it, and what an earlier version wrote
    for without in ({"history_vectors"}, set(point.payload) - set(codec.MEMBER_FIELDS)):
        payload = {name: value for name, value in point.payload.items() if name not in without}
        assert codec.profile_of(Hit(point.key, payload)).history_vectors == b""
