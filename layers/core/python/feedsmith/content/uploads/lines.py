"""Bytes to lines, with their places, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from feedsmith.content.uploads.limits import MAX_ROW_BYTES, SHOWN_BYTES
from feedsmith.errors import UploadError

_BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A line without its end. ``text`` of one that is ``too_long`` is its beginning only.

    ``number`` counts from 1; ``start`` to ``end`` (exclusive) are its bytes, the line's end included.
    """

    number: int
    start: int
    end: int
    text: str
    too_long: bool = False


def split_lines(blocks: Iterator[bytes]) -> Iterator[Line]:
    r"""Lines that end with ``\n`` or ``\r\n``; a byte order mark is left out.

    Raises
    ------
    UploadError
        A line is not UTF-8; names its number and the byte.
    """
    number, start = 1, 0  # of the line that `kept` begins
    kept = bytearray()
    dropped = 0  # bytes of it beyond MAX_ROW_BYTES, which are counted and not kept
    for block in blocks:
        position = 0
        while (newline := block.find(b"\n", position)) >= 0:
            room = MAX_ROW_BYTES + 1 - len(kept)
            piece = newline + 1 - position
            kept += block[position : min(newline + 1, position + room)]
            dropped += max(piece - room, 0)
            line = _line(number, start, kept, dropped)
            yield line
            number, start, position, dropped = number + 1, line.end, newline + 1, 0
            kept.clear()
        room = MAX_ROW_BYTES + 1 - len(kept)
        kept += block[position : position + room]
        dropped += max(len(block) - position - room, 0)
    if kept:
        yield _line(number, start, kept, dropped)


def _line(number: int, start: int, kept: bytearray, dropped: int) -> Line:
    end = start + len(kept) + dropped
    if number == 1 and kept.startswith(_BOM):
        start += len(_BOM)
        del kept[: len(_BOM)]
    if dropped or len(kept) > MAX_ROW_BYTES:
        return Line(number, start, end, kept[:SHOWN_BYTES].decode("utf-8", "replace"), too_long=True)
    try:
        text = kept.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UploadError(
            f"not UTF-8 at byte {start + error.start} (line {number}): save the file as UTF-8 and upload it again"
        ) from error
    return Line(number, start, end, text.removesuffix("\n").removesuffix("\r"))
