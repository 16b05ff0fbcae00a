"""Before users are clustered anew, the profiles go that a tenant's default no longer allows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from feedsmith.errors import StoreUnavailable
from feedsmith.models import ConsentChoice, Event, Item
from support.callers import api_key
from support.handlers import load_module
from support.services import absorb, fake_services

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CUP = {"id": "cup", "domain": "news", "title": "City win the football cup final", "body": "City won the cup."}


def test_profiles_that_the_default_forbids_are_removed_and_nobody_is_clustered_where_that_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    services = fake_services()
    module = load_module("segments")
    monkeypatch.setattr(module, "services", lambda: services)
    services.ledger.save_key(api_key("a", "acme"))
    services.embedder()
    services.content.index("acme", [Item.model_validate(CUP)])
    services.intake.take("acme", [Event(user_id="ann", item_id="cup", type="click", at=AT)])
    absorb(services)
    assert services.vectors().count("acme", "users") == 1
    # GIVEN a default that forbids profiles, while the store does not answer
    services.wishes.set_default("acme", ConsentChoice(profiling=False))

    def down(tenant: str) -> int:
        raise StoreUnavailable("vectors: no answer")

    clustered: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services.profiles, "drop_refused", down)
        patch.setattr(services.segments, "recluster", lambda *_: clustered.append("news"))
        with pytest.raises(ExceptionGroup):
            module.recluster({}, None)
    assert clustered == []
    # WHEN it answers again
    module.recluster({}, None)
    assert services.vectors().count("acme", "users") == 0
