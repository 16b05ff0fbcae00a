from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.content.uploads.json_rows import json_rows
from feedsmith.content.uploads.limits import MAX_ROW_BYTES, SHOWN_BYTES
from feedsmith.content.uploads.rows import Row
from feedsmith.content.uploads.work import read_rows
from feedsmith.errors import UploadError
from feedsmith.models import Rejected
from feedsmith.stores.objects import Chunk

CHUNK = Chunk(
    tenant="acme",
    domain="news",
    ingestion_id="1",
    number=1,
    bucket="work",
    key="rows",
    version=None,
    start=0,
    end=0,
    first_line=1,
)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[i : i + size] for i in range(0, len(data), size))


def lines(blocks: Iterator[bytes]) -> list[str]:
    """The elements as they are staged, which must be one line each, numbered from 1."""
    rows = [row for row in json_rows(blocks) if isinstance(row, Row)]
    assert [row.line for row in rows] == list(range(1, len(rows) + 1))
    assert not any("\n" in row.json for row in rows)
    return [row.json for row in rows]


def read(data: bytes, size: int = 7) -> list[object]:
    return [json.loads(line) for line in lines(cut(data, size))]


def worked(data: bytes) -> tuple[list[str], dict[int, str]]:
    """What a worker makes of the rows: ids of items, and the reasons by line."""
    items, rejected = read_rows("\n".join(lines(cut(data, 2**16))).encode(), CHUNK)
    return [item.id for item in items], {row.line: row.reason for row in rejected}


def test_elements_are_rows() -> None:
    elements = [{"id": "a", "title": 'é\n"x"', "attributes": {"price": 9.5, "n": 3, "big": 10**30}}, [], 7, None]
    assert read(json.dumps(elements, indent=2).encode()) == elements


@pytest.mark.parametrize("data", [b"[]", b" [ ] ", b"", b" \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf[]"])
def test_no_elements_no_rows(data: bytes) -> None:
    assert read(data) == []


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_a_byte_order_mark_and_blanks_are_left_out(size: int) -> None:
    assert read(b"\xef\xbb\xbf" + b" " * 20 + b"[1]", size) == [1]


@pytest.mark.parametrize("size", [1, 100])
@pytest.mark.parametrize("data", [b'{"id": "a"}\n{"id": "b"}', b'"text"', b"12", b"]", "[1]".encode("utf-16")])
def test_only_an_array_will_do(data: bytes, size: int) -> None:
    with pytest.raises(UploadError, match="must hold one array"):
        read(data, size)


DAMAGES = [
    (b"", "at byte 25 .the file ends before the closing bracket"),  # 1 + 11 + 2 + 11 bytes before
    (b",", "at byte 26 .the file ends before the closing bracket"),
    (b", {", "the file ends before the closing bracket"),
    (b', {"id": "c"', "the file ends before the closing bracket"),
    (b', {"id": "c', "the file ends before the closing bracket"),
    (b', "c\\', "the file ends before the closing bracket"),
    (b", 12", "the file ends before the closing bracket"),
    (b",]", "at byte 26 .an element is missing"),
    (b",,1]", "an element is missing"),
    (b", }]", "an element is missing"),
    (b' {"id": "c"}]', "at byte 26 .a comma or the closing bracket is missing"),
    (b" x]", "a comma or the closing bracket is missing"),
    (b"}]", "a comma or the closing bracket is missing"),
    (b"] x", "at byte 27 .something follows the closing bracket"),
    (b"] []", "something follows the closing bracket"),
]


@pytest.mark.parametrize("size", [1, 100])
@pytest.mark.parametrize(("tail", "reason"), DAMAGES, ids=repr)
def test_elements_before_the_damage_are_given(tail: bytes, reason: str, size: int) -> None:
    rows = json_rows(cut(b'[{"id": "a"}, {"id": "b"}' + tail, size))
    assert [json.loads(row.json)["id"] for row in (next(rows), next(rows)) if isinstance(row, Row)] == ["a", "b"]
    with pytest.raises(UploadError, match="not a JSON array after element 2, .*" + reason):
        list(rows)


def test_words_side_by_side_lack_a_comma() -> None:
    with pytest.raises(UploadError, match=r"after element 1, at byte 3 \(a comma"):
        read(b"[1 2]")


def test_what_is_not_utf_8_ends_the_file() -> None:
    rows = json_rows(iter([b'[{"id": "a"}, {"id": "\xff"}]']))
    assert next(rows) == Row(1, '{"id": "a"}')
    with pytest.raises(UploadError, match="not UTF-8 in element 2"):
        next(rows)


def test_an_element_that_is_too_long_costs_no_other() -> None:
    """GIVEN elements of just the length that is allowed, and of one byte more, THEN only the latter is rejected."""
    fits, long = (b'"' + b"x" * n + b'"' for n in (MAX_ROW_BYTES - 2, MAX_ROW_BYTES - 1))
    rows = list(json_rows(cut(b"[" + b",".join([fits, long, b'{"id": "a"}']) + b"]", 2**16)))
    assert rows[0] == Row(1, fits.decode())
    assert isinstance(rows[1], Rejected)
    assert (rows[1].line, rows[1].row) == (2, '"' + "x" * (SHOWN_BYTES - 1))
    assert f"longer than {MAX_ROW_BYTES} bytes" in rows[1].reason
    assert rows[2] == Row(3, '{"id": "a"}')


def test_many_elements_are_no_long_one() -> None:
    count = 3 * MAX_ROW_BYTES // 100
    data = b"[" + b",".join(b'{"id": "%090d"}' % n for n in range(count)) + b"]"
    assert len(read(data, size=2**20)) == count


GOOD = b'{"id": "good", "title": "T"}'
BAD = {
    "digits": b'{"id": "x", "title": "T", "attributes": {"n": ' + b"9" * 5_000 + b"}}",
    "nesting": b"[" * 100_000 + b"]" * 100_000,
    "objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "surrogate": rb'{"id": "x", "title": "\ud800"}',
    "newline in a string": b'{"id": "x", "title": "a\nb"}',
    "brackets of two kinds": b'{"id": "x", "title": "T"]',
    "name": b"oops",
    "number": b"12",
    "string": b'"text"',
    "constant": b"NaN",
}


@pytest.mark.parametrize("element", BAD.values(), ids=BAD)
def test_a_bad_element_is_rejected_by_itself(element: bytes) -> None:
    ids, reasons = worked(b"[" + element + b",\n" + GOOD + b"]")
    assert (ids, list(reasons)) == (["good"], [1])


def test_newlines_between_tokens_are_no_harm() -> None:
    assert worked(b"[\n" + GOOD.replace(b" ", b"\r\n") + b"\n]") == (["good"], {})


def test_strings_may_hold_what_divides_elements() -> None:
    elements = [{"a]": "}, {"}, '"],["', "\\", '\\"', ["\\\\", {"{": "[,"}], "", '\\\\"]', "é€😀"]
    data = json.dumps(elements).encode() + b" \n"
    assert all(read(data, size) == elements for size in range(1, len(data) + 1))
    raw = json.dumps(elements, ensure_ascii=False).encode()
    for at in range(len(raw) + 1):
        assert [json.loads(line) for line in lines(iter([raw[:at], b"", raw[at:]]))] == elements


TEXTS = st.text(st.sampled_from('[]{},:"\\/ \n\té😀u0'), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@settings(print_blob=True, deadline=None)
@given(
    elements=st.lists(VALUES, max_size=6),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
    mark=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_blocks_make_no_difference(
    elements: list[object], indent: int | None, ascii_only: bool, mark: bool, seed: int
) -> None:
    text = json.dumps(elements, indent=indent, ensure_ascii=ascii_only)
    data = text.encode("utf-8-sig" if mark else "utf-8")
    sizes = random.Random(seed)
    blocks, at = [], 0
    while at < len(data):
        size = sizes.randint(0, 9)
        blocks.append(data[at : at + size])
        at += size
    staged = lines(iter(blocks))
    assert staged == lines(iter([data]))
    assert [json.loads(line) for line in staged] == json.loads(text) == elements
