"""A JSON array to rows.

Only the array itself is read here: its elements are cut out, however they are made, and each is checked by itself by
the worker, as a line of JSON Lines is. So a bad element costs no other, and no parser sees an element that is too long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from feedsmith.content.uploads.limits import MAX_ROW_BYTES, SHOWN_BYTES
from feedsmith.content.uploads.lines import Line
from feedsmith.content.uploads.rows import Row, Rows, too_long
from feedsmith.errors import UploadError
from feedsmith.models import Rejected

_BOM = b"\xef\xbb\xbf"
_BLANKS = re.compile(rb"[ \t\r\n]*")
# A number, a name, or what was meant to be one.
_WORD = re.compile(rb'[^ \t\r\n,\[\]{}"]*')
_QUOTE_OR_BRACKET = re.compile(rb'["\[\]{}]')
# A backslash hides the byte after it, which may be in the next block.
_QUOTE_OR_ESCAPE = re.compile(rb'"|\\.?', re.DOTALL)
_CUT_OFF = "the file ends before the closing bracket"


def json_rows(blocks: Iterator[bytes]) -> Rows:
    """One row per element of the array, which stands for its line: the first element is line 1.

    Raises
    ------
    UploadError
        Not a JSON array in UTF-8, or damaged between its elements. The rows before that were given already.
    """
    array = _Array(blocks)
    sign = array.peek()
    if not sign:
        return  # nothing but blanks
    if sign != b"[":
        raise UploadError("a .json upload must hold one array of items; name one item per line .jsonl")
    array.skip()
    if array.peek() != b"]":
        sign = b","
        while sign == b",":
            yield array.element()
            sign = array.peek()
            if sign not in (b",", b"]"):
                raise array.damaged("a comma or the closing bracket is missing")
            if sign == b",":
                array.skip()
    array.skip()
    if array.peek():
        raise array.damaged("something follows the closing bracket")


class _Array:
    """Reads forward through the blocks, and keeps of an element no more than a row may hold."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._block = b""
        self._at = 0
        self._before = 0  # bytes of the blocks before this one
        self._kept = bytearray()
        self._number = 0  # of the last element that was given
        while len(self._block) < len(_BOM) and (block := next(blocks, None)) is not None:
            self._block += block
        if self._block.startswith(_BOM):
            self._at = len(_BOM)

    def peek(self) -> bytes:
        """The next byte that is not blank, not yet taken; none at the end."""
        while self._more():
            self._at = _end(_BLANKS, self._block, self._at)
            if self._at < len(self._block):
                return self._block[self._at : self._at + 1]
        return b""

    def skip(self) -> None:
        """Leave out the byte that was seen."""
        self._at += 1

    def element(self) -> Row | Rejected:
        """The next element, as one line."""
        self._kept.clear()
        sign = self.peek()
        if sign == b'"':
            self._take(self._at + 1)
            self._take_string()
        elif sign in (b"[", b"{"):
            self._take_nested()
        else:
            self._take_word()
        if not self._kept:
            raise self.damaged("an element is missing")
        self._number += 1
        return self._row()

    def damaged(self, what: str) -> UploadError:
        """The error for what is wrong here."""
        if not self._more():
            what = _CUT_OFF
        return UploadError(
            f"not a JSON array after element {self._number}, at byte {self._before + self._at} ({what}): "
            "the elements before were taken; mend the file and upload it again"
        )

    def _row(self) -> Row | Rejected:
        if len(self._kept) > MAX_ROW_BYTES:
            return too_long(Line(self._number, 0, 0, self._kept[:SHOWN_BYTES].decode("utf-8", "replace"), True))
        try:
            # A tab is blank between tokens and an error within a string, just as a newline is.
            return Row(self._number, self._kept.replace(b"\n", b"\t").decode("utf-8"))
        except UnicodeDecodeError as error:
            raise UploadError(
                f"not UTF-8 in element {self._number}: the elements before were taken; "
                "save the file as UTF-8 and upload it again"
            ) from error

    def _take_nested(self) -> None:
        depth = 0
        while True:
            sign = self._take_through(_QUOTE_OR_BRACKET)
            if sign == b'"':
                self._take_string()
            elif sign in (b"[", b"{"):
                depth += 1
            elif depth == 1:
                return
            else:
                depth -= 1

    def _take_string(self) -> None:
        """To its end, from behind its first quote."""
        while (sign := self._take_through(_QUOTE_OR_ESCAPE)) != b'"':
            if sign == b"\\" and self._more():
                self._take(self._at + 1)

    def _take_word(self) -> None:
        while self._more():
            self._take(_end(_WORD, self._block, self._at))
            if self._at < len(self._block):
                return
        raise self.damaged(_CUT_OFF)

    def _take_through(self, pattern: re.Pattern[bytes]) -> bytes:
        """Take all up to the next match and the match itself, which is returned."""
        while self._more():
            found = pattern.search(self._block, self._at)
            self._take(found.end() if found else len(self._block))
            if found:
                return found[0]
        raise self.damaged(_CUT_OFF)

    def _take(self, end: int) -> None:
        room = MAX_ROW_BYTES + 1 - len(self._kept)
        self._kept += self._block[self._at : min(end, self._at + room)]
        self._at = end

    def _more(self) -> bool:
        """Whether a byte is left, which is in the block then."""
        while self._at >= len(self._block):
            block = next(self._blocks, None)
            if block is None:
                return False
            self._before += len(self._block)
            self._block, self._at = block, 0
        return True


def _end(blanks_or_word: re.Pattern[bytes], block: bytes, at: int) -> int:
    """Where a run that may be empty ends."""
    found = blanks_or_word.match(block, at)
    return found.end() if found else at
