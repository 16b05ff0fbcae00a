"""Chinese names: jieba's parts of speech, corrected by surnames and by how organisations' names end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from feedsmith.content.entities import ORGANISATION, OTHER, PERSON, PLACE
from feedsmith.content.extractors.lexicon import names
from feedsmith.content.keywords import load_jieba
from feedsmith.models import Entity

_TITLE = re.compile(r"《([^《》]{1,30})》")
_FOREIGN = re.compile(r"[\u4e00-\u9fff]{1,8}(?:·[\u4e00-\u9fff]{1,8})+")
_LATIN = re.compile(r"[A-Z][A-Za-z0-9]+")
_MOST_PARTS = 4  # words of an organisation's name before its end
_PROPER = ("nr", "ns", "nt", "nz", "eng")
_CUT_OFF = ("zg", "ng", "vg", "ag", "nr")  # parts of speech of a given name's last character, left alone
_MODIFIER = ("n", "nr", "ns", "nt", "nz", "j", "vn", "eng", "b", "s", "f", "a", "an")


def chinese_entities(text: str) -> tuple[Entity, ...]:
    """Entities in the order of their first mention; works in 《》 are of kind ``other``."""
    found: dict[str, str] = {}
    rest = text
    for match in _TITLE.finditer(text):
        found[match[1]] = OTHER
    rest = _TITLE.sub("，", rest)
    for match in _FOREIGN.finditer(rest):
        name = _foreign_name(match[0])
        found.setdefault(name, PERSON)
        rest = rest.replace(name, "，")
    for name, kind in _named(_tagged(rest)):
        found.setdefault(name, kind)
    return tuple(Entity(text=name, kind=kind) for name, kind in sorted(found.items(), key=lambda e: text.find(e[0])))


def _foreign_name(run: str) -> str:
    """A transliterated name without the words that stand right before and after it."""
    first, *middle, last = run.split("·")
    before, after = _tagged(first), _tagged(last)
    return "·".join([before[-1][0], *middle, after[0][0]])


def _tagged(text: str) -> list[tuple[str, str]]:
    return [(pair.word, pair.flag) for pair in _tagger().cut(text)]


def _named(words: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    lists = names()
    at = 0
    while at < len(words):
        end = _organisation_end(words, at)
        if end:
            yield "".join(word for word, _ in words[at:end]), ORGANISATION
            at = end
            continue
        word, flag = words[at]
        following = words[at + 1][0] if at + 1 < len(words) else ""
        at += 1
        if word in lists.places_zh:
            yield word, PLACE
        elif word in lists.common_zh:
            continue
        elif flag == "nt":
            yield word, ORGANISATION
        elif flag.startswith("nr") and _is_person(word, flag):
            if len(word) == 2 and len(following) == 1 and words[at][1] in _CUT_OFF:
                word += following
                at += 1
            yield word, PERSON
        elif (
            word in lists.surnames
            and (flag.startswith("nr") or len(word) > 1)
            and 1 <= len(following) <= 2
            and following.isalpha()
        ):
            yield word + following, PERSON
            at += 1
        elif flag == "ns" and len(word) > 1:
            yield word, PLACE
        elif (flag == "nz" and len(word) > 1) or (flag == "eng" and _LATIN.fullmatch(word)):
            yield word, OTHER


def _organisation_end(words: list[tuple[str, str]], start: int) -> int:
    """Index after an organisation's name that begins at ``start``; 0: none does.

    A name begins with a proper noun and ends with a word like "university", or is one word with such an end.
    """
    lists = names()
    word, flag = words[start]
    if word in lists.common_zh or not (flag.startswith(_PROPER) or word in lists.organisation_heads or _is_new(word)):
        return 0
    for end in range(start + 1, min(start + 2 + _MOST_PARTS, len(words))):
        last, kind = words[end]
        if last in lists.organisation_ends or (len(last) > 2 and last.endswith(lists.organisation_ends)):
            return end + 1
        if kind not in _MODIFIER:
            break
    return start + 1 if len(word) > 3 and word.endswith(lists.organisation_ends) else 0


def _is_new(word: str) -> bool:
    """Whether the dictionary lacks the word, as it lacks the names of most firms."""
    return len(word) > 1 and word.isalpha() and not load_jieba().dt.FREQ.get(word)


def _is_person(word: str, flag: str) -> bool:
    surnames = names().surnames
    if flag in ("nrt", "nrfg"):
        return len(word) > 1
    return (2 <= len(word) <= 3 and word[0] in surnames) or (3 <= len(word) <= 4 and word[:2] in surnames)


@cache
def _tagger() -> Any:
    dictionary = load_jieba().dt
    from jieba.posseg import POSTokenizer

    return POSTokenizer(dictionary)
