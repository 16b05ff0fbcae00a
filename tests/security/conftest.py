from __future__ import annotations

import pytest

from support.door import Door


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    return Door(monkeypatch)
