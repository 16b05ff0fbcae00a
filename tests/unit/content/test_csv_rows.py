from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.content.uploads.csv_rows import csv_rows
from feedsmith.content.uploads.limits import MAX_ROW_BYTES
from feedsmith.content.uploads.lines import split_lines
from feedsmith.content.uploads.rows import Row
from feedsmith.errors import UploadError
from feedsmith.models import Rejected


def read(text: str) -> list[Row | Rejected]:
    return list(csv_rows(split_lines(iter([text.encode()]))))


def good(text: str) -> list[tuple[int, dict[str, object]]]:
    return [(row.line, json.loads(row.json)) for row in read(text) if isinstance(row, Row)]


def bad(text: str) -> list[tuple[int, str, str]]:
    return [(row.line, row.reason, row.row) for row in read(text) if isinstance(row, Rejected)]


def test_columns_become_fields() -> None:
    text = (
        "id,title,categories,attributes.color,body,language\r\n"
        'a,"One, two",sport| business |,red,"He said ""yes"".\r\nThen left.",en\r\n'
        "b,Three,,,,\r\n"
    )
    assert good(text) == [
        (2, {"id": "a", "title": "One, two", "categories": ["sport", "business"], "attributes": {"color": "red"},
             "body": 'He said "yes".\nThen left.', "language": "en"}),
        (4, {"id": "b", "title": "Three"}),
    ]  # fmt: skip


def test_blank_lines_are_no_rows_but_count() -> None:
    assert good("\n\nid,title\n\na,A\n , \nb,B\n\n") == [(5, {"id": "a", "title": "A"}), (7, {"id": "b", "title": "B"})]


def test_a_quote_within_a_cell_is_a_quote() -> None:
    assert good('id,title\na,5" disk\n') == [(2, {"id": "a", "title": '5" disk'})]


def test_a_row_of_another_width_costs_itself_only() -> None:
    text = "id,title\na,A\nb\nc,C,C\nd,D\n"
    assert [fields["id"] for _, fields in good(text)] == ["a", "d"]
    assert bad(text) == [(3, "1 cells, but the header has 2", "b"), (4, "3 cells, but the header has 2", "c,C,C")]


@pytest.mark.parametrize("tail", ["", "x" * (MAX_ROW_BYTES - 10)])
def test_a_quote_that_is_never_closed_costs_its_line_only(tail: str) -> None:
    """GIVEN an open quote in line 3, with the end of the file or a megabyte after it."""
    text = f'id,title\na,A\nb,"B\nc,C\nd,D\n{tail}'
    assert [fields["id"] for _, fields in good(text)][:3] == ["a", "c", "d"]
    line, reason, row = bad(text)[0]
    assert (line, row) == (3, 'b,"B')
    assert "quote" in reason


def test_text_after_a_closed_quote_costs_its_row_only() -> None:
    text = 'id,title\na,"A" x\nb,B\n'
    assert [fields["id"] for _, fields in good(text)] == ["b"]
    assert bad(text)[0][0] == 2


def test_a_long_field_below_the_limit_is_read() -> None:
    body = "x" * 500_000  # more than csv's own limit
    assert good(f"id,title,body\na,A,{body}\n")[0][1]["body"] == body


def test_a_row_that_is_too_long_costs_itself_only() -> None:
    text = f"id,title\na,A\nb,{'x' * (MAX_ROW_BYTES + 10)}\nc,C\n"
    assert [fields["id"] for _, fields in good(text)] == ["a", "c"]
    ((line, reason, row),) = bad(text)
    assert line == 3
    assert "longer than 1048576 bytes" in reason
    assert row == "b," + "x" * 998


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("id,title,colour", r"no item has: 'colour'; there are id, domain, title.*attributes\.NAME"),
        ("id,title,attributes.", r"no item has: 'attributes\.'"),
        ("id,title,attributes", r"no item has: 'attributes'"),
        ("a,A", "no item has"),
        ("id;title", "no item has: 'id;title'"),
        ("body", "lacks id and title"),
        ("id,body", "lacks title"),
        ("id,title,id", "twice: id"),
        ('id,"title', "cannot be read"),
    ],
)
def test_a_wrong_header_ends_the_upload(header: str, reason: str) -> None:
    with pytest.raises(UploadError, match=reason):
        read(header + "\na,A,x\n")


def test_a_header_alone_has_no_rows() -> None:
    assert read("id,title\n") == read("") == []


@settings(print_blob=True, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), min_size=1).filter(str.strip),
            st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), min_size=1).filter(str.strip),
        ),
        max_size=8,
    )
)
def test_what_csv_wrote_is_read_back(rows: list[tuple[str, str]]) -> None:
    import csv
    import io

    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([("id", "title"), *rows])
    assert [(f["id"], f["title"]) for _, f in good(out.getvalue())] == rows
