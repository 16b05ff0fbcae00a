"""Redaction: what users write freely, without what tells who somebody is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from feedsmith.models import Entity
from feedsmith.privacy.identifiers import Found, find_identifiers, has_chinese

PERSON: Final = "person"  # as extractors call it

# Where these stand, a name is somebody's own or an acquaintance's, and not what is searched for.
_ACQUAINTANCES: Final = "|".join((
    "wife", "husband", "partner", "son", "daughter", "mother", "mum", "mom", "father", "dad", "brother", "sister",
    "uncle", "aunt", "girlfriend", "boyfriend", "friend", "neighbou?r", "flatmate", "colleague", "boss", "manager",
    "client", "doctor", "landlord",
))  # fmt: skip
_OCCASIONS: Final = "|".join((
    "appointment with", "parcel for", "invoice for", "prescription for", "booking for", "ticket for", "deliver to",
    "delivery to", "married to", "account of",
))  # fmt: skip
_INTRODUCED: Final = re.compile(
    r"(?i:\bmy (?:full )?name is|\bname\s*[:=]|\bthis is|\bi am|\bi['’]m|\bcall me|\bdear"
    r"|\bregards,?|\bsincerely,?|\bsigned,?"
    rf"|\bmy (?:{_ACQUAINTANCES})(?: is)?,?|\b(?:{_OCCASIONS})"
    r"|\b(?:patient|passenger|recipient|attn|contact|tenant|guest|applicant)\s*:?)\s+(?=[A-Z])"
)
_CAPITALS: Final = re.compile(
    r"[A-Z][\w'’-]+(?:\s+(?:[A-Z]\.|(?:van|de|der|von|al|bin|da)\s+[A-Z][\w'’-]+|[A-Z][\w'’-]+)){0,3}"
)
_OWN_NAME: Final = re.compile(
    r"(?i:\bmy (?:full )?name is|\bname\s*[:=])\s+"
    r"([^\W\d_][\w'’-]*(?:\s+(?!and\b|from\b|but\b|i\b|in\b|at\b|with\b)[^\W\d_][\w'’-]*)?)"
)
_ACQUAINTANCES_ZH: Final = (
    "妻子|太太|老婆|丈夫|老公|儿子|女儿|爸爸|妈妈|父亲|母亲|哥哥|姐姐|弟弟|妹妹|男友|女友"
    "|朋友|邻居|室友|同事|老板|老师|医生|房东"
)
_INTRODUCED_ZH: Final = re.compile(
    r"我叫|我是|本人|名字(?:是|叫)|名叫"
    r"|(?:姓名|联系人|收件人|收货人|患者|病人|乘客|签名|申请人|住客)(?:是|[:：])?\s*"
    rf"|我(?:的)?(?:{_ACQUAINTANCES_ZH})(?:叫|是)?"
)
_NAME_ALONE_ZH: Final = re.compile(r"[\u4e00-\u9fff]{2,4}(?![\u4e00-\u9fff])")


class Extractor(Protocol):
    """Finds names; see :class:`feedsmith.content.entities.EntityExtractor`."""

    def extract(self, text: str, language: str | None) -> tuple[Entity, ...]:
        """Entities of a text."""


class Redactor:
    """Masks e-mail addresses, phone, card, account and national-id numbers, and private persons' names.

    A name is private where the text presents it as somebody's own or an acquaintance's ("my name is ..."), or where the
    text holds one of the others too. Any other name is what the text is about: nobody could search for a player else.
    """

    def __init__(self, extractor: Extractor) -> None:
        self._extractor = extractor

    def __call__(self, text: str, *, mask: str | None = None) -> str:
        """The text with each find replaced by ``mask``, or by its kind in brackets."""
        kept, end = "", 0
        for found in self.find(text):
            kept += text[end : found.start] + (f"[{found.kind}]" if mask is None else mask)
            end = found.end
        return kept + text[end:]

    def find(self, text: str) -> list[Found]:
        """What is to be masked, in the order of the text; none overlaps another."""
        found = find_identifiers(text)
        for name in self._names(text, beside=bool(found)):
            if not any(name.start < one.end and one.start < name.end for one in found):
                found.append(name)
        return sorted(found, key=lambda one: one.start)

    def _names(self, text: str, *, beside: bool) -> Iterator[Found]:
        chinese = has_chinese(text)
        cues = [m.end() for m in (_INTRODUCED_ZH if chinese else _INTRODUCED).finditer(text)]
        if not chinese:
            yield from (Found("name", *match.span(1)) for match in _OWN_NAME.finditer(text))
        if not (cues or beside):
            return
        persons = list(_places(text, self._persons(text, "zh" if chinese else "en")))
        if beside:
            yield from (Found("name", *place) for place in persons)
        for cue in cues:
            yield from (Found("name", *place) for place in persons if place[0] == cue)
            if not any(start == cue for start, _ in persons) and (end := self._end(text, cue, chinese=chinese)):
                yield Found("name", cue, end)

    def _end(self, text: str, start: int, *, chinese: bool) -> int:
        """Where the name ends that begins at ``start`` and that the extractor missed; 0: none begins there."""
        if chinese:
            match = _NAME_ALONE_ZH.match(text, start)
            return match.end() if match is not None and self._persons(match[0], "zh") == [match[0]] else 0
        match = _CAPITALS.match(text, start)
        # In a sentence, for alone it would pass for a heading, whose capitals say nothing.
        return match.end() if match is not None and self._persons(f"They met {match[0]} there.", "en") else 0

    def _persons(self, text: str, language: str) -> list[str]:
        return [entity.text for entity in self._extractor.extract(text, language) if entity.kind == PERSON]


def _places(text: str, names: Iterable[str]) -> Iterator[tuple[int, int]]:
    for name in names:
        yield from (match.span() for match in re.finditer(re.escape(name), text))
