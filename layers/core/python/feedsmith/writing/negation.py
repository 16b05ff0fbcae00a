"""What a text denies, and what it turns into the opposite."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from feedsmith.writing.claims import Negation, Source, negations, tokens
from feedsmith.writing.lexicon import NEGATIVE_VERBS, OPPOSITES, Sense
from feedsmith.writing.sentences import HAN, content, kin, stem

if TYPE_CHECKING:
    from feedsmith.writing.gate import Case

_HEADS = 2  # words of what is denied that tell which denial it is
_WHOLE = 0.75  # share of common content words, both ways, from which two sentences say the same
_NEGATIVE_STEMS = frozenset(map(stem, NEGATIVE_VERBS))
_PREFIXES = ("un", "in", "im", "dis", "non", "ir", "il")
_LEAST_BASE = 4


def check_negation(case: Case) -> str:
    """What the nearest sentence of the source denies is not affirmed, and the other way round."""
    for sentence in case.own:
        mine = negations(sentence)
        found = [_turned(sentence, mine, i, case.source) for i in case.source.nearest(sentence)]
        if found and all(found):
            return found[0]
        if not found and mine and content(sentence):
            return f"denies {' '.join(mine[0].scope) or 'something'}"
    return ""


def _turned(sentence: str, mine: list[Negation], i: int, source: Source) -> str:
    """What ``sentence`` denies or affirms other than sentence ``i`` of the source."""
    its = source.negations[i]
    here, there = content(sentence), content(source.sentences[i])
    denied_here, denied_there = _scopes(mine), _scopes(its)
    for negation in mine:
        heads = negation.scope[:_HEADS]
        if _same_verb(negation, there) or _denied(negation, denied_there, its):
            continue
        elsewhere = (
            other for others in source.negations for other in others if not set(heads).isdisjoint(other.scope[:_HEADS])
        )
        if not set(heads).isdisjoint(there) or next(elsewhere, None) is None:
            return f"denies {' '.join(heads) or 'something'}"
    for negation in its:
        heads = negation.scope[:_HEADS]
        if _same_verb(negation, here) or _denied(negation, denied_here, mine):
            continue
        if heads and heads[0] in here and there.count(heads[0]) == 1:
            return f"affirms {' '.join(heads)}"
    common = len(set(here) & set(there))
    if len(mine) != len(its) and common >= _WHOLE * max(len(set(here)), len(set(there))):
        return "leaves a denial out" if len(mine) < len(its) else "adds a denial"
    return ""


def _scopes(found: list[Negation]) -> frozenset[str]:
    return frozenset(chain.from_iterable(negation.scope for negation in found))


def _denied(negation: Negation, words: frozenset[str], by: list[Negation]) -> bool:
    """Whether other denials deny the same: a word of it, one of its root, or as wordlessly."""
    if not negation.scope:
        return any(not other.scope for other in by)
    return any(kin(word, other) for word in negation.scope for other in words)


def _same_verb(negation: Negation, words: list[str]) -> bool:
    return negation.cue in _NEGATIVE_STEMS and negation.cue in words


def check_polarity(case: Case) -> str:
    """What rises, wins or is accepted in the nearest sentence of the source does not fall, lose or get rejected."""
    for sentence in case.own:
        nearest = case.source.nearest(sentence)
        if not nearest:
            continue
        other = case.source.sentences[nearest[0]]
        turned = _opposite(sentence, other) or _prefixed(sentence, other)
        if turned:
            return f"{turned} turns round: {other[:80]}"
    return ""


def _opposite(sentence: str, other: str) -> str:
    here, there = _forms(sentence), _forms(other)
    chinese = HAN.search(sentence) is not None
    for first, second in OPPOSITES:
        for sense, opposite in ((first, second), (second, first)):
            said = here & sense.english
            if said and not there & sense.english and there & opposite.english and not here & opposite.english:
                return min(said)
            if chinese and (word := _turned_han(sentence, other, sense, opposite)):
                return word
    return ""


def _forms(sentence: str) -> frozenset[str]:
    return frozenset(token.form for token in tokens(sentence))


def _turned_han(sentence: str, other: str, sense: Sense, opposite: Sense) -> str:
    found = re.search(sense.chinese, sentence)
    if found is None or re.search(opposite.chinese, sentence) or re.search(sense.chinese, other):
        return ""
    return found.group() if re.search(opposite.chinese, other) else ""


def _prefixed(sentence: str, other: str) -> str:
    """A word that only one of the two has with a prefix that turns it round: ``likely``, ``unlikely``."""
    here, there = _forms(sentence), _forms(other)
    for prefix in _PREFIXES:
        for mine, its in ((here, there), (there, here)):
            for word in mine - its:
                base = word.removeprefix(prefix)
                if base != word and len(base) >= _LEAST_BASE and base in its - mine:
                    return word
    return ""
