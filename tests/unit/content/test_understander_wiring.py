"""Settings to a reader of items."""

from __future__ import annotations

import pytest

from feedsmith.bootstrap import Services
from feedsmith.errors import ConfigurationError
from feedsmith.settings import Settings
from support.embedders import WordEmbedder


def test_a_model_is_needed_to_read_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(Settings(understanding="llm", writer="extractive"))
    monkeypatch.setattr(services, "embedder", WordEmbedder)
    with pytest.raises(ConfigurationError, match="FEEDSMITH_WRITER is extractive"):
        services._make_understander()


@pytest.mark.parametrize(
    "settings",
    [Settings(), Settings(understanding="llm", writer="openai:m@http://127.0.0.1:1/v1")],
    ids=["light", "llm"],
)
def test_an_understander_is_made_without_asking_anybody(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    services = Services(settings)
    monkeypatch.setattr(services, "embedder", WordEmbedder)
    assert services._make_understander()
