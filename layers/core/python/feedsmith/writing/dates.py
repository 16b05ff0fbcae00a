"""Dates in English and Chinese text: ``Friday``, ``16 March``, ``Feb 2004``, ``last year``, ``周五``, ``2024年3月``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from feedsmith.writing.lexicon import MONTHS, WEEKDAYS
from feedsmith.writing.sentences import HAN

_MONTH = "|".join([*MONTHS, *(f"{month[:3]}(?!\\w)\\.?" for month in MONTHS), "sept(?!\\w)\\.?"])
_WEEKDAY = "|".join(WEEKDAYS)
_SHORT_WEEKDAY = r"(?:mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)(?!\w)"
_YEAR = r"(?:19|20)\d\d"
_NTH = r"(?:st|nd|rd|th)?"
_DATE = re.compile(
    rf"(?<![\w.,£$€])(?:"
    rf"(?:(?:\d{{1,2}}\s?[-–]\s?)?(?P<day>\d{{1,2}}){_NTH}\s+(?:of\s+)?)?(?P<month>{_MONTH})(?!\w)"
    rf"(?:\s+(?P<day2>\d{{1,2}}){_NTH}(?![.,]\d|[%\w]))?"
    rf"(?:,?\s+(?:of\s+)?(?P<year>{_YEAR})(?![\w%]))?"
    rf"|(?P<iso>{_YEAR})-(?P<iso_month>\d\d)-(?P<iso_day>\d\d)\b"
    rf"|(?P<weekday>{_WEEKDAY})s?\b|(?<=\bon\s)(?P<short>{_SHORT_WEEKDAY})"
    rf"|(?P<alone>{_YEAR})(?:s\b)?(?![\w%£$€]|[.,]\d|-\d\d\d)"
    rf")",
    re.IGNORECASE,
)
_RELATIVE = re.compile(
    r"\b(?:(?P<which>last|next|this|past|previous|coming)\s(?P<unit>week|weekend|month|year|summer|winter|spring|autumn|season)"
    r"|(?P<day>today|tonight|tomorrow|yesterday))\b",
    re.IGNORECASE,
)
_HAN = re.compile(
    r"(?=[\d一二三四五六七八九十])(?:(?P<year>\d{4}|[一二][零〇一二三四五六七八九]{3})年)?"
    r"(?:(?P<month>\d{1,2}|[一二三四五六七八九十]{1,2})月(?!份?以)(?:(?P<day>\d{1,2}|[一二三四五六七八九十]{1,3})[日号])?)?"
)
_HAN_WEEKDAY = re.compile(r"(?:周|星期|礼拜)([一二三四五六日天])(?!年)")
_HAN_RELATIVE = re.compile(
    r"(?:今|明|去|前|后)年|(?:上|下|本|这|前)(?:个)?(?:周|月|季度|学期|半年|赛季)(?![一二三四五六日天])|(?:今|明|昨|前|后)(?:天|日|晚)|年[底初中]|月[底初中]"
)
_HAN_VALUES = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0}
# "May" and "March" are words and names, "Jan" is a name: what stands beside them tells.
_NAMES = frozenset({"may", "march", "mar", "jan", "jun", "dec", "april", "june", "august"})
_CAPITAL_BEFORE = re.compile(r"[A-Z][\w.]*\s$")
_CAPITAL_AFTER = re.compile(r"\s[A-Z]")
_BEFORE_MONTH = re.compile(
    r"\b(?:in|of|on|since|until|till|by|from|to|last|next|this|early|late|mid|and|between|before|after|for|during)[\s-]$",
    re.IGNORECASE,
)
_PAST = {"past": "last", "previous": "last", "coming": "next"}


@dataclass(frozen=True, slots=True)
class Date:
    """A date as it stands in a text, with the parts that are given; ``start`` and ``end`` are its place."""

    text: str
    start: int
    end: int
    weekday: str = ""
    day: str = ""
    month: str = ""
    year: str = ""
    relative: str = ""

    def stated_by(self, others: Iterable[Date]) -> bool:
        """Whether one of ``others`` has all the parts of this one."""
        return any(all(getattr(other, part) == value for part, value in self.parts) for other in others)

    @property
    def parts(self) -> list[tuple[str, str]]:
        """Name and value of each part that is given."""
        named = (field.name for field in fields(self) if field.name not in ("text", "start", "end"))
        return [(name, value) for name in named if (value := getattr(self, name))]


def dates(text: str) -> list[Date]:
    """All dates of a text, in no order; offsets are the text's."""
    return [*_absolute(text), *_relative(text), *(_chinese(text) if HAN.search(text) else ())]


def _absolute(text: str) -> Iterator[Date]:
    for found in _DATE.finditer(text):
        start, end = found.span()
        place = (found.group(), start, end)
        if month := (found["month"] or "").casefold().rstrip("."):
            day, year = found["day"] or found["day2"] or "", found["year"] or ""
            named = found["month"][0].isupper() or month not in ("may", "march")
            alone = not day and not year
            if alone and (not named or (len(month) == 3 and not found["month"][0].isupper())):
                continue
            if alone and month in _NAMES and not _BEFORE_MONTH.search(text[:start]) and _by_name(text, start, end):
                continue
            yield Date(*place, day=day.lstrip("0"), month=month[:3], year=year)
        elif found["iso"]:
            month = MONTHS[int(found["iso_month"]) - 1][:3] if 0 < int(found["iso_month"]) <= len(MONTHS) else ""
            yield Date(*place, day=found["iso_day"].lstrip("0"), month=month, year=found["iso"])
        elif weekday := found["weekday"] or found["short"]:
            yield Date(*place, weekday=weekday.casefold()[:3])
        else:
            yield Date(*place, year=found["alone"])


def _by_name(text: str, start: int, end: int) -> bool:
    """Whether a month that may be a name or a word opens the text, or stands by a word with a capital."""
    opens = start == 0 and text[:end].casefold() in ("may", "march")
    return opens or bool(_CAPITAL_BEFORE.search(text[:start]) or _CAPITAL_AFTER.match(text[end:]))


def _relative(text: str) -> Iterator[Date]:
    for found in _RELATIVE.finditer(text):
        which = (found["which"] or "").casefold()
        value = (found["day"] or f"{_PAST.get(which, which)} {found['unit']}").casefold()
        yield Date(found.group(), found.start(), found.end(), relative=value)


def _chinese(text: str) -> Iterator[Date]:
    for found in _HAN.finditer(text):
        if found.group():
            parts = {name: _han(value) for name, value in found.groupdict().items() if value}
            if "month" in parts:
                parts["month"] = MONTHS[int(parts["month"]) - 1][:3] if 0 < int(parts["month"]) <= len(MONTHS) else "?"
            yield Date(found.group(), found.start(), found.end(), **parts)
    for found in _HAN_WEEKDAY.finditer(text):
        number = 6 if found[1] in "日天" else _HAN_VALUES[found[1]] - 1
        yield Date(found.group(), found.start(), found.end(), weekday=WEEKDAYS[number][:3])
    for found in _HAN_RELATIVE.finditer(text):
        yield Date(found.group(), found.start(), found.end(), relative=found.group().replace("个", ""))


def _han(digits: str) -> str:
    """Value of a year, a month or a day as digits."""
    if digits.isdigit() and digits.isascii():
        return str(int(digits))
    if "十" in digits:
        tens, _, ones = digits.partition("十")
        return str(10 * (_HAN_VALUES[tens] if tens else 1) + (_HAN_VALUES[ones] if ones else 0))
    return "".join(str(_HAN_VALUES[digit]) for digit in digits)
