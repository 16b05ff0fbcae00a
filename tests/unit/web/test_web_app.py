"""What a caller of the HTTP API sees: answers, and problems where something is wrong."""

from __future__ import annotations

import base64
import json
import threading
from typing import Any

import pytest
from chalice.app import Response

from feedsmith.errors import ConfigurationError, StoreUnavailable
from feedsmith.messages import EventBatch
from feedsmith.models import Id, Model
from feedsmith.web import Api
from feedsmith.web.app import at_most
from feedsmith.web.payload import match, to_version_1
from support.events import http_event, rest_event


class WhoQuery(Model):
    n: int = 3
    t: tuple[str, ...] = ()


class Who(WhoQuery):
    name: Id
    tenant: str


class Count(Model):
    n: int


class Echo(Model):
    name: str
    seen: str


@pytest.fixture
def api() -> Api:
    app = Api("test", max_body_bytes=1000)

    @app.route("/who/{name}", methods=["GET"], scope=None)
    def who(name: Id, query: WhoQuery) -> Who:
        return Who(name=name, tenant=app.caller.tenant, n=query.n, t=query.t)

    @app.route("/events", methods=["POST"], scope=None, status=202)
    def events(body: EventBatch) -> Count:
        at_most(body.events, 2, "events")
        return Count(n=len(body.events))

    @app.route("/events", methods=["DELETE"], scope=None)
    def forget() -> None:
        """Forget all."""

    @app.route("/lies", methods=["GET"], scope=None)
    def lies() -> Count:
        return "user-42"  # type: ignore[return-value]  what the test is about

    @app.route("/plain", methods=["GET"], scope=None, media_type="text/plain")
    def plain() -> Response:
        return Response(body="n 1\n", headers={"Content-Type": "text/plain"})

    @app.route("/down", methods=["GET"], scope=None)
    def down() -> None:
        raise StoreUnavailable("Qdrant does not answer; check it", retry_after_s=7)

    @app.route("/broken", methods=["GET"], scope=None)
    def broken() -> None:
        raise KeyError("user-42 read item-7")

    @app.route("/unset", methods=["GET"], scope=None)
    def unset() -> None:
        raise ConfigurationError("set X")

    return app


EVENT = {"user_id": "u", "item_id": "i", "type": "click", "at": "2026-03-01T12:00:00Z"}


def problem(answer: dict[str, Any], status: int) -> dict[str, Any]:
    assert answer["statusCode"] == status
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(answer["body"])
    assert body["status"] == status
    assert body["title"]
    return body


def test_reads_both_payload_versions(api: Api) -> None:
    query = {"n": ["5"], "t": ["x", "y"]}
    one = api(rest_event("GET", "/who/{name}", path={"name": "ann"}, query=query), None)
    routed = api(
        http_event("GET", "/who/ann", route="/who/{name}", query=query) | {"pathParameters": {"name": "ann"}}, None
    )
    default = api(http_event("GET", "/who/ann", query=query), None)

    expected = {"name": "ann", "tenant": "acme", "n": 5, "t": ["x", "y"]}
    assert [json.loads(a["body"]) for a in (one, routed, default)] == [expected] * 3


def test_a_stage_in_front_of_the_path_is_taken_off() -> None:
    event = http_event("GET", "/prod/who/a%20b")
    event["requestContext"]["stage"] = "prod"

    converted = to_version_1(event, ["/who/{name}"])

    assert converted["requestContext"]["resourcePath"] == "/who/{name}"
    assert converted["pathParameters"] == {"name": "a b"}
    assert converted["headers"]["cookie"] == "a=1; b=2"


@pytest.mark.parametrize(
    ("path", "route"),
    [("/who/x", "/who/{name}"), ("/who/", "/who/"), ("/who/x/y", "/who/x/y"), ("/events", "/events")],
)
def test_paths_match_whole_segments_only(path: str, route: str) -> None:
    assert match(path, ["/who/{name}", "/events"])[0] == route


def test_an_unknown_path_is_404_and_another_method_405(api: Api) -> None:
    problem(api(rest_event("GET", "/nowhere"), None), 404)
    problem(api(http_event("GET", "/nowhere"), None), 404)
    assert "Allow" in problem(api(rest_event("DELETE", "/down"), None), 405)["detail"]


def test_a_body_of_another_type_is_415(api: Api) -> None:
    event = rest_event("POST", "/events", raw="events=1")
    event["headers"] = {"Content-Type": "application/x-www-form-urlencoded"}

    assert "application/json" in problem(api(event, None), 415)["detail"]


def test_a_request_that_no_authorizer_saw_is_401(api: Api) -> None:
    answer = api(rest_event("GET", "/who/{name}", path={"name": "x"}, authorizer=None), None)

    problem(answer, 401)
    assert answer["headers"]["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("raw", ["", "{", "nonsense", '{"events": [}'])
def test_invalid_json_is_400(api: Api, raw: str) -> None:
    problem(api(rest_event("POST", "/events", raw=raw), None), 400)


def test_bytes_that_are_not_utf8_are_400(api: Api) -> None:
    event = rest_event("POST", "/events", raw=base64.b64encode(b'{"events": "\xff"}').decode()) | {
        "isBase64Encoded": True
    }

    problem(api(event, None), 400)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"events": [EVENT | {"type": "gaze"}]}, "/events/0/type"),
        ({"events": [EVENT, EVENT | {"mood": 1}]}, "/events/1/mood"),
        ({"events": [{k: v for k, v in EVENT.items() if k != "at"}]}, "/events/0/at"),
        ({"events": [EVENT | {"at": "2026-03-01T12:00:00"}]}, "/events/0/at"),
        ({"events": [EVENT | {"user_id": "a b"}]}, "/events/0/user_id"),
        ({"events": [EVENT | {"at": "0001-01-01T00:00:00+08:00"}]}, "/events/0/at"),
        ({"events": [EVENT | {"type": "rate"}]}, "/events/0"),
        ({"events": [EVENT | {"type": "rate", "value": 87}]}, "/events/0"),
        ({"events": [EVENT | {"type": "watch", "value": 2}]}, "/events/0"),
        ({"events": []}, "/events"),
        ([], ""),
    ],
)
def test_a_wrong_field_is_422_and_named_by_its_path(api: Api, body: Any, path: str) -> None:
    answer = problem(api(rest_event("POST", "/events", body=body), None), 422)

    assert path in [error["path"] for error in answer["errors"]]


def test_a_wrong_query_parameter_is_422_and_named(api: Api) -> None:
    answer = problem(api(rest_event("GET", "/who/{name}", path={"name": "x"}, query={"n": ["many"]}), None), 422)

    assert answer["errors"][0]["path"] == "/n"


def test_an_unknown_query_parameter_is_422_and_named(api: Api) -> None:
    answer = problem(api(rest_event("GET", "/who/{name}", path={"name": "x"}, query={"m": ["1"]}), None), 422)

    assert answer["errors"][0]["path"] == "/m"


def test_a_path_parameter_is_decoded_then_checked(api: Api) -> None:
    good = api(rest_event("GET", "/who/{name}", path={"name": "a%40b"}), None)
    bad = problem(api(rest_event("GET", "/who/{name}", path={"name": "a%20b"}), None), 422)

    assert json.loads(good["body"])["name"] == "a@b"
    assert bad["errors"][0]["path"] == "/name"


def test_a_single_parameter_given_twice_is_its_last_value(api: Api) -> None:
    answer = api(rest_event("GET", "/who/{name}", path={"name": "x"}, query={"n": ["1", "2"]}), None)

    assert json.loads(answer["body"])["n"] == 2


def test_answers_have_the_declared_status_and_form(api: Api) -> None:
    accepted = api(rest_event("POST", "/events", body={"events": [EVENT]}), None)
    empty = api(rest_event("DELETE", "/events"), None)
    plain = api(rest_event("GET", "/plain"), None)

    assert (accepted["statusCode"], accepted["body"]) == (202, '{"n":1}')
    assert (empty["statusCode"], empty["body"]) == (204, "")
    assert (plain["headers"]["Content-Type"], plain["body"]) == ("text/plain", "n 1\n")


def test_an_answer_that_is_not_what_was_declared_is_never_sent(api: Api) -> None:
    answer = api(rest_event("GET", "/lies"), None)

    problem(answer, 500)
    assert "user-42" not in answer["body"]


def test_a_view_that_does_not_take_what_its_path_names_is_found_at_once() -> None:
    def nobody() -> None:
        pass

    with pytest.raises(ConfigurationError, match=r"takes \[\]; it must take the path's \['name'\]"):
        Api("test", max_body_bytes=1).route("/who/{name}", methods=["GET"], scope=None)(nobody)


def test_too_many_rows_or_bytes_are_413(api: Api) -> None:
    assert (
        "send at most 2"
        in problem(api(rest_event("POST", "/events", body={"events": [EVENT] * 3}), None), 413)["detail"]
    )
    assert "1000" in problem(api(rest_event("POST", "/events", raw=" " * 1001), None), 413)["detail"]


def test_a_store_that_is_down_is_503_with_retry_after(api: Api) -> None:
    answer = api(rest_event("GET", "/down"), None)

    assert problem(answer, 503)["detail"] == "a store does not answer now; call again later"
    assert answer["headers"]["Retry-After"] == "7"


def test_an_unexpected_error_says_nothing_of_the_data(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    answer = api(rest_event("GET", "/broken"), None)

    problem(answer, 500)
    said = capsys.readouterr()
    assert "user-42" not in answer["body"] + said.out + said.err


def test_a_failure_of_ours_is_explained_in_the_log_and_not_to_the_caller(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    for path, status, reason in (("/unset", 500, "set X"), ("/down", 503, "Qdrant")):
        answer = api(rest_event("GET", path), None)

        assert reason not in problem(answer, status)["detail"]
        assert reason in vars(caplog.records[-1])["reason"]


def test_threads_do_not_see_each_others_requests() -> None:
    app = Api("threads", max_body_bytes=1000)
    together = threading.Barrier(2)

    @app.route("/echo/{name}", methods=["GET"], scope=None)
    def echo(name: Id) -> Echo:
        together.wait(5)  # both requests have begun when either reads its own
        return Echo(name=name, seen=app.current_request.uri_params["name"])

    answers: list[dict[str, str]] = []

    def ask(name: str) -> None:
        answers.append(json.loads(app(rest_event("GET", "/echo/{name}", path={"name": name}), None)["body"]))

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert sorted(a["name"] for a in answers) == ["a", "b"]
    assert all(a["name"] == a["seen"] for a in answers)
