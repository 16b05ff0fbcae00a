"""Quotations: verbatim, said by somebody, and by the one who said it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from feedsmith.writing.claims import Name, Source, names, quotations, quoted_spans, tokens
from feedsmith.writing.lexicon import REPORTING
from feedsmith.writing.sentences import bare, is_chinese

if TYPE_CHECKING:
    from feedsmith.writing.gate import Case

_SAYING = REPORTING | {
    "according",
    "asked",
    "warned",
    "confirmed",
    "admitted",
    "denied",
    "promised",
    "believes",
    "thinks",
}
_LONGEST_SMALL = 4  # letters of words that stay small in a headline with capitals
_REACH = 4  # words between a verb of saying and its speaker
_BEFORE, _AFTER = 3, 1  # sentences around a quotation in which its speaker may be named
_HAN_SPEAKER = re.compile(r"([\u4e00-\u9fff]{2,8})(?:说|表示|称|指出|认为|承认|坦言)[，：:,]?\s*[“「\"]")
_HAN_ROLES = re.compile(r"^(?:.*(?:董事长|总裁|教练|发言人|经理|负责人|先生|女士|主席|部长|教授))?")


def check_quotes(case: Case) -> str:
    """Whatever stands between quotation marks is verbatim, was said, and by the speaker that is named."""
    for sentence in case.own:
        for quoted in quotations(sentence):
            if wrong := _not_said(quoted, sentence, case.source) or _another_speaker(sentence, quoted, case.source):
                return wrong
    return ""


def _not_said(quoted: str, sentence: str, source: Source) -> str:
    words = bare(quoted)
    if words and f" {words} " not in f" {source.bare} " and not (is_chinese(quoted) and words in source.bare):
        return f"not in the source: {quoted[:80]}"
    if words and not _work(quoted, sentence) and not any(words in said for said in source.quoted):
        return f"nobody's words: {quoted[:80]}"
    return ""


def _work(quoted: str, sentence: str) -> bool:
    """Whether marks may stand around words as the title of a work: all have capitals, in a sentence that has not."""
    inside = tokens(quoted)
    small = (token for token in tokens(sentence) if token.raw.islower() and len(token.raw) > _LONGEST_SMALL)
    return bool(inside) and all(token.raw[0].isupper() for token in inside) and next(small, None) is not None


def _another_speaker(sentence: str, quoted: str, source: Source) -> str:
    words = bare(quoted)
    said_in = [i for i, text in enumerate(source.sentences) if words in bare(text)]
    if not said_in:  # a quotation over several sentences
        first = " ".join(words.split()[:6])
        said_in = [i for i, text in enumerate(source.sentences) if first in bare(text)]
    if is_chinese(sentence):
        return _another_chinese_speaker(sentence, said_in, source)
    speakers = _speakers(sentence, source)
    if not speakers or not said_in:
        return ""
    for i in said_in:
        own = _speakers(source.sentences[i], source)
        around = source.names[max(0, i - _BEFORE) : i + _AFTER + 1]
        allowed = own or [name for run in around for name in run]
        if all(any(speaker.same(name) for name in allowed) for speaker in speakers):
            return ""
    return f"not said by {speakers[0].text}"


def _speakers(sentence: str, source: Source) -> list[Name]:
    """The names outside quotations that stand by a verb of saying."""
    inside = quoted_spans(sentence)
    words = [t for t in tokens(sentence) if not any(start <= t.start < end for start, end in inside)]
    verbs = [i for i, token in enumerate(words) if token.form in _SAYING]
    found = []
    for name in names(sentence, source):
        places = [i for i, token in enumerate(words) if name.start <= token.start < name.end]
        if places and any(min(abs(place - verb) for place in places) <= _REACH for verb in verbs):
            found.append(name)
    return found


def _another_chinese_speaker(sentence: str, said_in: list[int], source: Source) -> str:
    found = _HAN_SPEAKER.search(sentence)
    if found is None or not said_in:
        return ""
    who = _HAN_ROLES.sub("", found[1]) or found[1]
    near = "".join("".join(source.sentences[max(0, i - _BEFORE) : i + _AFTER + 1]) for i in said_in)
    return "" if who in near else f"not said by {who}"
