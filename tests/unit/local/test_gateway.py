from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from feedsmith.errors import ConfigurationError
from feedsmith_local import sources
from feedsmith_local.functions import LocalFunction, as_lambda_returns, load_handlers
from feedsmith_local.gateway import Answer, Gateway, Request
from feedsmith_local.template import Template


@pytest.fixture
def handlers(template: Template) -> dict[str, LocalFunction]:
    return load_handlers(template.functions())


@pytest.fixture
def writes() -> list[str]:
    return []


@pytest.fixture
def gateway(template: Template, handlers: dict[str, LocalFunction], writes: list[str]) -> Gateway:
    routes = [
        (handlers["WebFunction"], route)
        for route in template.functions()["WebFunction"].sources.values()
        if isinstance(route, sources.Route)
    ]
    guard = template.authorizer()
    assert guard is not None
    return Gateway(routes, (handlers["GuardFunction"], guard), lambda: writes.append("woken"))


def call(gateway: Gateway, method: str, target: str, *, key: str | None = "all", body: bytes = b"") -> Answer:
    headers = [("Authorization", key)] if key is not None else []
    return gateway.answer(Request(method, target, [*headers, ("X-Two", "a"), ("X-Two", "b")], body, "127.0.0.1"))


def authorizer_calls(handlers: dict[str, LocalFunction]) -> list[dict[str, Any]]:
    module: ModuleType = sys.modules[handlers["GuardFunction"]._handler.__module__]
    calls: list[dict[str, Any]] = module.CALLS
    return calls


def problem(answer: Answer) -> dict[str, Any]:
    assert ("Content-Type", "application/problem+json") in answer.headers
    body: dict[str, Any] = json.loads(answer.body)
    assert body["status"] == answer.status
    return body


def test_a_function_gets_a_rest_api_event(gateway: Gateway) -> None:
    answer = call(gateway, "GET", "/things/a%2Fb%20%E4%B8%AD?q=1&q=2&empty=")

    assert answer.status == 200
    assert ("X-Function", "WebFunction") in answer.headers
    event = json.loads(answer.body)
    assert event["resource"] == "/things/{id}"
    assert event["path"] == "/things/a/b 中"
    assert event["pathParameters"] == {"id": "a%2Fb%20%E4%B8%AD"}  # as API Gateway hands them on
    assert event["queryStringParameters"] == {"q": "2", "empty": ""}
    assert event["multiValueQueryStringParameters"] == {"q": ["1", "2"], "empty": [""]}
    assert event["headers"] == {"Authorization": "all", "X-Two": "b"}
    assert event["multiValueHeaders"]["X-Two"] == ["a", "b"]
    assert event["body"] is None
    context = event["requestContext"]
    assert (context["resourcePath"], context["httpMethod"]) == ("/things/{id}", "GET")
    # What an authorizer says reaches the function as text.
    assert context["authorizer"] == {"principalId": "someone", "tenant": "t", "number": "7", "flag": "true"}


def test_the_authorizer_gets_a_request_event(gateway: Gateway, handlers: dict[str, LocalFunction]) -> None:
    call(gateway, "GET", "/things/1")

    (event,) = authorizer_calls(handlers)
    assert event["type"] == "REQUEST"
    assert event["methodArn"] == "arn:aws:execute-api:us-east-1:123456789012:feedsmith/local/GET/things/1"
    assert event["headers"]["Authorization"] == "all"


def test_an_open_route_needs_no_key(gateway: Gateway, handlers: dict[str, LocalFunction]) -> None:
    answer = call(gateway, "GET", "/open", key=None)

    assert answer.status == 204
    assert [value for name, value in answer.headers if name == "Set-Cookie"] == ["a=1", "b=2"]
    assert authorizer_calls(handlers) == []


@pytest.mark.parametrize(
    ("key", "status"),
    [(None, 401), ("", 401), ("wrong", 401), ("denied", 403), ("broken", 503), ("all", 200), ("narrow", 200)],
)
def test_a_guarded_route_asks_the_authorizer(gateway: Gateway, key: str | None, status: int) -> None:
    answer = call(gateway, "GET", "/things/1", key=key)

    assert answer.status == status
    if status != 200:
        assert problem(answer)["detail"]
    assert (("WWW-Authenticate", "Bearer") in answer.headers) == (status == 401)


def test_an_authorizers_answer_is_kept_and_must_hold_for_other_routes(
    gateway: Gateway, handlers: dict[str, LocalFunction]
) -> None:
    # GIVEN a policy for the one route that was asked first
    assert call(gateway, "GET", "/things/1", key="narrow").status == 200

    # WHEN the same key asks for another, THEN it is refused as API Gateway would, without asking again
    assert call(gateway, "POST", "/things", key="narrow").status == 403
    assert len(authorizer_calls(handlers)) == 1


def test_a_path_with_a_line_break_is_let_through_to_the_function(gateway: Gateway) -> None:
    assert call(gateway, "GET", "/things/a%0D%0Ab", key="all").status == 200


def test_a_wrong_key_is_asked_about_each_time(gateway: Gateway, handlers: dict[str, LocalFunction]) -> None:
    for _ in range(2):
        assert call(gateway, "GET", "/things/1", key="wrong").status == 401

    assert len(authorizer_calls(handlers)) == 2


def test_without_an_authorizer_guarded_routes_stay_shut(handlers: dict[str, LocalFunction]) -> None:
    route = sources.Route(RestApiId="Api", Method="GET", Path="/things/{id}")

    assert call(Gateway([(handlers["WebFunction"], route)], None), "GET", "/things/1").status == 401


@pytest.mark.parametrize("target", ["/", "/nothing", "/things/1/2", "//", "http://x/nothing", "*"])
def test_an_unknown_path_is_not_found(gateway: Gateway, target: str) -> None:
    assert problem(call(gateway, "GET", target))["status"] == 404


def test_another_method_says_which_are_allowed(gateway: Gateway) -> None:
    answer = call(gateway, "DELETE", "/things")

    assert answer.status == 405
    assert ("Allow", "POST") in answer.headers


def test_a_target_that_is_no_url_is_a_bad_request(gateway: Gateway) -> None:
    assert problem(call(gateway, "GET", "http://[half/things"))["status"] == 400


def test_binary_answers_are_decoded(gateway: Gateway) -> None:
    assert call(gateway, "POST", "/things", body=b"x").body == b"\x00\x01\x02"  # AAEC


def test_a_broken_function_is_a_bad_gateway(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    answer = call(gateway, "POST", "/things", body=b"break")

    assert problem(answer)["status"] == 502
    assert "WebFunction failed: ValueError" in caplog.text
    assert "secret" not in caplog.text  # an error's text may name a reader


def test_only_calls_that_may_write_wake_the_pumps(gateway: Gateway, writes: list[str]) -> None:
    call(gateway, "GET", "/open")
    assert writes == []

    call(gateway, "POST", "/things")
    assert writes == ["woken"]


def test_a_fixed_segment_goes_before_a_parameter(handlers: dict[str, LocalFunction]) -> None:
    opened = {"Authorizer": "NONE"}
    routes = [
        (handlers["WebFunction"], sources.Route(RestApiId="Api", Method="GET", Path="/things/{id}", Auth=opened)),
        (handlers["WorkFunction"], sources.Route(RestApiId="Api", Method="ANY", Path="/things/fixed", Auth=opened)),
    ]
    gateway = Gateway(routes, None)

    assert call(gateway, "GET", "/things/fixed").status == 502  # its plan() returns no HTTP answer
    assert call(gateway, "GET", "/things/other").status == 200


def test_results_pass_through_json() -> None:
    assert as_lambda_returns({"a": (1, 2)}) == {"a": [1, 2]}
    with pytest.raises(TypeError):
        as_lambda_returns({1, 2})


def test_handlers_of_one_folder_share_their_module(folder: Path) -> None:
    path = folder / "template.yaml"
    path.write_text(path.read_text().replace("CodeUri: guard", "CodeUri: web").replace("app.authorize", "app.answer"))
    handlers = load_handlers(Template(path).functions())

    assert handlers["GuardFunction"]._handler is handlers["WebFunction"]._handler


@pytest.mark.parametrize(
    ("replace", "by", "said"),
    [("app.answer", "app.nothing", "no nothing"), ("CodeUri: web", "CodeUri: nowhere", "nowhere")],
)
def test_a_missing_handler_is_named(folder: Path, replace: str, by: str, said: str) -> None:
    path = folder / "template.yaml"
    path.write_text(path.read_text().replace(replace, by))

    with pytest.raises(ConfigurationError, match=said):
        load_handlers(Template(path).functions())
