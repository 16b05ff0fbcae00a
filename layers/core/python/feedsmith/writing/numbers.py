"""Numbers in English and Chinese text as values: ``$1.13bn``, ``76 per cent``, ``twenty-three``, ``百分之三十``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from feedsmith.writing.lexicon import CURRENCIES, MAGNITUDES, MEASURES, NUMBER_WORDS, ORDINALS

_MAGNITUDE = "trillion|billion|million|thousand|hundred|dozen|百万|千万|百亿|千亿|万亿|亿|万|千|百"
_UNIT = (
    r"%|(?:percentage points?|per ?cent|pc)\b|(?:dollars?|pounds?|euros?|yuan|yen|usd|gbp|eur|cny|rmb)\b"
    r"|美元|英镑|欧元|日元|人民币|元|块"
)
_MEASURE = "|".join(sorted((word for word in MEASURES if word.isascii()), key=len, reverse=True))
_HAN_MEASURE = "|".join(sorted((word for word in MEASURES if not word.isascii()), key=len, reverse=True))
_AFTER_MEASURE = re.compile(rf"[\s-]?(?:({_MEASURE})(?![\w])|({_HAN_MEASURE}))", re.IGNORECASE)
_NTH = re.compile(r"(?:st|nd|rd|th)\b", re.IGNORECASE)
_ORDINAL = re.compile(
    rf"\b(?:(?P<tens>twenty|thirty|forty|fifty)-)?(?P<ones>{'|'.join(ORDINALS)})\b(?!-half)", re.IGNORECASE
)
_FRACTION = re.compile(
    rf"\b(?P<top>an?|one|{'|'.join(NUMBER_WORDS)})[\s-](?P<part>half|third|quarter|fourth|fifth|sixth|eighth|tenth)s?\b"
    r"(?![\s-](?:place|time|year|season|round|quarter|goal|game|set|title|day|win|night|month))"
    r"|\b(?P<half>half)(?= (?:of|the)\b)",
    re.IGNORECASE,
)
_OF_HAN = re.compile(r"([一二两三四五六七八九十百\d]+)分之([零一二两三四五六七八九十百千万\d]+)")
_ROUNDED = re.compile(
    r"(?:(?P<near>\b(?:about|around|roughly|approximately|some)|大?约)|(?P<over>\b(?:over|more than|at least)|超过)"
    r"|(?P<under>\b(?:nearly|almost|under|less than|up to)|将?近))\s*[$£€¥]?$",
    re.IGNORECASE,
)
_DIGITS = re.compile(
    rf"(?P<of>百分之)?(?P<sign>US\$|[$£€¥])?\s?(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    rf"(?:\s?(?P<long>{_MAGNITUDE})|(?P<short>bn|mn|tn|k|m|b)(?![a-z]))?(?:[\s-]?(?P<unit>{_UNIT}))?",
    re.IGNORECASE,
)
_ENGLISH = "|".join(
    sorted({*NUMBER_WORDS, "dozen", "hundred", "thousand", "million", "billion", "trillion"}, key=len, reverse=True)
)
_WORDS = re.compile(
    rf"\b(?:a\s(?=hundred|thousand|million|billion|trillion|dozen))?(?:{_ENGLISH})"
    rf"(?:(?:\sand\s|[\s-])(?:{_ENGLISH}))*\b(?:[\s-](?P<unit>{_UNIT}))?",
    re.IGNORECASE,
)
_HAN_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000}
_HAN = re.compile(
    rf"(?P<of>百分之)?(?P<ordinal>第)?(?P<digits>[零〇一二两三四五六七八九十百千万亿]+)(?:点(?P<part>[零一二三四五六七八九]+))?"
    rf"(?P<tenths>成)?(?P<unit>{_UNIT})?(?P<measure>[个名年月日天岁倍次家项届位台部条人周号只张场分万亿秒米吨]|小时|公里|公斤|英里|千克)?"
)
_HAN_IDIOMS = ("十分", "万一", "千万别", "一一", "千千万万", "万万", "百百")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it stands in a text.

    ``unit`` is ``%``, a currency code, ``th`` for ordinals, or empty; ``measure`` what is counted or measured, where
    that is one of the usual (``year``, ``metre``); ``rounded`` says which way, where the text says that it is:
    ``near``, ``over`` or ``under`` it. ``start`` and ``end`` are its place in the text in NFKC.
    """

    value: Decimal
    unit: str
    text: str
    start: int = 0
    end: int = 0
    rounded: str = ""
    measure: str = ""

    def stated_by(self, others: Iterable[Number]) -> bool:
        """Whether one of ``others`` states the same.

        A currency may be left out, but never added or changed; a measure may be left out or added, but not changed.
        """
        return any(self._is(other) for other in others)

    def _is(self, other: Number) -> bool:
        same_unit = self.unit == other.unit or (not self.unit and other.unit not in ("%", "th"))
        same_measure = self.measure == other.measure or not (self.measure and other.measure)
        same_value = self.value == other.value or self._rounds(other.value)
        return same_unit and same_measure and same_value

    def _rounds(self, value: Decimal) -> bool:
        """Whether this is ``value`` with fewer significant digits, rounded the way that the text says."""
        step = Decimal(1).scaleb(int(self.value.normalize().as_tuple().exponent))
        if not self.rounded or value % step == 0:
            return False
        least, most = {"near": (-step / 2, step / 2), "over": (Decimal(0), step), "under": (-step, Decimal(0))}[
            self.rounded
        ]
        return least <= value - self.value <= most and abs(value - self.value) <= abs(value) / 10


def numbers(text: str, *, one: bool = False) -> list[Number]:
    """All numbers of a text, also ordinals and fractions; "one" and 一 alone count as articles, "one" unless asked."""
    text = unicodedata.normalize("NFKC", text)
    fractions = list(_fractions(text))
    ordinals = list(_ordinals(text, fractions))
    taken = [(number.start, number.end) for number in (*fractions, *ordinals)]
    plain = [
        number
        for number in (*_digits(text), *_english(text), *_chinese(text))
        if not any(start < number.end and number.start < end for start, end in taken)
        and (one or number.value != 1 or number.unit or number.text.casefold() != "one")
    ]
    return [*fractions, *ordinals, *plain]


def _unit(word: str | None) -> str:
    if not word:
        return ""
    return CURRENCIES.get(word.casefold(), "%")


def _number(value: Decimal, unit: str, text: str, start: int, end: int) -> Number:
    while end > start and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    found = None if unit else _AFTER_MEASURE.match(text, end)
    measure = MEASURES[(found[1] or found[2]).casefold()] if found else ""
    rounded = _ROUNDED.search(text[max(0, start - 20) : start])
    return Number(
        value.normalize(), unit, text[start:end], start, end, (rounded.lastgroup or "") if rounded else "", measure
    )


def _digits(text: str) -> Iterator[Number]:
    for found in _DIGITS.finditer(text):
        value = Decimal(found["digits"].replace(",", ""))
        magnitude = found["long"] or found["short"]
        if magnitude:
            value *= MAGNITUDES[magnitude.casefold()]
        unit = "%" if found["of"] else _unit(found["sign"] or found["unit"])
        if not unit and not magnitude and _NTH.match(text, found.end()):
            unit = "th"
        yield _number(value, unit, text, found.start(), found.end())


def _english(text: str) -> Iterator[Number]:
    for found in _WORDS.finditer(text):
        phrase = found.group().removesuffix(found["unit"] or "")
        total, part = Decimal(0), Decimal(0)
        for word in re.findall(r"[a-z]+", phrase.casefold()):
            if word in NUMBER_WORDS:
                part += NUMBER_WORDS[word]
            elif word in ("hundred", "dozen"):
                part = max(part, Decimal(1)) * MAGNITUDES[word]
            elif word in MAGNITUDES:
                total += max(part, Decimal(1)) * MAGNITUDES[word]
                part = Decimal(0)
        before = text[: found.start()].rstrip()
        if phrase.strip(" -").casefold() in MAGNITUDES and before[-1:].isdigit():
            continue  # "million" after digits belongs to them
        yield _number(total + part, _unit(found["unit"]), text, found.start(), found.end())


def _ordinals(text: str, fractions: list[Number]) -> Iterator[Number]:
    for found in _ORDINAL.finditer(text):
        start, end = found.span()
        if not any(fraction.start <= start < fraction.end for fraction in fractions):
            value = ORDINALS[found["ones"].casefold()]
            value += NUMBER_WORDS[found["tens"].casefold()] if found["tens"] else 0
            yield Number(Decimal(value), "th", found.group(), start, end)


def _fractions(text: str) -> Iterator[Number]:
    for found in _FRACTION.finditer(text):
        top = (found["top"] or "a").casefold()
        part = (found["part"] or "half").casefold()
        below = {"half": 2, "quarter": 4}.get(part) or ORDINALS[part]
        value = Decimal(NUMBER_WORDS.get(top, 1)) / below
        yield Number(round(value, 4).normalize(), "", found.group(), *found.span())
    for found in _OF_HAN.finditer(text):
        bottom, over = (Decimal(part) if part.isascii() else _han_value(part) for part in found.groups())
        if bottom and bottom != 100:
            yield Number(round(over / bottom, 4).normalize(), "", found.group(), *found.span())


def _chinese(text: str) -> Iterator[Number]:
    for found in _HAN.finditer(text):
        digits = found["digits"]
        after_digits = text[: found.start()][-1:].isdigit()
        marked = found["of"] or found["ordinal"] or found["tenths"] or found["unit"] or found["part"]
        if after_digits or text.startswith(_HAN_IDIOMS, found.start("digits")):
            continue
        measured = found["measure"] and (digits != "一" or found["measure"] in MEASURES)
        if not (marked or measured or (len(digits) > 1 and digits[0] not in "万亿")):
            continue
        value = _han_value(digits)
        if found["part"]:
            value += Decimal("0." + "".join(str(_HAN_DIGITS[digit]) for digit in found["part"]))
        if found["tenths"]:
            value *= 10
        unit = "%" if found["of"] or found["tenths"] else _unit(found["unit"])
        end = max(found.end(part) for part in ("digits", "part", "tenths", "unit"))
        yield _number(value, unit, text, found.start(), end)


def _han_value(digits: str) -> Decimal:
    """Value of a Chinese numeral; digits read one by one (二〇二四) are a year or a code."""
    if len(digits) > 1 and all(digit in _HAN_DIGITS for digit in digits):
        return Decimal("".join(str(_HAN_DIGITS[digit]) for digit in digits))
    total = section = last = 0
    for digit in digits:
        if digit in _HAN_DIGITS:
            last = _HAN_DIGITS[digit]
        elif digit in _HAN_UNITS:
            section += (last or 1) * _HAN_UNITS[digit]
            last = 0
        elif digit == "亿":
            total = (total + section + last or 1) * 10**8
            section = last = 0
        else:
            total += (section + last or 1) * 10**4
            section = last = 0
    return Decimal(total + section + last)
