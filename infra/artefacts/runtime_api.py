"""Lambda's Runtime API for one function: what the runtime inside the sandbox asks for events and gives answers.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PREFIX = "/2018-06-01/runtime"
_ARN = "arn:aws:lambda:eu-west-1:123456789012:function:"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an invocation: the handler's return value, or the error that it or its import raised."""

    payload: Any = None
    error: dict[str, Any] | None = None


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report a bug, but not that the function's process ended, which hangs up on whatever it asked last."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class RuntimeApi:
    """Offers one event at a time and waits for the answer; a context manager.

    Parameters
    ----------
    function
        Name in the invoked function's ARN.
    """

    def __init__(self, function: str) -> None:
        self._arn = _ARN + function
        self._events: queue.Queue[tuple[str, bytes, int] | None] = queue.Queue()
        self._answers: queue.Queue[Answer] = queue.Queue()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        """``host:port``, for AWS_LAMBDA_RUNTIME_API."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def __enter__(self) -> RuntimeApi:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._events.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def offer(self, event: object, timeout_s: float) -> None:
        """Make ``event`` the next invocation, which has ``timeout_s`` from now."""
        deadline_ms = int((time.time() + timeout_s) * 1000)
        self._events.put((str(uuid.uuid4()), json.dumps(event).encode(), deadline_ms))

    def answer(self, timeout_s: float) -> Answer | None:
        """The next answer; None when there is none within ``timeout_s``."""
        try:
            return self._answers.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                """``invocation/next``: block until there is an event."""
                invocation = api._events.get() if self.path == f"{_PREFIX}/invocation/next" else None
                if invocation is None:
                    self._reply(410)
                    return
                request_id, event, deadline_ms = invocation
                self._reply(
                    200,
                    event,
                    {
                        "Lambda-Runtime-Aws-Request-Id": request_id,
                        "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
                        "Lambda-Runtime-Invoked-Function-Arn": api._arn,
                        "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
                    },
                )

            def do_POST(self) -> None:
                """``invocation/ID/response``, ``invocation/ID/error`` and ``init/error``."""
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                failed = self.path.endswith("/error")
                api._answers.put(Answer(error=body) if failed else Answer(payload=body))
                self._reply(202)

            def _reply(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Say nothing: the function's own log is what matters."""

        return Handler
