"""How far good credentials reach: their own tenant, their scopes, and for a user, themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from feedsmith.access.service import Authenticator
from feedsmith.errors import StoreUnavailable
from feedsmith.models import SCOPES, USER_SCOPES, Scope
from feedsmith_local.gateway import Answer
from feedsmith_local.template import Throttle
from support.door import ACME, OTHER, OTHER_RSA, Door, token

AT = "2026-03-01T12:00:00Z"
NEEDED: dict[tuple[str, str], Scope] = {
    ("POST", "/v1/items"): "items:write",
    ("GET", "/v1/items/x"): "recommend:read",
    ("DELETE", "/v1/items/x"): "items:write",
    ("GET", "/v1/items/x/similar"): "recommend:read",
    ("POST", "/v1/events"): "events:write",
    ("GET", "/v1/users/ann/recommendations"): "recommend:read",
    ("POST", "/v1/users/ann/texts"): "texts:write",
    ("GET", "/v1/users/ann/profile"): "users:admin",
    ("GET", "/v1/segments"): "insight:read",
    ("GET", "/v1/ingestions/x"): "items:write",
}


def said(answer: Answer) -> Any:
    return json.loads(answer.body)


def event(user: str) -> dict[str, Any]:
    return {"events": [{"user_id": user, "item_id": "x", "type": "click", "at": AT}]}


@pytest.mark.parametrize(("method", "target"), NEEDED)
def test_a_key_without_the_scope_of_a_route_is_refused(door: Door, method: str, target: str) -> None:
    others = [scope for scope in SCOPES if scope != NEEDED[method, target]]

    answer = door.call(door.key(*others), method, target, body=event("ann"))

    assert answer.status == 403


def test_no_guarded_route_opens_without_a_scope(door: Door) -> None:
    """Also routes that were added after this test: a stranger's token, of a user who is in no path."""
    stranger = token(sub="stranger", scope="events:write")
    free = []
    for route in door.routes:
        if route.guarded:
            target = re.sub(r"\{user_id\}", "ann", route.path)
            answer = door.call(stranger, route.method, re.sub(r"\{\w+\}", "x", target), body={})
            if answer.status != 403:
                free.append((route.method, route.path))

    assert free == [("POST", "/v1/events")]  # the one that the scope is for


PATHS: dict[str, str] = {
    "plain": "bob",
    "percent-encoded": "%62%6f%62",
    "percent-encoded twice": "%2562ob",
    "capitals": "ANN",
    "another letter that looks alike": "%D0%B0nn",
    "full-width letters": "%EF%BD%81nn",
    "trailing dot": "ann.",
    "trailing blank": "ann%20",
    "null byte": "ann%00",
    "dots up to oneself": "bob%2f..%2fann",
    "dots from oneself": "ann%2f..%2fbob",
    "semicolon": "ann;bob",
    "two ids": "ann,bob",
    "star": "*",
}


@pytest.mark.parametrize("spelling", PATHS)
@pytest.mark.parametrize(
    ("method", "what"), [("GET", "recommendations?domain=news"), ("POST", "texts"), ("GET", "profile?domain=news")]
)
def test_a_user_does_not_reach_another(door: Door, method: str, what: str, spelling: str) -> None:
    answer = door.call(token(), method, f"/v1/users/{PATHS[spelling]}/{what}", body={"kind": "headline"})

    assert answer.status == 403
    assert answer.body == door.call(token(), method, f"/v1/users/nobody/{what}").body


@pytest.mark.parametrize("path", ["/v1/users/bob/../ann/profile", "/v1/users/ann/../../users/bob/profile"])
def test_dots_in_a_path_lead_nowhere(door: Door, path: str) -> None:
    assert door.call(token(), "GET", path).status == 404


def test_another_users_path_is_refused_alike_whether_or_not_they_exist(door: Door) -> None:
    service = door.key("events:write")
    door.call(service, "POST", "/v1/events", body=event("bob"))

    known = door.call(token(), target="/v1/users/bob/recommendations?domain=news")
    unknown = door.call(token(), target="/v1/users/nobody-at-all/recommendations?domain=news")

    assert known == unknown
    assert known.status == 403


@pytest.mark.parametrize("user", ["bob", "ANN", "ann ", "b\u043eb"])
def test_a_user_posts_no_events_for_another(door: Door, user: str) -> None:
    answer = door.call(token(), "POST", "/v1/events", body=event(user))

    assert answer.status in (403, 422)
    mixed = {"events": event("ann")["events"] + event("bob")["events"]}
    assert door.call(token(), "POST", "/v1/events", body=mixed).status == 403
    assert door.services.ledger.stream == []  # type: ignore[attr-defined]  the in-memory one's


@pytest.mark.parametrize(("method", "target"), [route for route, scope in NEEDED.items() if scope not in USER_SCOPES])
def test_a_user_calls_no_route_of_services_and_operators(door: Door, method: str, target: str) -> None:
    # A scope that the token names does not make a service of a user.
    user = token(sub="stranger", scope=" ".join(SCOPES))

    assert door.call(user, method, target, body={}).status == 403


def test_a_tokens_scopes_narrow_what_a_user_may(door: Door) -> None:
    assert door.call(token(scope="recommend:read"), "POST", "/v1/events", body=event("ann")).status == 403
    assert door.call(token(scope="feedsmith/recommend:read"), "POST", "/v1/events", body=event("ann")).status == 403
    assert door.call(token(scope="events:write"), target="/v1/items/x").status == 403
    assert door.call(token(scope="openid profile"), target="/v1/items/x").status == 404
    # On their own path too: a token that may look at the feed cannot erase its reader.
    narrow = token(scope="recommend:read")
    assert door.call(narrow, target="/v1/users/ann/recommendations?domain=news").status == 200
    assert door.call(narrow, "POST", "/v1/users/ann/texts", body={"kind": "digest", "domain": "news"}).status == 403
    assert door.call(narrow, "DELETE", "/v1/users/ann").status == 403
    assert door.call(token(), target="/v1/users/ann/consent").status == 200


def test_a_tenants_credentials_do_not_reach_another_tenant(door: Door) -> None:
    item = {"id": "cup", "domain": "news", "title": "City win the cup", "body": "City won the football cup."}
    assert door.call(door.key("items:write"), "POST", "/v1/items", body={"items": [item]}).status == 200
    assert door.call(door.key("recommend:read"), target="/v1/items/cup").status == 200

    foreign = door.call(door.key("recommend:read", tenant="other"), target="/v1/items/cup")
    foreign_user = door.call(token(OTHER_RSA, iss=OTHER), target="/v1/items/cup")
    nothing = door.call(door.key("recommend:read", tenant="other"), target="/v1/items/nothing")

    assert foreign == foreign_user
    assert foreign.status == 404
    assert foreign.body == nothing.body.replace(b"nothing", b"cup")  # the one difference is what was asked for


def test_an_issuer_that_was_removed_lets_nobody_in(door: Door) -> None:
    assert door.call(token(), target="/v1/items/x").status == 404
    door.access.remove_issuer(ACME)
    assert door.call(token(), target="/v1/items/x").status == 401


@pytest.mark.parametrize("credentials", [lambda door: door.key("recommend:read"), lambda _: token()])
def test_a_ledger_that_is_down_lets_nobody_in(
    door: Door, monkeypatch: pytest.MonkeyPatch, credentials: Callable[[Door], str]
) -> None:
    held = credentials(door)

    def down(*_: object) -> None:
        raise StoreUnavailable("DynamoDB does not answer")

    for name in ("key", "issuer"):
        monkeypatch.setattr(door.services.ledger, name, down)

    answer = door.call(held)

    assert answer.status == 503
    assert ("Retry-After", "2") in answer.headers


def test_an_issuer_that_is_down_lets_nobody_in(door: Door) -> None:
    door.published.documents[f"{ACME}/jwks.json"] = None

    assert door.call(token()).status == 503


def test_each_key_has_its_own_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(monkeypatch, Throttle(rate=1, burst=2))
    one, other = door.key("recommend:read"), door.key("recommend:read")

    answers = [door.call(one, target="/v1/items/x") for _ in range(3)]

    assert [answer.status for answer in answers] == [404, 404, 429]
    assert ("Retry-After", "1") in answers[2].headers
    assert said(answers[2])["title"] == "Too Many Requests"
    assert door.call(other, target="/v1/items/x").status == 404


def test_users_of_an_issuer_share_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(monkeypatch, Throttle(rate=1, burst=1))

    statuses = [door.call(token(sub=user), target="/v1/items/x").status for user in ("ann", "bob")]

    assert statuses == [404, 429]


def test_a_service_pays_for_no_cryptography(door: Door) -> None:
    def never() -> Any:
        raise AssertionError("tokens were made for a key")

    door.services.authenticator = Authenticator(door.services.authenticator._keys, never)

    assert door.call(door.key("recommend:read"), target="/v1/items/x").status == 404
    assert door.call("neither-key-nor-token").status == 401
