from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from feedsmith.access.download import HttpsDownload
from feedsmith.errors import StoreUnavailable

Handle = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(handle: Handle) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(OSError):  # the client went away, which is what some tests are about
                handle(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/jwks.json"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answering(status: int, body: bytes = b"", **headers: str) -> Handle:
    def handle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return handle


def dripping(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "100000")
    request.end_headers()
    for _ in range(100):
        request.wfile.write(b" ")
        request.wfile.flush()
        time.sleep(0.05)


def silent(_: BaseHTTPRequestHandler) -> None:
    time.sleep(1)


def test_a_document_is_brought_whole() -> None:
    with serving(answering(200, b"x" * 200_000)) as url:
        assert HttpsDownload()(url) == b"x" * 200_000


@pytest.mark.parametrize(
    ("handle", "said"),
    [
        (answering(404, b"{}"), "answered 404"),
        (answering(500), "answered 500"),
        (answering(302, Location="http://169.254.169.254/latest/meta-data"), "answered 302"),
        (answering(200, b"x" * 1_001), "over 1000 bytes"),
        (dripping, "took over 0.4 s"),
        (silent, "cannot be reached"),
    ],
)
def test_what_is_too_large_too_slow_or_elsewhere_is_not_brought(handle: Handle, said: str) -> None:
    download = HttpsDownload(max_bytes=1_000, time_s=0.4)
    with serving(handle) as url, pytest.raises(StoreUnavailable, match=said):
        download(url)


def test_nothing_that_listens_is_no_answer() -> None:
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        HttpsDownload(time_s=0.4)("http://127.0.0.1:9/jwks.json")
