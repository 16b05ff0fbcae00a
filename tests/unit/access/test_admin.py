from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from feedsmith.access.admin import AccessAdmin
from feedsmith.access.base import NoUsagePlan, UsagePlan
from feedsmith.access.keys import KeyRing, new_key, split
from feedsmith.errors import ConfigurationError, InvalidRequest, NotFound, StoreUnavailable, Unauthorized
from feedsmith.models import ApiKey
from support.callers import LOCAL_KEY, issuer
from support.ledger import FakeClock, InMemoryLedger

ISSUER = issuer("https://id.example.com", "acme")


class Plan(UsagePlan):
    def __init__(self) -> None:
        self.entered: dict[str, str] = {}

    def enter(self, usage_key: str, label: str) -> None:
        self.entered.setdefault(usage_key, label)

    def withdraw(self, usage_key: str) -> None:
        self.entered.pop(usage_key, None)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ledger(clock: FakeClock) -> InMemoryLedger:
    return InMemoryLedger(clock)


@pytest.fixture
def plan() -> Plan:
    return Plan()


@pytest.fixture
def admin(ledger: InMemoryLedger, plan: Plan, clock: FakeClock) -> AccessAdmin:
    return AccessAdmin(ledger, plan, clock)


@pytest.fixture
def ring(ledger: InMemoryLedger, clock: FakeClock) -> KeyRing:
    return KeyRing(ledger, clock)


def test_keys_have_a_public_id_and_a_secret_of_256_bits() -> None:
    drawn = {new_key() for _ in range(100)}

    assert len(drawn) == 100
    for text in drawn:
        parts = split(text)
        assert parts is not None
        assert parts == (text[3:23], hashlib.sha256(text[24:].encode()).hexdigest())
        assert len(text[24:]) * 6 >= 256


def test_a_key_lets_its_holder_in_and_its_secret_is_kept_nowhere(
    admin: AccessAdmin, ring: KeyRing, ledger: InMemoryLedger
) -> None:
    made = admin.create("acme", scopes=["items:write"], label="shop")

    admitted = ring.admit(made.text)
    assert (admitted.caller.tenant, admitted.caller.role) == ("acme", "service")
    assert admitted.caller.scopes == {"items:write"}
    assert admitted.caller.subject == admitted.usage_key == made.key.id
    secret = made.text.split("_", 2)[2]
    (kept,) = ledger.keys("acme")
    assert secret not in f"{kept!r} {made!r} {kept.model_dump_json()}"


def test_an_operators_key_needs_no_scopes_and_a_services_does(admin: AccessAdmin, ring: KeyRing) -> None:
    assert ring.admit(admin.create("acme", role="operator").text).caller.may("users:admin")
    with pytest.raises(InvalidRequest, match="opens nothing"):
        admin.create("acme")


def test_a_key_ends_when_it_was_to(admin: AccessAdmin, ring: KeyRing, clock: FakeClock) -> None:
    made = admin.create("acme", scopes=["items:write"], lifetime=timedelta(hours=1))
    clock.advance(minutes=59)
    ring.admit(made.text)
    clock.advance(minutes=1)
    with pytest.raises(Unauthorized):
        ring.admit(made.text)
    with pytest.raises(InvalidRequest, match="expired already"):
        admin.create("acme", scopes=["items:write"], lifetime=timedelta())


def test_a_revoked_key_stays_revoked(admin: AccessAdmin, ring: KeyRing, plan: Plan, clock: FakeClock) -> None:
    made = admin.create("acme", scopes=["items:write"], label="shop")
    assert plan.entered == {made.key.id: "shop"}

    first = admin.revoke(made.key.id)
    clock.advance(days=1)

    assert admin.revoke(made.key.id).revoked_at == first.revoked_at
    assert plan.entered == {}
    with pytest.raises(Unauthorized):
        ring.admit(made.text)
    with pytest.raises(InvalidRequest, match="create a new one"):
        admin.rotate(made.key.id, timedelta(hours=1))
    with pytest.raises(NotFound):
        admin.revoke("z" * 20)


def test_a_rotated_key_goes_on_until_its_holder_has_changed_over(
    admin: AccessAdmin, ring: KeyRing, clock: FakeClock
) -> None:
    # GIVEN a key for thirty days, ten of which are over
    old = admin.create("acme", scopes=["items:write"], label="shop", lifetime=timedelta(days=30))
    clock.advance(days=10)
    # WHEN it is rotated
    new = admin.rotate(old.key.id, timedelta(hours=24))
    # THEN both let in for a day, as the same caller, and then the new one for its own thirty days
    assert (new.key.tenant, new.key.scopes, new.key.label) == ("acme", {"items:write"}, "shop")
    clock.advance(hours=23, minutes=59)
    assert ring.admit(old.text).caller.scopes == ring.admit(new.text).caller.scopes
    clock.advance(minutes=1)
    with pytest.raises(Unauthorized):
        ring.admit(old.text)
    clock.advance(days=28, hours=23)
    ring.admit(new.text)
    clock.advance(hours=1)
    with pytest.raises(Unauthorized):
        ring.admit(new.text)


def test_an_overlap_lengthens_no_life(admin: AccessAdmin, ring: KeyRing, clock: FakeClock) -> None:
    old = admin.create("acme", scopes=["items:write"], lifetime=timedelta(hours=1))
    admin.rotate(old.key.id, timedelta(days=7))
    clock.advance(hours=1)
    with pytest.raises(Unauthorized):
        ring.admit(old.text)


def test_a_key_revoked_during_its_rotation_stays_revoked(
    admin: AccessAdmin, ring: KeyRing, ledger: InMemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = admin.create("acme", scopes=["items:write"])
    save = ledger.save_key

    def revoked_meanwhile(key: ApiKey) -> bool:
        monkeypatch.setattr(ledger, "save_key", save)
        if key.id == old.key.id:
            admin.revoke(key.id)
        else:
            monkeypatch.setattr(ledger, "save_key", revoked_meanwhile)
        return save(key)

    monkeypatch.setattr(ledger, "save_key", revoked_meanwhile)
    new = admin.rotate(old.key.id, timedelta(hours=1))

    with pytest.raises(Unauthorized):
        ring.admit(old.text)
    ring.admit(new.text)


def test_a_given_key_must_have_a_keys_form_and_be_new(admin: AccessAdmin, ring: KeyRing) -> None:
    admin.create("local", role="operator", text=LOCAL_KEY)
    assert ring.admit(LOCAL_KEY).caller.role == "operator"
    with pytest.raises(ConfigurationError, match="fs_ID_SECRET"):
        admin.create("local", role="operator", text="password")
    with pytest.raises(InvalidRequest, match="already"):
        admin.create("local", role="operator", text=LOCAL_KEY)


def test_keys_are_listed_newest_first(admin: AccessAdmin, clock: FakeClock) -> None:
    made = []
    for tenant in ("acme", "other", "acme"):
        made.append(admin.create(tenant, scopes=["items:write"]).key.id)
        clock.advance(hours=1)

    assert [key.id for key in admin.keys("acme")] == [made[2], made[0]]
    assert [key.id for key in admin.keys(None)] == made[::-1]


def test_an_issuer_can_be_changed_by_its_tenant_only(admin: AccessAdmin, ledger: InMemoryLedger, plan: Plan) -> None:
    admin.save_issuer(ISSUER)
    admin.save_issuer(ISSUER.model_copy(update={"audiences": ("app", "web")}))
    assert [found.audiences for found in admin.issuers("acme")] == [("app", "web")]
    assert set(plan.entered) == {ISSUER.id}

    with pytest.raises(InvalidRequest, match="another tenant"):
        admin.save_issuer(ISSUER.model_copy(update={"tenant": "other"}))
    admin.remove_issuer(ISSUER.url)
    assert plan.entered == {}
    with pytest.raises(NotFound):
        admin.remove_issuer(ISSUER.url)


def test_what_others_change_all_the_time_is_given_up(
    admin: AccessAdmin, ledger: InMemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = admin.create("acme", scopes=["items:write"])
    monkeypatch.setattr(ledger, "save_key", lambda _: False)
    monkeypatch.setattr(ledger, "save_issuer", lambda _: False)

    with pytest.raises(StoreUnavailable, match="try again"):
        admin.revoke(made.key.id)
    with pytest.raises(StoreUnavailable, match="try again"):
        admin.save_issuer(ISSUER)


def test_without_a_usage_plan_nothing_is_entered() -> None:
    NoUsagePlan().enter("a", "b")
    NoUsagePlan().withdraw("a")


@pytest.mark.parametrize(
    "url",
    ["http://id.example.com", "ftp://id.example.com", "https://", "http://127.0.0.1.evil.example/", "https://a b"],
)
def test_an_issuer_is_reached_by_tls(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        issuer(url, "acme")
    with pytest.raises(ValueError, match="jwks_uri"):
        issuer("https://id.example.com", "acme", jwks_uri=url)


def test_only_this_machine_needs_no_tls_and_no_secret_is_shared_with_an_issuer() -> None:
    assert issuer("http://127.0.0.1:8080", "acme").jwks_uri == "http://127.0.0.1:8080/jwks.json"
    for algorithm in ("HS256", "none", "rs256"):
        with pytest.raises(ValueError, match="algorithms"):
            issuer("https://id.example.com", "acme", algorithms=(algorithm,))
