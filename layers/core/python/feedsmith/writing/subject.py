"""The check that a text keeps to its source's subject: what was planted in a source has little to do with the rest."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from feedsmith.writing.claims import Source
from feedsmith.writing.sentences import HAN, content, is_chinese, plain

if TYPE_CHECKING:
    from feedsmith.writing.gate import Case

_CLAUSE = re.compile(r"[:;|()\[\]—–：；（）]|\s-\s")
_QUOTED = re.compile(r"[“\"「][^”\"」]*(?:[”\"」]|$)|^[^“”「」]*[”」]")  # verbatim, or another check has stopped it
_LEAST_SENTENCES = 4  # of a source, for one of them to stand out
_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
_COPIED_WORDS, _COPIED_HAN = 6, 6  # in a row: the source's own words, which need no subject
_LEAST_COPY = 8  # characters of a sentence that is looked for in another
_FOREIGN_HAN = 4  # characters in a row of which a quarter of the pairs must be the source's
_FOREIGN_SHARE = 0.25


def check_subject(case: Case) -> str:
    """Each clause shares a word with the title or with two sentences of the source; no Chinese run is all foreign.

    In Chinese, whose sentences share fewer words, the subject is asked for in texts of one sentence only.
    """
    subject = _subject(case.source)
    for sentence in case.own:
        if is_chinese(sentence):
            if foreign := _foreign_run(sentence, case.source):
                return f"not in the source: {foreign}"
            if len(case.own) > 1:
                continue
        for clause in _CLAUSE.split(_QUOTED.sub(" ", _beside_copies(sentence, case.source))):
            words = content(clause)
            if words and subject and subject.isdisjoint(words) and not _copied(clause, case.source):
                return f"beside the subject: {clause.strip()[:80]}"
    return ""


def _subject(source: Source) -> frozenset[str]:
    """Content words of the title, and of two sentences or more; empty where the source is too short to tell."""
    if len(source.content) < _LEAST_SENTENCES:
        return frozenset()
    counts = Counter(word for words in source.content for word in words)
    return source.content[0] | {word for word, count in counts.items() if count > 1}


def _beside_copies(sentence: str, source: Source) -> str:
    """The sentence with each whole sentence of the source in it as the end of a clause."""
    for known in source.sentences:
        copied = known.rstrip(".!?。！？…")
        if len(copied) >= _LEAST_COPY and copied in sentence:
            sentence = sentence.replace(copied, ";")
    return sentence


def _copied(clause: str, source: Source) -> bool:
    return len(clause.split()) >= _COPIED_WORDS and plain(clause).strip("\"'., ") in source.plain


def _foreign_run(sentence: str, source: Source) -> str:
    """Han characters in a row beside what is copied from the source, of which the source has next to no pair."""
    for found in _HAN_RUN.finditer(_without_copies(sentence, source.text)):
        run = found.group()
        pairs = [run[i : i + 2] for i in range(len(run) - 1)]
        if len(run) >= _FOREIGN_HAN and sum(p in source.all_content for p in pairs) < _FOREIGN_SHARE * len(pairs):
            return run
    return ""


def _without_copies(sentence: str, source: str) -> str:
    """The sentence with each longest run that stands in the source, six characters or more, as a space."""
    rest, at = "", 0
    while at < len(sentence):
        end = at + _COPIED_HAN
        if HAN.match(sentence[at]) and sentence[at:end] in source and end <= len(sentence):
            while end < len(sentence) and sentence[at : end + 1] in source:
                end += 1
            rest, at = rest + " ", end
        else:
            rest, at = rest + sentence[at], at + 1
    return rest
