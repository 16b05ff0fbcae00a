from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.content.uploads.limits import MAX_ROW_BYTES, at_most
from feedsmith.content.uploads.lines import Line, split_lines
from feedsmith.errors import UploadError


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_lines_with_their_places(size: int) -> None:
    #        0-2 BOM  3 a 4 \n   5 \n   6-8 é\r\n is 4 bytes: 6..9   10 z
    data = b"\xef\xbb\xbfa\n\n\xc3\xa9\r\nz"
    assert list(split_lines(iter(cut(data, size)))) == [
        Line(1, 3, 5, "a"),
        Line(2, 5, 6, ""),
        Line(3, 6, 10, "é"),
        Line(4, 10, 11, "z"),
    ]


@settings(print_blob=True)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r\ufeff"))), st.integers(1, 9))
def test_places_give_back_the_bytes_however_they_are_cut(texts: list[str], size: int) -> None:
    data = "\n".join(texts).encode()
    lines = list(split_lines(iter(cut(data, size))))
    assert [data[line.start : line.end].decode().removesuffix("\n") for line in lines] == [line.text for line in lines]
    assert b"".join(data[line.start : line.end] for line in lines) == data
    assert [line.text for line in lines] == data.decode().removesuffix("\n").split("\n") * bool(data)


@pytest.mark.parametrize("block", [1000, 2**18, 2**23])
def test_a_line_that_is_too_long_is_counted_but_not_kept(block: int) -> None:
    long = b"x" * (3 * MAX_ROW_BYTES)
    data = b"a\n" + long + b"\nb\n" + b"y" * MAX_ROW_BYTES + b"\n"
    first, second, third, fourth = split_lines(iter(cut(data, block)))
    assert (first.text, third.text) == ("a", "b")
    assert second == Line(2, 2, 2 + len(long) + 1, "x" * 1000, too_long=True)
    assert third.start == second.end
    # MAX_ROW_BYTES and the line's end are one byte too many.
    assert fourth.too_long
    assert fourth.end == len(data)


def test_a_line_of_just_the_limit_is_kept() -> None:
    (line,) = split_lines(iter([b"x" * (MAX_ROW_BYTES - 1) + b"\n"]))
    assert not line.too_long
    assert len(line.text) == MAX_ROW_BYTES - 1


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"ok\nf\xfcr\n", r"byte 4 \(line 2\)"),  # Latin-1
        (b"\xff\xfe{\x00", r"byte 0 \(line 1\)"),  # UTF-16
        (b"ok\n\xc3", r"byte 3 \(line 2\)"),  # cut within a character
        (b"\xef\xbb\xbf\xff", r"byte 3 \(line 1\)"),
    ],
)
def test_what_is_not_utf8_is_placed(data: bytes, where: str) -> None:
    with pytest.raises(UploadError, match=where):
        list(split_lines(iter([data])))


def test_at_most_ends_at_the_limit() -> None:
    assert list(at_most(iter([b"abc", b"de"]), 5)) == [b"abc", b"de"]
    blocks = at_most(iter([b"abc", b"def"]), 5)
    assert next(blocks) == b"abc"
    with pytest.raises(UploadError, match="more than 5 bytes"):
        next(blocks)
