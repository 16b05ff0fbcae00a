"""English names: runs of capitalised words, less those that only begin a sentence or stand in a heading."""

from __future__ import annotations

import re
from collections.abc import Iterator

from feedsmith.content.entities import ORGANISATION, OTHER, PERSON, PLACE
from feedsmith.content.extractors.lexicon import names
from feedsmith.models import Entity

_SENTENCE = re.compile(r"(?<![A-Z])(?<!\b(?:Mr|Ms|Dr|St))(?<!\b(?:Mrs|Ltd|Inc))[.!?]['\"”’)]*\s+|[\n|•]+")
_WORD = re.compile(r"[^\W_](?:[\w&.'’-]*[^\W_])?")
_POSSESSIVE = re.compile(r"['’]s$|['’]$")
_JOINING = frozenset({"of", "de", "da", "di", "du", "van", "von", "der", "bin", "al", "la", "el", "and", "for", "the"})
# Inside a name these join only what an organisation's word began: "Bank of England", not "Paris and Rome".
_LOOSE = frozenset({"and", "for", "the"})
_BEFORE_PLACES = frozenset({"in", "at", "near", "from", "across", "outside", "around"})
_LONG = 5  # letters of a word that a heading begins with a capital; shorter ones may be left in lower case
_LOWER_IN_HEADINGS = frozenset(
    {"about", "after", "against", "before", "between", "during", "through", "under", "within"}
)


def english_entities(text: str) -> tuple[Entity, ...]:
    """Entities in the order of their first mention; a person's bare last name counts as the same person."""
    sentences = [_words(part) for part in _SENTENCE.split(text) if part]
    titled = len(sentences) > 1 or not text.rstrip().endswith(".")
    title = sentences[0] if sentences and titled and _is_heading(sentences[0]) else None
    inside = {word for words in sentences if words is not title for word in words[1:] if _capital(word)}
    lower = {word for words in sentences for word in words if word.islower()}
    found: dict[str, str] = {}
    for words in sentences:
        for run, before in _runs(words, inside, lower, heading=words is title):
            name = " ".join(run)
            known = found.get(name)
            kind = _kind(run, before)
            if known is None or known == OTHER:
                found[name] = kind
    persons = [name for name, kind in found.items() if kind == PERSON and " " in name]
    parts = {part for name in persons for part in name.split()}
    return tuple(Entity(text=name, kind=kind) for name, kind in found.items() if name not in parts)


def _words(sentence: str) -> list[str]:
    """Words, and "," where punctuation parts them."""
    words: list[str] = []
    end = 0
    for match in _WORD.finditer(sentence):
        if words and sentence[end : match.start()].strip():
            words.append(",")
        words.append(_POSSESSIVE.sub("", match[0]))
        if match[0] != words[-1]:
            words.append(",")  # what is owned is not part of the owner's name
        end = match.end()
    return words


def _capital(word: str) -> bool:
    return word[:1].isupper()


def _is_heading(words: list[str]) -> bool:
    """Whether capitals say nothing in a title, since all its long words begin with one."""
    plain = [word for word in words if len(word) >= _LONG and word.islower() and word not in _LOWER_IN_HEADINGS]
    return not plain and sum(map(_capital, words)) >= 2


def _runs(words: list[str], inside: set[str], lower: set[str], *, heading: bool) -> Iterator[tuple[list[str], str]]:
    """Names of one sentence, each with the word before it."""
    at = 0
    while at < len(words):
        if not _capital(words[at]):
            at += 1
            continue
        end = at + 1
        while end < len(words) and (_capital(words[end]) or _joins(words, at, end)):
            end += 1
        run, before = words[at:end], words[at - 1] if at else ""
        first = at == 0 or words[at - 1] == ":"
        at = end
        kept, title = _trimmed(run, first=first, inside=inside, lower=lower)
        if kept and (not heading or _sure(kept, inside)):
            yield kept, title or before


def _joins(words: list[str], start: int, at: int) -> bool:
    """Whether a small word stands between two parts of one name."""
    after = at + 1
    if words[at] not in _JOINING or after >= len(words):
        return False
    if words[at] in _LOOSE and not names().organisation_words.intersection(words[start:at]):
        return False
    if words[at] == "of" and not names().organisation_words.intersection(words[start:at]):
        return False
    return _capital(words[after]) or (words[after] == "the" and after + 1 < len(words) and _capital(words[after + 1]))


def _trimmed(run: list[str], *, first: bool, inside: set[str], lower: set[str]) -> tuple[list[str], str]:
    """The run without titles and common words at its ends, and the title if there was one."""
    lists = names()
    title, begins = "", first
    while run:
        word = run[0].lower()
        compound = "-" in word and run[0].rpartition("-")[2].islower()  # "Fifteen-year-old Ann"
        opens = first and (word in lower or compound)
        if word in lists.titles:
            title = run[0]
        elif not (word in lists.common or opens):
            break
        run, first = run[1:], False
    while run and (run[-1].lower() in lists.common or not _capital(run[-1])):
        run = run[:-1]
    if begins and len(run) == 1 and not title and not _known(run[0], inside):
        run = []  # a word that begins a sentence like any other
    if len(run) == 1 and (len(run[0]) < 2 or run[0].rstrip(".").lower() in lists.titles):
        run = []
    return run, title


def _known(word: str, inside: set[str]) -> bool:
    return word in inside or word in names().places or (word.isupper() and len(word) > 1)


def _sure(run: list[str], inside: set[str]) -> bool:
    """Whether a run of a heading, where capitals say nothing, is a name that the text or the lists know."""
    lists = names()
    return " ".join(run) in lists.places or all(word in inside for word in run if _capital(word))


def _kind(run: list[str], before: str) -> str:
    lists = names()
    name = " ".join(run)
    if name in lists.places:
        return PLACE
    if before.lower() in lists.titles or run[0] in lists.first_names:
        return PERSON
    if lists.organisation_words.intersection(run):
        return ORGANISATION
    if run[-1] in lists.place_words:
        return PLACE
    if len(run) == 1 and run[0].isupper():
        return ORGANISATION
    if before in _BEFORE_PLACES:
        return PLACE
    return PERSON if len(run) == 2 and all(word.isalpha() and not word.isupper() for word in run) else OTHER
