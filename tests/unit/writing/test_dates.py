"""Dates are read part by part, and words that only look like dates are left alone."""

from __future__ import annotations

import pytest

from feedsmith.writing.dates import dates


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("on Friday 16 March 2004", [{"weekday": "fri"}, {"day": "16", "month": "mar", "year": "2004"}]),
        ("the 3rd of June", [{"day": "3", "month": "jun"}]),
        ("August 11, 1999", [{"day": "11", "month": "aug", "year": "1999"}]),
        ("from 9-15 January", [{"day": "15", "month": "jan"}]),
        ("2004-05-01", [{"day": "1", "month": "may", "year": "2004"}]),
        ("In Feb. 2004", [{"month": "feb", "year": "2004"}]),
        ("the Jan transfer window", [{"month": "jan"}]),
        ("in the 1990s", [{"year": "1990"}]),
        ("to november", [{"month": "nov"}]),
        ("the previous year", [{"relative": "last year"}]),
        ("Tomorrow", [{"relative": "tomorrow"}]),
        ("in May, says Theresa May, for a May election", [{"month": "may"}, {"month": "may"}]),
        ("Jan Adams may march on with the Sun", []),
        ("2,004 boats, 1,999% and 2004.5", []),
        ("2004年3月5日周五", [{"day": "5", "month": "mar", "year": "2004"}, {"weekday": "fri"}]),
        ("二〇〇四年十二月二十一日", [{"day": "21", "month": "dec", "year": "2004"}]),
        ("去年上个月的星期天", [{"weekday": "sun"}, {"relative": "去年"}, {"relative": "上月"}]),
        ("两周年、三个月", []),
    ],
)
def test_dates_are_read_part_by_part(text: str, parts: list[dict[str, str]]) -> None:
    assert [dict(date.parts) for date in dates(text)] == parts


@pytest.mark.parametrize(
    ("text", "source", "stated"),
    [
        ("in March", "16 March 2004", True),
        ("16 March", "March 2004", False),  # a day is added
        ("March 2005", "16 March 2004", False),
        ("Mar 2004", "March 2004", True),
    ],
)
def test_a_date_may_leave_parts_out_but_add_none(text: str, source: str, stated: bool) -> None:
    (date,) = dates(text)
    assert date.stated_by(dates(source)) is stated
