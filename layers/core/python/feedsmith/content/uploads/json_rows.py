"""A JSON array to rows."""

from __future__ import annotations

import json
from collections.abc import Iterator

from feedsmith.content.uploads.limits import MAX_ROW_BYTES
from feedsmith.content.uploads.rows import Row, Rows
from feedsmith.errors import UploadError

_BLOCK = 2**16


def json_rows(blocks: Iterator[bytes]) -> Rows:
    """One row per element of the array, which stands for its line: the first element is line 1.

    Raises
    ------
    UploadError
        Not a JSON array in UTF-8, or damaged, or an element is longer than a row may be. The rows before that were
        given already.
    """
    import ijson

    source = _Source(blocks)
    number = 0
    try:
        for number, element in enumerate(ijson.items(source, "item"), start=1):
            source.since_row = 0
            # ijson gives numbers with a fraction as Decimal.
            yield Row(number, json.dumps(element, ensure_ascii=False, default=float))
    except ijson.JSONError as error:
        if not source.began:
            return  # nothing but blanks
        raise UploadError(
            f"not JSON after element {number}, before byte {source.position} ({_first_line(error)}): "
            "the elements before were taken; mend the file and upload it again"
        ) from error


class _Source:
    """A file for ijson that has seen the array begin, and counts what it gave since the last row."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._buffer = b""
        self.began = False
        self.position = 0
        self.since_row = 0

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes, none at the end; ijson asks for 0 bytes first, to see what kind of file this is."""
        while size and not self._buffer:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._buffer = block if self.began else self._begin(block)
        if self.since_row > MAX_ROW_BYTES + _BLOCK:
            raise UploadError(
                f"an element before byte {self.position} is longer than {MAX_ROW_BYTES} bytes: the elements before "
                "were taken; shorten it, or upload JSON Lines, where one row that is too long costs no other"
            )
        given, self._buffer = self._buffer[: min(size, _BLOCK)], self._buffer[min(size, _BLOCK) :]
        self.position += len(given)
        self.since_row += len(given)
        return given

    def _begin(self, block: bytes) -> bytes:
        text = block.removeprefix(b"\xef\xbb\xbf") if self.position == 0 else block
        start = text.lstrip()
        if start:
            if not start.startswith(b"["):
                raise UploadError("a .json upload must hold one array of items; name one item per line .jsonl")
            self.began = True
        return text


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
