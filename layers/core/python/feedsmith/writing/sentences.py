"""Sentences, words and lengths of English and Chinese text, without a model."""

from __future__ import annotations

import re
from functools import lru_cache

from feedsmith.writing.lexicon import (
    CURRENCIES,
    FUNCTION_WORDS,
    IRREGULAR,
    MAGNITUDES,
    MONTHS,
    NUMBER_WORDS,
    ORDINALS,
    REPORTING,
    SYNONYMS,
    WEEKDAYS,
)  # fmt: skip

_ABBREVIATIONS = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|Sir|St|Gen|Col|Lt|Capt|Sgt|Rev|Hon|Sen|Rep|Gov|Jr|Sr|vs|No|Inc|Ltd|Co|Corp|etc"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|approx|est|e\.g|i\.e)|\b[A-Z](?:\.[A-Z])*)\.$"
)
_END = re.compile(r"(?:[.!?]+[\"'”’)\]]*+(?=\s+[\"'“‘(\[]*[A-Z0-9£$€¥])|[。！？!?…]+[”’」』）\"]*+(?=\s*\S)|\n)")
_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
HAN = re.compile(f"[{_CJK}]")
_HAN_RUN = re.compile(f"[{_CJK}]+")
_WORD = re.compile(rf"[^\W\d_{_CJK}]+(?:['’.\-&][^\W\d_{_CJK}]+)*['’]?")
_LATIN_TOKEN = re.compile(rf"[^\W{_CJK}]+(?:['’.,\-&/][^\W{_CJK}]+)*")
_PUNCTUATION = re.compile(r"[^\w\s]+")
_OF_NUMBERS = frozenset({*NUMBER_WORDS, *ORDINALS, *MAGNITUDES, *CURRENCIES, "percent", "cent", "per", "pc"})
_SURE_CALENDAR = frozenset({*WEEKDAYS, *MONTHS}) - {"may", "march"}
_CALENDAR = frozenset({*WEEKDAYS, *MONTHS, *(month[:3] for month in MONTHS), "sept"})
_SAYING = -1  # the group of the verbs of reporting
_ROOT, _ROOT_SHARE = 5, 0.6  # letters, and share of the longer word, that two words of one root have in common
_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "′": "'", "–": "-", "—": "-", "\u00a0": " "})


def is_chinese(text: str) -> bool:
    """Whether at least a third of the letters are Han characters."""
    letters = sum(character.isalpha() for character in text)
    return letters > 0 and 3 * len(HAN.findall(text)) >= letters


def split(text: str) -> list[str]:
    """Sentences in order, stripped, none of them empty. A line break ends a sentence."""
    found: list[str] = []
    start = 0
    for end in _END.finditer(text):
        piece = text[start : end.end()].strip()
        if end.group().startswith(".") and _ABBREVIATIONS.search(piece):
            continue
        if piece:
            found.append(piece)
        start = end.end()
    last = text[start:].strip()
    return [*found, last] if last else found


def complete(sentence: str) -> bool:
    """Whether a sentence ends as one, so that joining it with another keeps the border between them."""
    return sentence.rstrip("\"'”’)]」』）").endswith((".", "!", "?", "。", "！", "？", "…"))


def balanced(text: str) -> bool:
    """Whether all quotations and brackets that a text opens are closed in it."""
    return (
        text.count('"') % 2 == 0
        and text.count("(") == text.count(")")
        and all(text.count(left) == text.count(right) for left, right in ("“”", "「」", "『』", "《》", "（）"))
    )


def join(sentences: list[str]) -> str:
    """Sentences as one text: with spaces, or without between Chinese ones."""
    text = ""
    for sentence in sentences:
        text += ("" if not text or (HAN.match(sentence) and not text[-1].isascii()) else " ") + sentence
    return text


def length(text: str, language: str | None) -> int:
    """Length in the unit of :class:`~feedsmith.writing.base.Prompt`: words, or characters for Chinese."""
    if language == "zh":
        return sum(not character.isspace() for character in text)
    return len(text.split())


def plain(text: str) -> str:
    """Text for comparison: case folded, quotes and dashes made alike, spaces single."""
    return " ".join(text.translate(_QUOTES).casefold().split())


def bare(text: str) -> str:
    """Text for comparison of word sequences: ``plain`` with all punctuation as spaces."""
    return " ".join(_PUNCTUATION.sub(" ", plain(text).replace("'s ", " ").replace("'", "")).split())


def words(text: str) -> list[str]:
    """Words of alphabetic scripts as they stand, Han characters left out."""
    return [word.rstrip("'’") for word in _WORD.findall(text)]


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A crude English stem: the same for a word's inflections, the usual irregular ones too.

    The suffixes are a subset of step 1 of Porter, "An algorithm for suffix stripping", Program 14(3), 1980.
    """
    word = word.casefold().replace("’", "'").removesuffix("'s").replace("'", "")
    word = IRREGULAR.get(word, word)
    for suffix, instead in (("ies", "y"), ("ied", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""), ("ly", "")):
        if word.endswith(suffix) and len(word) - len(suffix) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(suffix) + instead
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]  # stopped -> stopp -> stop
    return word.removesuffix("e") if len(word) > 3 else word


@lru_cache(maxsize=1)
def _synonyms() -> dict[str, frozenset[int]]:
    found: dict[str, frozenset[int]] = {}
    for word, groups in SYNONYMS.items():
        found[stem(word)] = found.get(stem(word), frozenset()) | groups
    for word in REPORTING:
        found[stem(word)] = found.get(stem(word), frozenset()) | {_SAYING}
    return found


def shared(word: str, other: str) -> int:
    """How many letters two words begin with in common."""
    return next((i for i, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other)))


def kin(word: str, other: str) -> bool:
    """Whether two stems are the same, of one root, or synonyms."""
    common = shared(word, other)
    if word == other or (common >= _ROOT and common >= _ROOT_SHARE * max(len(word), len(other))):
        return True
    groups = _synonyms()
    return not groups.get(word, frozenset()).isdisjoint(groups.get(other, frozenset()))


def _dated(token: str) -> bool:
    """Whether a token is a weekday or a month, which have a check of their own."""
    form = token.casefold()
    return form in _SURE_CALENDAR or (token[0].isupper() and form in _CALENDAR)


def _numeric(token: str) -> bool:
    """Whether a token is a number or a unit of one, which have a check of their own."""
    parts = token.casefold().split("-")
    return any(character.isdigit() for character in token) or all(part in _OF_NUMBERS for part in parts)


def surfaces(text: str) -> dict[str, str]:
    """The words whose stems :func:`content` gives, as they stand where they come first, by their stems."""
    return {stem(word): word.casefold() for word in reversed(_LATIN_TOKEN.findall(text))}


def content(text: str) -> list[str]:
    """What carries meaning, in order: stems of words, bigrams of Han characters; no function words, no numbers."""
    stems = [
        stem(token)
        for token in _LATIN_TOKEN.findall(text)
        if token.casefold().replace("’", "'") not in FUNCTION_WORDS and not _numeric(token) and not _dated(token)
    ]
    runs = [run for run in _HAN_RUN.findall(text) if len(run) > 1]
    return stems + [run[i : i + 2] for run in runs for i in range(len(run) - 1)]
