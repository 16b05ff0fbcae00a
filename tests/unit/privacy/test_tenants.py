"""A tenant as a whole: new keys lose nobody who comes by, and its end leaves nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from feedsmith.bootstrap import Services
from feedsmith.errors import KeyGone, NotFound
from feedsmith.models import ApiKey, Event, Item
from support.services import absorb, fake_services

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def services() -> Services:
    s = fake_services()
    for tenant in ("acme", "beta"):
        key = ApiKey(id="k" * 19 + tenant[0], tenant=tenant, secret_hash="0" * 64, created_at=AT)
        assert s.ledger.save_key(key)
        s.content.index(tenant, [Item(id="cup", domain="news", title="City win the cup", body="City won the cup.")])
        s.intake.take(tenant, [click("ann"), click("bob")])
        for bucket, prefix in ((s.settings.uploads_bucket, ""), (s.settings.models_bucket, "models/")):
            s.blobs.write(bucket, f"{prefix}{tenant}/news/a", b"x")
    absorb(s)
    return s


def click(user: str) -> Event:
    return Event(user_id=user, item_id="cup", type="click", at=AT)


def stores(services: Services, tenant: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for thing in services.tenants.export(tenant):
        counts[thing["store"]] = counts.get(thing["store"], 0) + 1
    return counts


def test_users_who_come_by_are_kept_and_the_others_erased(services: Services) -> None:
    ann, bob = (services.pseudonym("acme", name) for name in ("ann", "bob"))
    assert services.tenants.rotate_key("acme") == 2
    assert services.pseudonym("acme", "ann") == ann
    done = services.tenants.retire_keys("acme")
    assert done.erased == 1
    assert [key.version for key in services.people.tenant_keys("acme")] == [2]
    assert services.pseudonym("acme", "ann") == ann
    assert len(services.ledger.history("acme", ann, 10)) == 1
    assert services.ledger.history("acme", bob, 10) == []
    assert services.pseudonym("acme", "bob") != bob
    # AND a second time there is nothing to do
    assert services.tenants.retire_keys("acme").erased == 0


def test_an_erasure_noted_under_an_old_key_is_swept_under_the_new_one(services: Services) -> None:
    services.erasure.erase("acme", "ann")
    services.tenants.rotate_key("acme")
    services.tenants.retire_keys("acme")
    assert services.erasure.sweep() == 2  # ann, and bob, who had not come by


def test_what_was_sealed_under_a_retired_key_is_closed_for_good(services: Services) -> None:
    sealed = services.keyring.seal("acme", "said", "there")
    services.tenants.rotate_key("acme")
    assert services.keyring.open("acme", sealed, "there") == "said"
    services.tenants.retire_keys("acme")
    with pytest.raises(KeyGone, match="retired, or deleted with its tenant"):
        services.keyring.open("acme", sealed, "there")
    with pytest.raises(KeyGone, match="does not belong"):
        services.keyring.open("acme", services.keyring.seal("acme", "said", "there"), "here")


def test_an_export_has_every_store_and_no_other_tenant(services: Services) -> None:
    counts = stores(services, "acme")
    assert counts["items"] == 1
    assert counts["users"] == 2
    assert counts["objects"] == 2
    assert counts["ledger"] >= 5
    assert "beta" not in str(list(services.tenants.export("acme")))


def test_a_deleted_tenant_leaves_nothing_and_the_others_stay(services: Services) -> None:
    before = stores(services, "beta")
    counts = services.tenants.delete("acme")
    assert (counts["items"], counts["users"], counts["objects"]) == (1, 2, 2)
    assert services.ledger.tenants() == ["beta"]
    assert services.people.tenant_keys("acme") == []
    assert list(services.ledger.tenant_records("acme")) == []
    assert stores(services, "beta") == before
    with pytest.raises(NotFound, match="no tenant 'acme'"):
        services.tenants.delete("acme")


@pytest.mark.parametrize(("store", "step"), [("ledger", "erase_tenant"), ("vectors", "drop"), ("blobs", "delete")])
def test_a_deletion_cut_short_is_begun_again(
    services: Services, monkeypatch: pytest.MonkeyPatch, store: str, step: str
) -> None:
    target = services.vectors() if store == "vectors" else getattr(services, store)
    real = getattr(target, step)

    def dies(*args: Any) -> Any:
        real(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(target, step, dies)
        with pytest.raises(KeyboardInterrupt):
            services.tenants.delete("acme")
    services.tenants.delete("acme")
    assert services.ledger.tenants() == ["beta"]
    assert services.vectors().count("acme", "items") == 0
