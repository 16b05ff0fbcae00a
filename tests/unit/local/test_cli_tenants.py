"""``feedsmith tenants`` and ``feedsmith erasure``, over stores in memory."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from feedsmith import bootstrap
from feedsmith.bootstrap import Services
from feedsmith.errors import StoreUnavailable
from feedsmith.models import Event, Item
from feedsmith.privacy.proof import sign
from feedsmith_local import cli
from support.local_api import printed, run
from support.services import fake_services

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Services:
    """A tenant acme with a key, an item and an event."""
    s = fake_services()
    s.access.create("acme", role="operator")
    s.content.index("acme", [Item(id="a", domain="news", title="a title")])
    s.intake.take("acme", [Event(user_id="ann", item_id="a", type="click", at=AT)])
    monkeypatch.setattr(bootstrap, "services", lambda: s)
    return s


def test_a_tenants_key_is_rotated_and_the_old_one_retired(services: Services) -> None:
    assert printed("tenants", "rotate-key", "--tenant", "acme") == {"tenant": "acme", "version": 2}
    assert "version 3 of the key of acme is in use" in run("tenants", "rotate-key", "--tenant", "acme")

    # Ann made no request since.
    assert printed("tenants", "rotate-key", "--tenant", "acme", "--retire")["erased"] == 1
    assert "only the newest key of acme is left" in run("tenants", "rotate-key", "--tenant", "acme", "--retire")


def test_a_tenant_is_exported_without_user_ids(services: Services, tmp_path: Path) -> None:
    out = tmp_path / "acme.jsonl"

    said = printed("tenants", "export", "--tenant", "acme", "--out", str(out))

    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert said == {"things": len(lines), "out": str(out)}
    assert len(lines) >= 2
    assert "ann" not in out.read_text(encoding="utf-8")
    assert out.stat().st_mode & 0o777 == 0o600
    assert f"{len(lines)} things in" in run("tenants", "export", "--tenant", "acme", "--out", str(out))


def test_an_export_that_breaks_off_leaves_nothing(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(tenant: str) -> None:
        raise StoreUnavailable("throttled: try again")

    monkeypatch.setattr(services.tenants, "export", down)

    assert "throttled" in run("tenants", "export", "--tenant", "acme", "--out", str(tmp_path / "x"), code=1)
    assert list(tmp_path.iterdir()) == []


def test_a_tenant_is_deleted_only_by_its_name(services: Services) -> None:
    def delete(typed: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli.app, ["tenants", "delete", "--tenant", "acme"], input=f"{typed}\n")
        return done.exit_code, done.output

    code, said = delete("acne")
    assert code == 1
    assert "error: that is another name; nothing was deleted" in said
    assert len(list(services.ledger.events("acme"))) == 1

    code, said = delete("acme")
    assert code == 0
    assert "deleted" in said
    assert list(services.ledger.events("acme")) == []
    assert "there is no tenant 'acme'" in run("tenants", "delete", "--tenant", "acme", "--yes", code=1)


def test_what_was_deleted_is_counted_for_programs(services: Services) -> None:
    counts = printed("tenants", "delete", "--tenant", "acme", "--yes")

    assert counts
    assert all(isinstance(count, int) for count in counts.values())


def test_a_proof_of_erasure_is_verified(services: Services) -> None:
    proof = sign("acme", "ann", {"events": 1}, AT, services.signer)

    assert "genuine: erased from acme at 2026-03-01 00:00:00 UTC (1 events)" in run(
        "erasure", "verify", proof, "--user", "ann"
    )
    assert printed("erasure", "verify", proof, "--user", "ann")["erased"] == {"events": 1}
    assert run("erasure", "verify", proof, "--user", "bob", code=1).startswith("error: ")
