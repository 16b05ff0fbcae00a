"""A small HTTP server on loopback that answers as it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any


class Server:
    """Answers with the queued (status, body) or (status, body, headers), the last one again and again.

    A body of None is never sent; an iterator's pieces are sent one by one, as long as the client listens.
    """

    def __init__(self, *answers: Any) -> None:
        self.answers: list[Any] = list(answers)
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.over = Event()
        self._lock = Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outer._lock:
                    outer.requests.append((self.path, dict(self.headers), body))
                    status, answer, *headers = outer.answers[0] if len(outer.answers) == 1 else outer.answers.pop(0)
                if answer is None:
                    outer.over.wait(10)
                    return
                self.send_response(status)
                for name, value in headers[0].items() if headers else ():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                pieces = answer if isinstance(answer, Iterator) else [_bytes(answer)]
                self.end_headers()
                try:
                    for piece in pieces:
                        self.wfile.write(piece)
                except OSError:
                    pass  # the client went away

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}"

    def dripping(self) -> Iterator[bytes]:
        """A body that comes one blank at a time and does not end."""
        while not self.over.wait(0.02):
            yield b" "


def _bytes(answer: Any) -> bytes:
    return answer if isinstance(answer, bytes) else json.dumps(answer).encode()


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Serve until the block ends."""
    thread = Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.http.shutdown()
        server.http.server_close()
        thread.join()
