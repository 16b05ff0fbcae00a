"""The clients over a fake API: what is sent, what comes back, what is tried again, and what is raised."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from feedsmith.client import (
    ApiError,
    AsyncFeedsmith,
    Conflict,
    Feedsmith,
    Forbidden,
    InvalidRequest,
    NoAnswer,
    NotFound,
    Retries,
    ServerFailed,
    TooManyRequests,
    Unauthorized,
    ValidationFailed,
)
from feedsmith.messages import Problem
from feedsmith.models import Item

AT_ONCE = Retries(attempts=3, first_wait_s=0)
REPORT = {"indexed": 1, "unchanged": 0}


class FakeApi:
    """Answers in turn, the last one again and again; a status alone is a problem, an exception is raised instead."""

    def __init__(self, *answers: httpx.Response | Exception | int) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return problem(answer) if isinstance(answer, int) else answer


Run = Callable[..., Any]


@pytest.fixture(params=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Run:
    """Make one call with either client: ``run(api, "get_item", "n1")``."""

    def sync(api: FakeApi, name: str, *args: Any, **kwargs: Any) -> Any:
        with Feedsmith("http://x/prod", "k", retries=AT_ONCE, transport=httpx.MockTransport(api)) as client:
            return getattr(client, name)(*args, **kwargs)

    async def asynchronous(api: FakeApi, name: str, *args: Any, **kwargs: Any) -> Any:
        async with AsyncFeedsmith("http://x/prod", "k", retries=AT_ONCE, transport=httpx.MockTransport(api)) as client:
            return await getattr(client, name)(*args, **kwargs)

    if request.param == "sync":
        return sync
    return lambda *args, **kwargs: asyncio.run(asynchronous(*args, **kwargs))


def problem(status: int, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
    body = {"title": "T", "status": status, "detail": "what, where, how", **more}
    return httpx.Response(status, json=body, headers=headers)


def test_a_call_goes_below_the_stage_with_the_key_and_its_ids_quoted(run: Run) -> None:
    api = FakeApi(httpx.Response(200, json={"items": []}))

    found = run(api, "similar_items", "a/b c", limit=3)

    (sent,) = api.asked
    assert found.items == ()
    assert str(sent.url) == "http://x/prod/v1/items/a%2Fb%20c/similar?limit=3"
    assert sent.headers["Authorization"] == "Bearer k"


def test_what_is_not_asked_for_is_not_sent(run: Run) -> None:
    slate = {"slate_id": "s", "domain": "news", "basis": "general", "model_version": "m", "items": [], "newer": 1}
    api = FakeApi(httpx.Response(200, json=slate))

    found = run(api, "recommendations", "ann", "news", category=["a", "b"])

    assert api.asked[0].url.query == b"domain=news&limit=10&category=a&category=b"
    assert found.slate_id == "s"  # and what a newer API says besides is no error


def test_items_go_as_models_or_as_rows(run: Run) -> None:
    api = FakeApi(httpx.Response(200, json=REPORT))

    run(api, "put_items", [Item(id="n1", domain="news", title="t"), {"id": "n2"}])

    assert json.loads(api.asked[0].content) == {"items": [{"id": "n1", "domain": "news", "title": "t"}, {"id": "n2"}]}


def test_a_delete_answers_nothing(run: Run) -> None:
    assert run(FakeApi(httpx.Response(204)), "delete_item", "n1") is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequest), (401, Unauthorized), (403, Forbidden), (404, NotFound), (405, InvalidRequest),
        (409, Conflict), (413, InvalidRequest), (422, ValidationFailed), (429, TooManyRequests), (500, ServerFailed),
        (503, ServerFailed),
    ],
)  # fmt: skip
def test_each_problem_is_an_exception_of_its_kind(run: Run, status: int, kind: type[ApiError]) -> None:
    errors = [{"path": "/limit", "message": "too many"}]

    with pytest.raises(kind, match="what, where, how") as caught:
        run(FakeApi(problem(status, errors=errors)), "live")

    assert type(caught.value) is kind
    assert caught.value.problem.status == status
    assert [(e.path, e.message) for e in caught.value.errors] == [("/limit", "too many")]


def test_what_is_no_problem_and_no_answer_says_so(run: Run) -> None:
    with pytest.raises(ServerFailed, match="x answered 502 Bad Gateway without a problem"):
        run(FakeApi(httpx.Response(502, text="<html>")), "live")
    with pytest.raises(InvalidRequest, match="302"):
        run(FakeApi(httpx.Response(302, headers={"Location": "http://y"})), "live")
    with pytest.raises(ServerFailed, match=r"cannot read \(status"):
        run(FakeApi(httpx.Response(200, json={"status": "odd"})), "live")
    with pytest.raises(NoAnswer, match=r"http://x/prod/ does not answer \(ConnectError"):
        run(FakeApi(httpx.ConnectError("refused")), "live")


@pytest.mark.parametrize(
    ("failure", "name", "args", "tries"),
    [
        # Repeating does no harm.
        (503, "live", (), 3),
        (429, "live", (), 3),
        (500, "live", (), 3),
        (httpx.ReadTimeout("late"), "live", (), 3),
        (httpx.ReadError("cut"), "put_items", ([{"id": "n"}],), 3),
        # Refused before any work.
        (503, "texts", ("ann", "headline"), 3),
        (httpx.ConnectError("refused"), "texts", ("ann", "headline"), 3),
        # Perhaps carried out.
        (500, "texts", ("ann", "headline"), 1),
        (httpx.ReadTimeout("late"), "texts", ("ann", "headline"), 1),
        (httpx.ReadTimeout("late"), "delete_item", ("n1",), 1),
        # Would fail again.
        (422, "live", (), 1),
        (401, "live", (), 1),
    ],
)
def test_what_may_help_and_cannot_harm_is_tried_again(
    run: Run, failure: int | Exception, name: str, args: tuple[Any, ...], tries: int
) -> None:
    api = FakeApi(failure)

    with pytest.raises(ApiError):
        run(api, name, *args)

    assert len(api.asked) == tries


def test_a_later_try_may_succeed(run: Run) -> None:
    api = FakeApi(503, httpx.ConnectError("refused"), httpx.Response(200, json={"status": "ok"}))

    assert run(api, "ready").status == "ok"
    assert len(api.asked) == 3


def test_who_is_asked_to_wait_longer_than_patience_lasts_does_not(run: Run) -> None:
    api = FakeApi(problem(503, {"Retry-After": "31"}))

    with pytest.raises(ServerFailed) as caught:
        run(api, "live")

    assert (caught.value.retry_after_s, len(api.asked)) == (31, 1)


def test_waits_double_up_to_the_longest_and_never_undercut_retry_after() -> None:
    retries = Retries(first_wait_s=1, longest_wait_s=10)

    def waits(draw: float, error: Exception | None = None) -> list[float]:
        return [retries.wait_s(n, error, lambda: draw) for n in (1, 2, 4, 5, 2000)]

    # From half of 1, 2, 8, 10, 10 seconds to all of it.
    assert waits(0) == [0.5, 1, 4, 5, 5]
    assert waits(1) == [1, 2, 8, 10, 10]
    assert waits(1, TooManyRequests(Problem(title="T", status=429), 7)) == [7, 7, 8, 10, 10]


def test_a_call_s_own_documentation_is_the_method_s() -> None:
    assert "similar" not in (Feedsmith.recommendations.__doc__ or "")
    assert (Feedsmith.recommendations.__doc__ or "").startswith("A slate for one user")
    assert AsyncFeedsmith.texts.__name__ == "texts"
