"""Where content comes from: a file, or an address of the web."""

from __future__ import annotations

import io
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from feedsmith.content.uploads.gunzip import gunzip
from feedsmith.errors import UploadError
from feedsmith.settings import Settings

_BLOCK: Final = 2**16
# A feed is a page of text. What is larger or slower than this is none, or does not want to be read.
MAX_BYTES: Final = 10 * 2**20
MAX_S: Final = 30.0
_SILENT_S: Final = 10.0


@dataclass(slots=True)
class Content:
    """Bytes in blocks, decompressed; ``size`` is the source's own number of bytes, of which ``place`` were read."""

    name: str
    blocks: Iterator[bytes]
    size: int
    place: Callable[[], int]

    def head(self) -> bytes:
        """The first block, which stays to be read."""
        first = next(self.blocks, b"")
        self.blocks = itertools.chain([first], self.blocks)
        return first


@contextmanager
def opened(where: str) -> Iterator[Content]:
    """A file, gzipped or not, or what an http(s) address answers.

    Raises
    ------
    UploadError
        It cannot be read; says why.
    """
    if "://" in where:
        body = fetch(where)
        yield Content(where, iter([body]), len(body), lambda: len(body))
        return
    path = Path(where)
    try:
        file: io.BufferedReader = path.open("rb")
    except OSError as error:
        raise UploadError(f"{where} cannot be read ({error.strerror}): check the path") from error
    with file:
        blocks = iter(lambda: file.read(_BLOCK), b"")
        gzipped = path.suffix.lower() == ".gz"
        if gzipped:
            blocks = gunzip(blocks, Settings().max_expansion)
        yield Content(path.stem if gzipped else path.name, blocks, path.stat().st_size, file.tell)


def fetch(url: str, *, max_bytes: int = MAX_BYTES, max_s: float = MAX_S) -> bytes:
    """What a web address answers, in bounded time and space.

    Raises
    ------
    UploadError
        Not http(s), no answer, not in time, too large, or answered with an error.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise UploadError(f"{url}: only http:// and https:// addresses are read")
    end = time.monotonic() + max_s
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=_SILENT_S) as response:
            if not response.is_success:
                raise UploadError(f"{url} answered {response.status_code} {response.reason_phrase}: check the address")
            body = bytearray()
            for block in response.iter_bytes():
                body += block
                if len(body) > max_bytes:
                    raise UploadError(f"{url} answers more than {max_bytes} bytes: download it, and give the file")
                if time.monotonic() > end:
                    raise UploadError(f"{url} did not answer within {max_s:g} s: download it, and give the file")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UploadError(f"{url} cannot be read ({type(error).__name__}): check address and network") from error
    return bytes(body)
