"""The checks of a text's names, numbers and dates against its source. Each returns what is wrong, or nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from feedsmith.writing.alignment import Placed, displaced, replaced
from feedsmith.writing.claims import Name, Source, foreign_names, names, tokens
from feedsmith.writing.dates import Date, dates
from feedsmith.writing.numbers import Number, numbers
from feedsmith.writing.sentences import content, is_chinese

if TYPE_CHECKING:
    from feedsmith.writing.gate import Case

_LEAST_VERB = 3  # letters that two forms of a verb share
_BE = frozenset({"is", "are", "was", "were", "be", "been", "being"})


def check_names(case: Case) -> str:
    """Every name stands in the source, its words in the same order, and not where the source has another."""
    wrong: list[str] = []
    for sentence in case.own:
        wrong += foreign_names(sentence, case.source)
        mine = names(sentence, case.source)
        for name in mine:
            if instead := _instead(name, sentence, mine, case.source):
                wrong.append(f"{name.text} for {instead}")
    return ", ".join(wrong)


def _instead(name: Name, sentence: str, mine: list[Name], source: Source) -> str:
    """What the source has where ``sentence`` has ``name``, in the sentences that say most of the rest of it."""
    nearest = source.nearest(f"{sentence[: name.start]} {sentence[name.end :]}")
    others = [(source.sentences[i], source.names[i]) for i in nearest]
    other = displaced(sentence, name, others, Name.same)
    if other is not None and not _listed_together(name, other, mine, sentence):
        return other.text
    if not others or any(name.same(its) for its in others[0][1]):
        return ""
    found = replaced(sentence, name, others[0][0])
    forms = {token.form for token in tokens(found)}
    if not forms or not forms.isdisjoint(name.forms) or name.same(Name(tuple(t.form for t in tokens(found)), 0, 0)):
        return ""
    return found


def _listed_together(name: Name, other: Name, mine: list[Name], sentence: str) -> bool:
    """Whether a text has both names in one list, whose order says nothing."""
    for twin in mine:
        if twin is not name and twin.same(other):
            between = sentence[min(name.end, twin.end) : max(name.start, twin.start)]
            return {token.form for token in tokens(between)} <= {"and", "or"}
    return False


def check_numbers(case: Case) -> str:
    """Every number stands in the source with the same value and unit, by a word that it stands by, and in its place."""
    wrong = []
    for sentence in map(_normal, case.own):
        others = [(_normal(case.source.sentences[i]), case.source.numbers[i]) for i in case.source.nearest(sentence)]
        days = [date for date in dates(sentence) if date.day]
        for number in numbers(sentence, one=True):
            if any(date.start <= number.start < date.end for date in days):
                continue  # a date's
            word = number.text.casefold() == "one"
            if not word and not _stated(number, _beside(number, sentence), case.source):
                wrong.append(number.text)
            elif other := displaced(sentence, number, others, _same_number):
                wrong.append(f"{number.text} for {other.text}")
    return ", ".join(wrong)


def _normal(sentence: str) -> str:
    return unicodedata.normalize("NFKC", sentence)


def _same_number(number: Number, other: Number) -> bool:
    return number.stated_by([other])


def _stated(number: Number, beside: frozenset[str], source: Source) -> bool:
    return any(
        number.stated_by(stated) and (not beside or not beside.isdisjoint(words))
        for stated, words in zip(source.numbers, source.content, strict=True)
    )


def _beside(placed: Placed, sentence: str) -> frozenset[str]:
    """Content words next to something: two before it, two after it; four bigrams of Chinese."""
    reach = 4 if is_chinese(sentence) else 2
    return frozenset([*content(sentence[: placed.start])[-reach:], *content(sentence[placed.end :])[:reach]])


def check_dates(case: Case) -> str:
    """Every date stands in the source with all its parts, by a word that it stands by, and in its place."""
    wrong = []
    for sentence in case.own:
        others = [(case.source.sentences[i], case.source.dates[i]) for i in case.source.nearest(sentence)]
        for date in dates(sentence):
            beside = _beside(date, sentence)
            if not any(
                date.stated_by(stated) and (not beside or not beside.isdisjoint(words))
                for stated, words in zip(case.source.dates, case.source.content, strict=True)
            ):
                wrong.append(date.text)
            elif other := displaced(sentence, date, others, _same_date):
                wrong.append(f"{date.text} for {other.text}")
    return ", ".join(wrong)


def _same_date(date: Date, other: Date) -> bool:
    return date.stated_by([other]) or other.stated_by([date])


def check_roles(case: Case) -> str:
    """Two names that the source ties by a verb keep their sides of it: who beat whom, who sued whom."""
    for sentence in case.own:
        said = list(_ties(sentence, names(sentence, case.source)))
        if not said:
            continue
        source = zip(case.source.sentences, case.source.all_names, strict=True)
        told = [tie for other, found in source for tie in _ties(other, found)]
        for doer, verb, done in said:
            same = [(d, o) for d, v, o in told if _one_verb(verb, v)]
            kept = any(d.same(doer) and o.same(done) for d, o in same)
            if not kept and any(d.same(done) and o.same(doer) for d, o in same):
                return f"{doer.text} and {done.text} changed places"
    return ""


def _ties(sentence: str, found: list[Name]) -> Iterator[tuple[Name, frozenset[str], Name]]:
    """Who does what to whom: two neighbouring names and the content words between them; turned round in the passive."""
    for left, right in pairwise(found):
        between = sentence[left.end : right.start]
        verb = frozenset(content(between))
        if verb and not any(mark in between for mark in ',;:"'):
            forms = {token.form for token in tokens(between)}
            passive = "by" in forms and not _BE.isdisjoint(forms)
            yield (right, verb, left) if passive else (left, verb, right)


def _one_verb(verb: frozenset[str], other: frozenset[str]) -> bool:
    return any(
        a == b or (min(len(a), len(b)) >= _LEAST_VERB and (a.startswith(b) or b.startswith(a)))
        for a in verb for b in other
    )  # fmt: skip
