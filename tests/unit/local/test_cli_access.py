"""``feedsmith keys`` and ``issuers``, on a running stack and on a table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from feedsmith import bootstrap
from feedsmith.access.keys import KeyRing
from feedsmith.bootstrap import Services
from feedsmith.errors import Unauthorized
from feedsmith_local import cli
from feedsmith_local.gateway import Gateway
from feedsmith_local.http import LocalHttpServer
from feedsmith_local.operations import ACCESS, Operations
from support.callers import LOCAL_KEY
from support.services import fake_services

ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc"


@pytest.fixture
def services() -> Services:
    return fake_services()


@pytest.fixture
def url(services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FEEDSMITH_TABLE", raising=False)
    with LocalHttpServer(Operations(Gateway([], None), services.access, LOCAL_KEY), 0) as server:
        monkeypatch.setenv("FEEDSMITH_URL", server.base_url)
        monkeypatch.setenv("FEEDSMITH_LOCAL_KEY", LOCAL_KEY)
        yield server.base_url


@pytest.fixture(params=["stack", "table"])
def where(request: pytest.FixtureRequest, url: str, services: Services, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "table":
        monkeypatch.setenv("FEEDSMITH_TABLE", "the-ledger")
        monkeypatch.setattr(bootstrap, "_current", lambda: services)
    return str(request.param)


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli.app, list(arguments))
    assert result.exit_code == code, result.output
    return result.output


def created(*more: str) -> tuple[str, str]:
    """A new key's text and id."""
    said = run("keys", "create", "--tenant", "acme", *more)
    text = said.splitlines()[0]
    return text, text.split("_")[1]


def test_a_key_is_made_listed_rotated_and_revoked(where: str, services: Services) -> None:
    ring = KeyRing(services.ledger)

    text, key_id = created("--label", "shop", "--scope", "items:write", "--scope", "events:write")
    assert ring.admit(text).caller.scopes == {"items:write", "events:write"}
    listed = run("keys", "list", "--tenant", "acme")
    assert all(part in listed for part in (key_id, "service", "shop", "events:write items:write"))
    assert text.split("_", 2)[2] not in listed

    new = run("keys", "rotate", key_id, "--overlap-hours", "0").splitlines()[0]
    assert ring.admit(new).caller.tenant == "acme"
    with pytest.raises(Unauthorized):
        ring.admit(text)

    assert "is revoked" in run("keys", "revoke", new.split("_")[1])
    with pytest.raises(Unauthorized):
        ring.admit(new)


def test_a_key_may_end_and_may_be_an_operators(where: str, services: Services) -> None:
    _, key_id = created("--scope", "items:write", "--expires-in-days", "30")
    key = services.ledger.key(key_id)
    assert key is not None
    assert key.expires_at is not None
    assert (key.expires_at - key.created_at).days == 30

    text, _ = created("--operator")
    assert KeyRing(services.ledger).admit(text).caller.role == "operator"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["keys", "create", "--tenant", "acme"], "give at least one"),
        (["keys", "create", "--tenant", "Acme Ltd", "--scope", "items:write"], "tenant: "),
        (["keys", "create", "--tenant", "acme", "--scope", "everything"], "scopes.0: "),
        (["keys", "create", "--tenant", "acme", "--scope", "items:write", "--expires-in-days", "0"], "expires_in_days"),
        (["keys", "revoke", "b" * 20], f"no key {'b' * 20}"),
        (["keys", "rotate", "../../x"], "id: "),
        (["issuers", "add", "http://id.example.com", "--tenant", "acme", "--audience", "a"], "issuer.url: "),
        (["issuers", "add", ISSUER, "--tenant", "acme", "--audience", "a", "--algorithm", "HS256"], "algorithms"),
        (["issuers", "remove", "https://nowhere.example"], "no issuer"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(where: str, arguments: list[str], said: str) -> None:
    assert said in run(*arguments, code=1)


def test_an_issuer_is_added_listed_and_removed(where: str, services: Services) -> None:
    run("issuers", "add", ISSUER, "--tenant", "acme", "--audience", "client-1", "--audience", "client-2")

    known = services.ledger.issuer(ISSUER)
    assert known is not None
    assert known.jwks_uri == f"{ISSUER}/.well-known/jwks.json"
    assert (known.audiences, known.algorithms) == (("client-1", "client-2"), ("RS256",))
    listed = run("issuers", "list")
    assert all(part in listed for part in (ISSUER, "acme", "client-1 client-2", "RS256"))
    run("issuers", "remove", ISSUER)
    assert services.ledger.issuer(ISSUER) is None


def test_only_the_stacks_own_key_makes_keys(url: str, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    other_operator = services.access.create("acme", role="operator").text
    before = services.ledger.keys()
    action = {"do": "create_key", "tenant": "acme", "operator": True}

    for headers in ({}, {"Authorization": f"Bearer {other_operator}"}, {"Authorization": "Bearer é".encode()}):
        answer = httpx.post(url + ACCESS, json=action, headers=headers, trust_env=False)  # type: ignore[arg-type]
        assert answer.status_code == 401
    two = [("Authorization", f"Bearer {LOCAL_KEY}")] * 2
    assert httpx.post(url + ACCESS, json=action, headers=two, trust_env=False).status_code == 401
    assert services.ledger.keys() == before

    monkeypatch.setenv("FEEDSMITH_LOCAL_KEY", other_operator)
    assert "feedsmith serve" in run("keys", "list", code=1)


def test_nothing_that_answers_is_said_with_the_remedy(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDSMITH_URL", "http://127.0.0.1:9")
    said = run("keys", "list", code=1)
    assert re.search("feedsmith serve.*FEEDSMITH_TABLE", said)


def test_all_else_is_the_gateways(url: str) -> None:
    assert httpx.get(f"{url}/local/nothing", trust_env=False).status_code == 404
