"""Small documents by HTTPS, within bounds of size and time."""

from __future__ import annotations

import time

import urllib3

from feedsmith.access.base import Download
from feedsmith.errors import StoreUnavailable

MAX_BYTES = 256 * 1024
TIME_S = 3.0
_BLOCK = 16 * 1024


class HttpsDownload(Download):
    """Neither redirects nor proxies are followed, and no compressed body is unpacked."""

    def __init__(self, *, max_bytes: int = MAX_BYTES, time_s: float = TIME_S) -> None:
        self._max_bytes = max_bytes
        self._time_s = time_s
        self._pool = urllib3.PoolManager(
            num_pools=4, retries=False, timeout=urllib3.Timeout(connect=time_s / 2, read=time_s / 2)
        )

    def __call__(self, url: str) -> bytes:
        """The document at ``url``."""
        deadline = time.monotonic() + self._time_s
        try:
            answer = self._pool.request(
                "GET", url, redirect=False, preload_content=False, headers={"Accept": "application/json"}
            )
            try:
                return self._body(url, answer, deadline)
            finally:
                answer.close()  # what was not read is not wanted
        except urllib3.exceptions.HTTPError as error:
            raise StoreUnavailable(f"{url} cannot be reached ({type(error).__name__})") from error

    def _body(self, url: str, answer: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
        if answer.status != 200:
            raise StoreUnavailable(f"{url} answered {answer.status}")
        body = b""
        # Piece by piece as they come: a read of a fixed length would wait for its last byte as long as bytes drip in.
        while piece := answer.read1(_BLOCK, decode_content=False):
            body += piece
            if len(body) > self._max_bytes:
                raise StoreUnavailable(f"{url} has over {self._max_bytes} bytes")
            if time.monotonic() > deadline:
                raise StoreUnavailable(f"{url} took over {self._time_s:g} s")
        return body
