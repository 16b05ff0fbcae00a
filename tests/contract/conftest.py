from __future__ import annotations

import pytest


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without their pauses."""
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)
