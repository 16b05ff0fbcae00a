"""A small HTTP/1.1 server before the gateway: threaded, keep-alive, on this machine only.

Chalice's own local server builds its route table anew for each connection, writes answers in pieces that Nagle's
algorithm holds back for some 40 ms on a kept-alive connection, and ends the thread with a traceback on a bad
Content-Length; so the standard library's server is used directly.
"""

from __future__ import annotations

import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from feedsmith.errors import ConfigurationError
from feedsmith_local.gateway import MAX_BODY_BYTES, Answer, Request, problem
from feedsmith_local.operations import Answering

HOST = "127.0.0.1"
IDLE_TIMEOUT_S = 120
MOST_IN_FLIGHT = 16
_OVERLOADED = problem(
    HTTPStatus.SERVICE_UNAVAILABLE, "too many requests at the same time; call again later", [("Retry-After", "1")]
)


class LocalHttpServer(ThreadingHTTPServer):
    """Serves a gateway from entering to leaving; leaving lets answers under way finish.

    Parameters
    ----------
    gateway
        What answers.
    port
        0: any free one; see :attr:`base_url`.
    most_in_flight
        Requests that are answered at the same time. One more gets 503 at once: queueing it would only make all others
        late. In the cloud, the functions' concurrency and the stage's throttling are that bound.
    """

    daemon_threads = False  # so that closing waits for them
    request_queue_size = 128

    def __init__(self, gateway: Answering, port: int, *, most_in_flight: int = MOST_IN_FLIGHT) -> None:
        self.gateway = gateway
        self._slots = threading.BoundedSemaphore(most_in_flight)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="http", daemon=True)
        try:
            super().__init__((HOST, port), _Connection)
        except OSError as error:
            raise ConfigurationError(
                f"port {port} of {HOST} cannot be had ({error.strerror}): choose another, or end what listens there"
            ) from error

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.server_address[1]}"

    def __enter__(self) -> LocalHttpServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RD)  # whoever waits for a request gets the end of the stream
                except OSError:
                    continue  # the other side was faster
        self.server_close()

    def answer(self, request: Request) -> Answer:
        """What the gateway answers, or that too much is in flight already."""
        if not self._slots.acquire(blocking=False):
            return _OVERLOADED
        try:
            return self.gateway.answer(request)
        finally:
            self._slots.release()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, then serve it in a thread of its own."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that ended."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "feedsmith"
    sys_version = ""
    timeout = IDLE_TIMEOUT_S
    wbufsize = -1  # one write per answer
    disable_nagle_algorithm = True
    server: LocalHttpServer

    def _handle(self) -> None:
        body = self._read_body()
        if isinstance(body, Answer):
            self.close_connection = True  # where the next request starts is not known
            self._send(body)
            return
        headers = [(name, str(value)) for name, value in self.headers.items()]
        request = Request(self.command, self.path, headers, body, self.client_address[0])
        self._send(self.server.answer(request))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _handle  # noqa: N815  their names

    def _read_body(self) -> bytes | Answer:
        if "Transfer-Encoding" in self.headers:
            return problem(HTTPStatus.LENGTH_REQUIRED, "send the body with Content-Length, not in chunks")
        declared = self.headers.get("Content-Length", "0").strip()
        if not (declared.isascii() and declared.isdigit()):
            return problem(HTTPStatus.BAD_REQUEST, "Content-Length is not a number")
        if int(declared) > MAX_BODY_BYTES:
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"send at most {MAX_BODY_BYTES} bytes")
        body = self.rfile.read(int(declared))
        if len(body) < int(declared):
            return problem(HTTPStatus.BAD_REQUEST, "the body ended before Content-Length")
        return body

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and answer.status != HTTPStatus.NO_CONTENT:
            self.wfile.write(answer.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no HTTP request in the API's own form, without repeating it."""
        self.close_connection = True
        # A method that nobody knows is the caller's fault here, as it is in API Gateway.
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        self._send(problem(status, status.description or status.phrase))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        """Log nothing: a path names the reader."""
