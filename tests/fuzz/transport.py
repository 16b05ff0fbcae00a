"""Two ways in: the gateway as a function, and bytes over the socket."""

from __future__ import annotations

import http.client
import io
import socket
from urllib.parse import urlsplit

from feedsmith_local.gateway import Answer, Gateway, Request
from fuzz.requests import Draft

TIMEOUT_S = 30


def by_call(gateway: Gateway, draft: Draft) -> Answer:
    """Straight to the gateway."""
    return gateway.answer(Request(draft.method, draft.target, draft.headers, draft.content, "127.0.0.1"))


def by_socket(base_url: str, draft: Draft) -> Answer | None:
    """One connection, the bytes as they are, whatever HTTP says of them; None: the server hung up."""
    url = urlsplit(base_url)
    content = draft.content
    lines = [f"{draft.method} {draft.target} HTTP/1.1", "Host: localhost", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in draft.headers]
    if content and not any(name == "Content-Length" for name, _ in draft.headers):
        lines.append(f"Content-Length: {len(content)}")
    head = "\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n\r\n"
    with socket.create_connection((str(url.hostname), int(url.port or 80)), TIMEOUT_S) as connection:
        try:
            connection.sendall(head + content)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has answered before it read all
        received = _received(connection)
    return _parsed(received, draft.method) if received else None


def _received(connection: socket.socket) -> bytes:
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass  # what came before is the answer
    return b"".join(parts)


class _Received:
    """What :class:`http.client.HTTPResponse` asks of a socket, and no more."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)

    def makefile(self, _mode: str) -> io.BytesIO:
        return self._file


def _parsed(received: bytes, method: str) -> Answer:
    response = http.client.HTTPResponse(_Received(received), method=method)  # type: ignore[arg-type]
    response.begin()
    return Answer(response.status, response.getheaders(), response.read())
