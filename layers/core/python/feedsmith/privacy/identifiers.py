"""Numbers and addresses that lead to one person, found in free text.

Each is found by its form and, where it has one, its check digit: an order number is not taken for a card.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple

Kind = Literal["email", "iban", "national_id", "card", "phone", "name"]


class Found(NamedTuple):
    """A span of the text."""

    kind: Kind
    start: int
    end: int


# Full-width forms, as Chinese keyboards give them, to ASCII; the length stays the same.
_NARROW: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_HAN = re.compile(r"[\u4e00-\u9fff]")

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+'-])[A-Za-z0-9._%+-][A-Za-z0-9._%+'-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}"
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]){11,30}")
# Payment networks' ranges (ISO/IEC 7812): 2221 to 2720, and what begins with 3 to 6.
_CARD = re.compile(
    r"(?<![\dA-Za-z-])(?:2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)|[3-6]\d{3})(?:[ -]?\d){9,15}(?![\d-])"
)
_RESIDENT = re.compile(r"(?<!\d)\d{6}[ -]?\d{8}[ -]?\d{3}[\dXx](?![\dA-Za-z])")
_SSN = re.compile(r"(?<![\d-])(?!000|666)\d{3}([- ])\d{2}\1\d{4}(?![\d-])")
_BARE_SSN = re.compile(r"(?i)\b(?:ssn|social security(?: number| no\.?)?)\b\D{0,12}(\d{9})(?!\d)")
_NINO = re.compile(
    r"(?i)(?<![A-Z0-9])(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?: ?\d\d){3} ?[A-D](?![A-Z0-9])"
)
_NIR = re.compile(r"(?<!\d)[1278] ?\d\d ?\d\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d(?!\d)")
_DNI = re.compile(r"(?i)(?<![A-Z0-9])(?:\d{8}|[XYZ]-?\d{7})-?[A-Z](?![A-Z0-9])")
_FISCALE = re.compile(r"(?i)(?<![A-Z0-9])[A-Z]{6}\d[\dL-V][A-EHLMPR-T]\d\d[A-Z]\d{3}[A-Z](?![A-Z0-9])")
_STEUER = re.compile(r"(?<!\d)[1-9]\d ?\d{3} ?\d{3} ?\d{3}(?!\d)")
_STEUER_CUE = re.compile(r"(?i)steuer|idnr|tax id|税号")
_CHINESE_PHONE = re.compile(r"(?<!\d)(?:(?:\+|00)?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)")
_LEAST_DIGITS = 6


def has_chinese(text: str) -> bool:
    """Whether there is a Chinese character in the text."""
    return _HAN.search(text) is not None


def find_identifiers(text: str) -> list[Found]:
    """All but names, in the order of the text, none within another."""
    narrow = text.translate(_NARROW)
    found = [Found("email", *match.span()) for match in _EMAIL.finditer(narrow)]
    if sum(map(str.isdigit, narrow)) >= _LEAST_DIGITS:
        for search in (_ibans, _national_ids, _cards, _phones):
            for one in search(narrow):
                if not any(one.start < other.end and other.start < one.end for other in found):
                    found.append(one)
    return sorted(found, key=lambda one: one.start)


def _ibans(text: str) -> Iterator[Found]:
    from stdnum import iban

    for match in _IBAN.finditer(text):
        # What follows may look like more of it; only the country's own length has the right check digits.
        end = match.end()
        while end > match.start() and (
            text[end - 1] == " " or not iban.is_valid(text[match.start() : end], check_country=False)
        ):
            end -= 1
        if end > match.start():
            yield Found("iban", match.start(), end)


def _national_ids(text: str) -> Iterator[Found]:
    from stdnum.cn import ric
    from stdnum.de import idnr
    from stdnum.es import dni, nie
    from stdnum.fr import nir
    from stdnum.it import codicefiscale
    from stdnum.us import ssn

    checks: list[tuple[re.Pattern[str], Callable[[str], bool]]] = [
        (_RESIDENT, lambda number: ric.is_valid(number.replace("-", "").replace(" ", ""))),
        (_SSN, lambda _: True),
        (_NINO, lambda _: True),
        (_NIR, nir.is_valid),
        (_DNI, lambda number: dni.is_valid(number) or nie.is_valid(number)),
        (_FISCALE, codicefiscale.is_valid),
    ]
    if _STEUER_CUE.search(text):
        checks.append((_STEUER, idnr.is_valid))
    for pattern, is_valid in checks:
        yield from (Found("national_id", *m.span()) for m in pattern.finditer(text) if is_valid(m[0]))
    yield from (Found("national_id", *m.span(1)) for m in _BARE_SSN.finditer(text) if ssn.is_valid(m[1]))


def _cards(text: str) -> Iterator[Found]:
    from stdnum import luhn

    for match in _CARD.finditer(text):
        if luhn.is_valid(match[0].replace(" ", "").replace("-", "")):
            yield Found("card", *match.span())


def _phones(text: str) -> Iterator[Found]:
    from phonenumbers import PhoneNumberMatcher

    yield from (Found("phone", *match.span()) for match in _CHINESE_PHONE.finditer(text))
    # A number without its country's code is one of the countries whose language the text is in.
    for region in ("CN", "HK", "TW") if has_chinese(text) else ("US", "GB"):
        yield from (Found("phone", match.start, match.end) for match in PhoneNumberMatcher(text, region))
