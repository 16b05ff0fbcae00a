"""Numbers in English and Chinese text as values: ``$1.13bn``, ``76 per cent``, ``twenty-three``, ``百分之三十``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from feedsmith.writing.lexicon import CURRENCIES, MAGNITUDES, NUMBER_WORDS

_MAGNITUDE = "trillion|billion|million|thousand|hundred|dozen|百万|千万|百亿|千亿|万亿|亿|万|千|百"
_UNIT = (
    r"%|(?:percentage points?|per ?cent|pc)\b|(?:dollars?|pounds?|euros?|yuan|yen|usd|gbp|eur|cny|rmb)\b"
    r"|美元|英镑|欧元|日元|人民币|元|块"
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
    rf"(?P<tenths>成)?(?P<unit>{_UNIT})?(?P<measure>[个名年月日天岁倍次家项届位台部条人周号只张场分万亿])?"
)
_HAN_IDIOMS = ("十分", "万一", "千万别", "一一", "千千万万", "万万", "百百")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it stands in a text. ``unit`` is ``%``, a currency code, or empty."""

    value: Decimal
    unit: str
    text: str

    def stated_by(self, others: Iterable[Number]) -> bool:
        """Whether one of ``others`` states the same; a currency may be left out, but never added or changed."""
        return any(
            self.value == other.value and (self.unit == other.unit or (not self.unit and other.unit != "%"))
            for other in others
        )


def numbers(text: str) -> list[Number]:
    """All numbers of a text; "one" and 一 alone count as articles."""
    text = unicodedata.normalize("NFKC", text)
    return [*_digits(text), *_english(text), *_chinese(text)]


def _unit(word: str | None) -> str:
    if not word:
        return ""
    return CURRENCIES.get(word.casefold(), "%")


def _digits(text: str) -> Iterator[Number]:
    for found in _DIGITS.finditer(text):
        value = Decimal(found["digits"].replace(",", ""))
        magnitude = found["long"] or found["short"]
        if magnitude:
            value *= MAGNITUDES[magnitude.casefold()]
        unit = "%" if found["of"] else _unit(found["sign"] or found["unit"])
        yield Number(value.normalize(), unit, found.group().strip())


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
        value = total + part
        before = text[: found.start()].rstrip()
        bare_magnitude = phrase.strip().casefold() in MAGNITUDES
        if (value == 1 and not found["unit"]) or (bare_magnitude and before[-1:].isdigit()):
            continue  # "one" is an article; "million" after digits belongs to them
        yield Number(value.normalize(), _unit(found["unit"]), found.group())


def _chinese(text: str) -> Iterator[Number]:
    for found in _HAN.finditer(text):
        digits = found["digits"]
        after_digits = text[: found.start()][-1:].isdigit()
        marked = found["of"] or found["ordinal"] or found["tenths"] or found["unit"] or found["part"]
        if after_digits or text.startswith(_HAN_IDIOMS, found.start("digits")):
            continue
        if not (marked or (len(digits) > 1 and digits[0] not in "万亿") or (found["measure"] and digits != "一")):
            continue
        value = _han_value(digits)
        if found["part"]:
            value += Decimal("0." + "".join(str(_HAN_DIGITS[digit]) for digit in found["part"]))
        if found["tenths"]:
            value *= 10
        unit = "%" if found["of"] or found["tenths"] else _unit(found["unit"])
        yield Number(value.normalize(), unit, found.group())


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
