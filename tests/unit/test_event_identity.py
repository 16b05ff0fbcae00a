"""An event stored by an earlier version is still the same event."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from feedsmith.models import Event


def event(**more: Any) -> Event:
    return Event(user_id="ann", item_id="a", type="click", at="2026-03-01T12:00:00Z", **more)


@pytest.mark.parametrize(
    ("more", "identity"),
    [  # as computed before events had a propensity and a model version
        ({}, "h:425192a58cdcdce5c7682ca0bbf98870"),
        ({"slate_id": "s1", "position": 3}, "h:09eee8251001a27975fb4e87ceadfc70"),
    ],
)
def test_the_identity_of_earlier_events_stays(more: dict[str, Any], identity: str) -> None:
    assert event(**more).identity == identity


def test_what_an_event_says_of_its_slate_tells_it_apart() -> None:
    told = [event(), event(propensity=0.5), event(propensity=0.25), event(model_version="a"), event(model_version="b")]
    assert len({one.identity for one in told}) == 5


def test_an_id_of_its_own_is_the_identity() -> None:
    assert event(event_id="e1", propensity=0.5).identity == "e1"


@pytest.mark.parametrize(
    "wrong", [{"propensity": 0.0}, {"propensity": 1.01}, {"model_version": "v" * 101}, {"model_version": ""}]
)
def test_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        event(**wrong)
