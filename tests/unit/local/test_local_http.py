from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from feedsmith.errors import ConfigurationError
from feedsmith_local.gateway import Answer, Gateway, Request
from feedsmith_local.http import LocalHttpServer


class Echo(Gateway):
    """Answers with what it was asked."""

    def __init__(self) -> None:
        super().__init__([], None)
        self.gate = threading.Event()
        self.entered = threading.Event()

    def answer(self, request: Request) -> Answer:
        if request.target == "/slow":
            self.entered.set()
            self.gate.wait(10)
        if request.target == "/empty":
            return Answer(204, [], b"")
        said = f"{request.method} {request.target} ".encode() + request.body
        return Answer(200, [("Content-Type", "text/plain")], said)


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def server(echo: Echo) -> Iterator[LocalHttpServer]:
    with LocalHttpServer(echo, 0) as running:
        yield running
        echo.gate.set()


def raw(server: LocalHttpServer, data: bytes) -> bytes:
    """What the server says to these bytes until it closes."""
    with socket.create_connection(server.server_address[:2], timeout=5) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_requests_share_a_connection(server: LocalHttpServer) -> None:
    with httpx.Client(base_url=server.base_url, trust_env=False) as client:
        for body in (b"one", "zwei 中".encode()):
            answer = client.post("/things?q=1", content=body)
            assert answer.content == b"POST /things?q=1 " + body
        assert client.delete("/empty").status_code == 204
        assert client.get("/things").headers["Content-Type"] == "text/plain"
    assert len(server._open) <= 1


def test_a_head_request_gets_no_body(server: LocalHttpServer) -> None:
    answer = raw(server, b"HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b'GET /"x" y HTTP/1.1\r\n\r\n', 400),
        (b"GET / HTTP/9.9\r\n\r\n", 505),
        (b"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"POST /x HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400),
        (b"POST /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /x HTTP/1.1\r\nContent-Length: 99\r\n\r\nshort", 400),
        (b"POST /x HTTP/1.1\r\nContent-Length: 10485761\r\n\r\n", 413),  # 10 MiB and a byte
        (b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
    ],
)  # fmt: skip
def test_bad_http_is_answered_and_hurts_nobody(server: LocalHttpServer, request_bytes: bytes, status: int) -> None:
    answer = raw(server, request_bytes)

    # An HTTP/0.9 answer, to what is no HTTP/1 at all, has no head.
    head, _, body = answer.rpartition(b"\r\n\r\n")
    problem = json.loads(body)
    assert problem["status"] == status
    assert problem["detail"]
    assert not head or (str(status).encode() in head.splitlines()[0] and b"application/problem+json" in head)
    assert httpx.get(server.base_url + "/after", trust_env=False).status_code == 200


def test_a_caller_who_leaves_hurts_nobody(server: LocalHttpServer) -> None:
    for data in (b"", b"GET / HT", b"POST /x HTTP/1.1\r\nContent-Length: 9\r\n\r\n12"):
        with socket.create_connection(server.server_address[:2]) as connection:
            connection.sendall(data)

    assert httpx.get(server.base_url + "/after", trust_env=False).status_code == 200


def test_leaving_lets_the_answer_under_way_finish_and_ends_idle_connections(echo: Echo) -> None:
    answers: list[int] = []
    with LocalHttpServer(echo, 0) as server:
        idle = socket.create_connection(server.server_address[:2], timeout=5)
        url = server.base_url + "/slow"
        caller = threading.Thread(target=lambda: answers.append(httpx.get(url, trust_env=False).status_code))
        caller.start()
        assert echo.entered.wait(5)
        threading.Timer(0.05, echo.gate.set).start()

    caller.join(5)
    assert answers == [200]
    assert idle.recv(1) == b""
    idle.close()


def test_a_taken_port_is_named_with_the_remedy(server: LocalHttpServer, echo: Echo) -> None:
    port = server.server_address[1]

    with pytest.raises(ConfigurationError, match=f"port {port} .*choose another"):
        LocalHttpServer(echo, port)
