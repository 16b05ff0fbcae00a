"""The local server answers a bounded number of requests at the same time, and says at once that there are too many."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from feedsmith_local.gateway import Answer, Request
from feedsmith_local.http import LocalHttpServer

MOST = 3


class Slow:
    """Answers when it may; fails on /broken."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.entered = threading.Semaphore(0)
        self.answered = 0

    def answer(self, request: Request) -> Answer:
        if request.target == "/broken":
            raise RuntimeError("never so in a gateway")
        self.entered.release()
        self.may_answer.wait(10)
        self.answered += 1
        return Answer(200, [], b"done")


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def client(slow: Slow) -> Iterator[httpx.Client]:
    with (
        LocalHttpServer(slow, 0, most_in_flight=MOST) as server,
        httpx.Client(base_url=server.base_url, trust_env=False) as client,
    ):
        yield client
        slow.may_answer.set()


def test_one_request_too_many_is_refused_at_once_and_reaches_nothing(slow: Slow, client: httpx.Client) -> None:
    with ThreadPoolExecutor(MOST) as pool:
        # GIVEN as many requests under way as may be
        under_way = [pool.submit(client.get, "/") for _ in range(MOST)]
        for _ in range(MOST):
            assert slow.entered.acquire(timeout=5)

        # WHEN one more comes, with a body, and another on the same connection
        refused = [client.post("/", content=b"x" * 1000), client.get("/")]

        # THEN both are told to come back, and those under way are answered
        for answer in refused:
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["detail"] == "too many requests at the same time; call again later"
        slow.may_answer.set()
        assert [request.result().status_code for request in under_way] == [200] * MOST

    # AND there is room again
    assert client.get("/").status_code == 200
    assert slow.answered == MOST + 1


def test_a_request_that_fails_gives_its_place_back(slow: Slow, client: httpx.Client) -> None:
    slow.may_answer.set()
    for _ in range(2 * MOST):
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/broken")

    assert client.get("/").status_code == 200
