"""The demo's simulated readers post what a real client would."""

from __future__ import annotations

from typing import Any

import pytest

from feedsmith.models import Event
from feedsmith_local.demo.readers import Reader, browse


def test_every_event_says_how_likely_its_place_was() -> None:
    sent: list[dict[str, Any]] = []
    count = browse([Reader("ann", ("sport",))], dict.fromkeys("abcd", "sport"), sent.extend, 1, lambda: None)
    assert count == len(sent)
    events = [Event.model_validate(event) for event in sent]
    # Four items in random order: 1/4, then of those not above 1/3, 1/2, 1.
    for event in events:
        assert event.position is not None
        assert event.propensity == pytest.approx(1 / (4 - event.position))
        assert event.model_version == "random"
    assert [event.position for event in events if event.type == "impression"][:4] == [0, 1, 2, 3]
