"""Closed word classes of English and Chinese that the checks and the extractor need, from ``lexicon.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DATA: dict[str, Any] = tomllib.loads(Path(__file__).with_name("lexicon.toml").read_text(encoding="utf-8"))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Sense:
    """Words of one sense: English forms, and a regular expression of Chinese ones."""

    english: frozenset[str]
    chinese: str


def _groups(text: str) -> dict[str, frozenset[int]]:
    """For each word, the lines it stands in."""
    lines = [line.split() for line in text.strip().splitlines()]
    words = {word for line in lines for word in line}
    return {word: frozenset(i for i, line in enumerate(lines) if word in line) for word in words}


FUNCTION_WORDS = _words(_DATA["function_words"])
REPORTING = _words(_DATA["reporting"])
DANGLING = _words(_DATA["dangling"])
OPENERS = _words(_DATA["openers"])
NEGATIONS = _words(_DATA["negations"])
NEGATIVE_VERBS = _words(_DATA["negative_verbs"])
WEEKDAYS = tuple(_DATA["weekdays"].split())
MONTHS = tuple(_DATA["months"].split())
SYNONYMS = _groups(_DATA["synonyms"])
PLACES = _groups(_DATA["places"])
TITLES = _words(_DATA["titles"])
IRREGULAR = {form: line.split()[0] for line in _DATA["irregular"].strip().splitlines() for form in line.split()}
OPPOSITES = tuple(
    (Sense(_words(english), chinese), Sense(_words(against), chinese_against))
    for english, against, chinese, chinese_against in (
        line.split(" / ") for line in _DATA["opposites"].strip().splitlines()
    )
)
NUMBER_WORDS: dict[str, int] = _DATA["number_words"]
ORDINALS: dict[str, int] = _DATA["ordinals"]
MAGNITUDES: dict[str, int] = _DATA["magnitudes"]
CURRENCIES: dict[str, str] = {word: code for code, words in _DATA["currencies"].items() for word in words.split()}
MEASURES: dict[str, str] = {word: code for code, words in _DATA["measures"].items() for word in words.split()}

# Not in words that only look negative: 不过 however, 不断 continually, 未来 future, 无论 regardless.
CHINESE_NEGATION = (
    r"(?<![非莫无毫])"
    r"(?:不(?![过仅断同但久少管料幸得])|没有?(?!收)|未(?![来必])|无(?![论疑数线锡人])|并非|否认|拒绝|禁止|从未)"
)
