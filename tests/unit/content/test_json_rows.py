from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from feedsmith.content.uploads.json_rows import json_rows
from feedsmith.content.uploads.limits import MAX_ROW_BYTES
from feedsmith.errors import UploadError


def read(data: bytes, size: int = 7) -> list[tuple[int, object]]:
    rows = []
    for row in json_rows(data[i : i + size] for i in range(0, len(data), size)):
        assert "\n" not in row.json
        rows.append((row.line, json.loads(row.json)))
    return rows


def test_elements_are_rows() -> None:
    elements = [{"id": "a", "title": 'é\n"x"', "attributes": {"price": 9.5, "n": 3, "big": 10**30}}, [], 7, None]
    data = json.dumps(elements, indent=2).encode()
    assert read(data) == list(enumerate(elements, start=1))


@pytest.mark.parametrize("data", [b"[]", b" [ ] ", b"", b" \n"])
def test_no_elements_no_rows(data: bytes) -> None:
    assert read(data) == []


def test_a_byte_order_mark_and_blanks_are_left_out() -> None:
    assert read(b"\xef\xbb\xbf [1]", size=100) == [(1, 1)]
    assert read(b"\xef\xbb\xbf" + b" " * 20 + b"[1]") == [(1, 1)]


@pytest.mark.parametrize("data", [b'{"id": "a"}\n{"id": "b"}', b'"text"', b"12"])
def test_only_an_array_will_do(data: bytes) -> None:
    with pytest.raises(UploadError, match="must hold one array"):
        read(data)


@pytest.mark.parametrize(
    "tail", [b",", b", {", b', {"id": tru}, {"id": "c"}]', b"] x", b', {"id": "\xff"}]', b', {"id": "c"'], ids=repr
)
def test_elements_before_the_damage_are_given(tail: bytes) -> None:
    rows = json_rows(iter([b'[{"id": "a"}, {"id": "b"}', tail]))
    assert [json.loads(next(rows).json)["id"] for _ in "ab"] == ["a", "b"]
    with pytest.raises(UploadError, match="not JSON after element 2, before byte"):
        list(rows)


def test_an_element_without_end_is_not_kept() -> None:
    def blocks() -> Iterator[bytes]:
        yield b'[{"id": "a"}, {"id": "'
        while True:
            yield b"x" * 2**16

    rows = json_rows(blocks())
    assert json.loads(next(rows).json) == {"id": "a"}
    with pytest.raises(UploadError, match=f"longer than {MAX_ROW_BYTES} bytes"):
        next(rows)


def test_many_elements_are_no_long_one() -> None:
    count = 3 * MAX_ROW_BYTES // 100
    data = b"[" + b",".join(b'{"id": "%090d"}' % n for n in range(count)) + b"]"
    assert len(read(data, size=2**20)) == count
