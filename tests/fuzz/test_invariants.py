"""The fuzzer sees what it is there to see."""

from __future__ import annotations

import json
from typing import Any

import pytest

from feedsmith.models import OWN_SCOPES, Caller
from feedsmith_local.gateway import Answer
from fuzz.grammar import Operation
from fuzz.invariants import Invariants
from fuzz.requests import Draft, Literal, Pairs, dump
from fuzz.world import Canary, Role

PROBLEM = {"description": "", "content": {"application/problem+json": {"schema": {}}}}
NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": False}
GET: dict[str, Any] = {
    "security": [{"apiKey": ["users:admin"]}],
    "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/N"}}}}}
    | {str(status): PROBLEM for status in (401, 403, 404)},
}
OPERATION = Operation("GET", "/v1/users/{user_id}", GET)
DOCUMENT = {"components": {"schemas": {"N": NUMBER}}}
OPERATOR = Role("operator", "Bearer x", Caller(tenant="acme", role="operator"))
ANN = Role("ann", "Bearer x", Caller(tenant="acme", role="user", subject="ann", scopes=OWN_SCOPES))
NOBODY = Role("nobody", None, None)


def answer(status: int, body: Any = None, media_type: str = "application/json", **headers: str) -> Answer:
    if status >= 400 and body is None:
        body = {"type": "about:blank", "title": "t", "status": status, "detail": "d"}
        media_type = "application/problem+json"
    return Answer(status, [("Content-Type", media_type), *headers.items()], json.dumps(body).encode())


def broken(given: Answer, role: Role = OPERATOR, user_id: str = "ann", **more: Any) -> list[str]:
    canaries = [Canary("cnry-rival", "rival"), Canary("cnry-bob", "acme", "bob"), Canary("cnry-ann", "acme", "ann")]
    draft = Draft("GET", OPERATION.path, {"user_id": user_id})
    by_text = {canary.text: canary for canary in canaries}
    found: list[str] = Invariants(DOCUMENT, by_text).broken(OPERATION, role, draft, given, **more)
    return found


def test_good_answers_pass() -> None:
    assert broken(answer(200, {"n": 1})) == []
    assert broken(answer(404)) == []
    assert broken(answer(401), NOBODY) == []
    assert broken(answer(403), ANN, "bob") == []
    assert broken(answer(503, **{"Retry-After": "2"}), outage=True) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (answer(500), "status 500"),
        (answer(503, **{"Retry-After": "2"}), "status 503"),
        (answer(404, {"message": "no"}, "application/problem+json"), "without type"),
        (answer(404, {"type": "t", "title": "t", "status": 400, "detail": "d"}, "application/problem+json"), "without"),
        (answer(404, {"type": "t", "title": "t", "status": 404, "detail": "d"}), "404 as 'application/json'"),
        (answer(200, {"n": "one"}), "documented schema"),
        (answer(200, {"n": 1, "more": 2}), "documented schema"),
        (answer(200, {"n": 1}, "text/html"), "content type"),
        (answer(202, {"n": 1}), "not in the document"),
        (answer(200, {"n": 1}, **{"X-Injected": "yes"}), "injected"),
        (answer(200, {"n": 1}, X="cnry-rival"), "canary of rival"),
        (answer(401), "401 instead|401 to a known"),
        (
            answer(404, {"type": "t", "title": "t", "status": 404, "detail": "KeyError"}, "application/problem+json"),
            "insides",
        ),
    ],
)
def test_each_kind_of_bad_answer_is_seen(given: Answer, said: str) -> None:
    found = broken(given)

    assert any(word in "; ".join(found) for word in said.split("|")), found


def test_a_user_sees_their_own_and_nobody_elses() -> None:
    assert not any("canary" in line for line in broken(answer(200, {"n": "cnry-ann"}), ANN))
    assert any("user bob" in line for line in broken(answer(200, {"n": "cnry-bob"}), ANN))


def test_refusals_must_be_alike() -> None:
    invariants = Invariants(DOCUMENT, {})
    draft = Draft("GET", OPERATION.path, {"user_id": "bob"})
    other = {"type": "about:blank", "title": "t", "status": 403, "detail": "there is such a user, but not for you"}

    assert invariants.broken(OPERATION, ANN, draft, answer(403)) == []
    assert any("two answers" in line for line in invariants.broken(
        OPERATION, ANN, draft, answer(403, other, "application/problem+json")
    ))  # fmt: skip


def test_an_outage_is_no_excuse_for_silence_or_talk() -> None:
    assert broken(answer(503), outage=True) == ["503 without Retry-After"]
    assert "status 500" in broken(answer(500), outage=True)


def test_json_that_no_encoder_would_write() -> None:
    body = Pairs((("a", Literal("1e400")), ("a", [True, {"b": "\ud800"}])))

    assert dump(body) == '{"a":1e400,"a":[true,{"b":"\\ud800"}]}'
