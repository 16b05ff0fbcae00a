"""The checks of a text against its source. Each returns what is wrong, or nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from feedsmith.writing.claims import Source, foreign_names, names, negated, quotations, tokens
from feedsmith.writing.lexicon import NEGATIONS, OPPOSITES, Sense
from feedsmith.writing.numbers import Number, numbers
from feedsmith.writing.sentences import content, is_chinese, plain, stem

if TYPE_CHECKING:
    from feedsmith.writing.gate import Case

_SUPPORT = {False: 0.7, True: 0.6}  # least share of content words (Chinese: bigrams) that the source must have
_LOCAL_SUPPORT = 0.5  # least share within three neighbouring sentences: facts are not mixed from far apart
_RESCUE = 0.5  # lexical share from which meaning may decide
_SAME_MEANING = 0.6  # least cosine with a sentence of the source
_WINDOW = 3
_RELATED = 0.6  # least share of neighbouring content words that stand near each other in the source
_NEAR = 5  # content words apart


def check_names(case: Case) -> str:
    """Every name stands in the source, its words in the same order."""
    return ", ".join(name for sentence in case.own for name in foreign_names(sentence, case.source))


def check_numbers(case: Case) -> str:
    """Every number stands in the source with the same value and unit, together with a word that stands by it."""
    return ", ".join(
        number.text
        for sentence in case.own
        for number in numbers(sentence)
        if not _stated(number, _beside(number, sentence), case.source)
    )


def _stated(number: Number, beside: frozenset[str], source: Source) -> bool:
    return any(
        number.stated_by(stated) and (not beside or not beside.isdisjoint(words))
        for stated, words in zip(source.numbers, source.content, strict=True)
    )


def _beside(number: Number, sentence: str) -> frozenset[str]:
    """Content words next to a number: two before it, two after it."""
    before, _, after = unicodedata.normalize("NFKC", sentence).partition(number.text)
    return frozenset([*content(before)[-2:], *content(after)[:2]])


def check_quotes(case: Case) -> str:
    """Whatever stands between quotation marks is verbatim."""
    return ", ".join(
        quoted for sentence in case.own for quoted in quotations(sentence) if plain(quoted) not in case.source.plain
    )


def check_negation(case: Case) -> str:
    """What the source denies is not affirmed, and the other way round."""
    source = case.source
    for sentence in case.own:
        denied = negated(sentence)
        if not denied and _negates(sentence) and not source.negated:
            return "denies what the source does not"
        if 2 * len(denied & source.negated) < len(denied):
            return f"denies {' '.join(sorted(denied))}"
        turned = (frozenset(content(sentence)) - denied) & (source.negated - source.affirmed)
        if turned:
            return f"affirms {' '.join(sorted(turned))}"
    return ""


def _negates(sentence: str) -> bool:
    return any(token.form in NEGATIONS or token.raw.casefold().endswith("n't") for token in tokens(sentence))


def check_polarity(case: Case) -> str:
    """What rises, wins or is accepted in the nearest sentence of the source does not fall, lose or get rejected."""
    for sentence in case.own:
        nearest = _nearest(sentence, case.source)
        for first, second in OPPOSITES:
            for sense, opposite in ((first, second), (second, first)):
                if _has(sentence, sense) and not _has(nearest, sense) and _has(nearest, opposite):
                    return f"turns round: {nearest[:80]}"
    return ""


def _has(sentence: str, sense: Sense) -> bool:
    return (
        any(token.form in sense.english for token in tokens(sentence)) or re.search(sense.chinese, sentence) is not None
    )


def _nearest(sentence: str, source: Source) -> str:
    """The sentence of the source that shares most content words."""
    wanted = frozenset(content(sentence))
    best = max(range(len(source.sentences)), key=lambda i: len(wanted & source.content[i]), default=None)
    return "" if best is None else source.sentences[best]


def check_roles(case: Case) -> str:
    """Two names that the source ties by a verb keep their sides of it: who beat whom, who sued whom."""
    for sentence in case.own:
        runs = list(names(sentence, case.source))
        for left, right in pairwise(runs):
            verbs = _between(sentence, left, right)
            told = [_between(other, right, left) for other in case.source.sentences]
            kept = any(_between(other, left, right) is not None for other in case.source.sentences)
            if verbs is None or kept:
                continue
            if any(other is not None and verbs[0] & other[0] and verbs[1] == other[1] for other in told):
                return f"{' '.join(left)} and {' '.join(right)} changed places"
    return ""


def _between(sentence: str, left: tuple[str, ...], right: tuple[str, ...]) -> tuple[frozenset[str], bool] | None:
    """Content words between two names, and whether a "by" is among the words; None: not in this order."""
    forms = [token.form for token in tokens(sentence)]
    try:
        start = forms.index(left[-1]) + 1
        middle = forms[start : forms.index(right[0], start)]
    except ValueError:
        return None
    return frozenset(content(" ".join(middle))), "by" in middle


def check_claims(case: Case) -> str:
    """The content words of each sentence are the source's, most of them within a few neighbouring sentences.

    Where a sentence falls short of that but not by much, and there is an embedder, its meaning decides: the cosine
    with the nearest sentence of the source.
    """
    for sentence in case.own:
        wanted = content(sentence)
        if not wanted:
            continue
        share = sum(word in case.source.all_content for word in wanted) / len(wanted)
        if share < _SUPPORT[is_chinese(sentence)] and not (share >= _RESCUE and _means_the_same(sentence, case)):
            return f"{share:.2f} of the words supported: {sentence[:80]}"
        local = _local_share(wanted, case.source)
        if local < _LOCAL_SUPPORT:
            return f"{local:.2f} supported in one place: {sentence[:80]}"
    return ""


def check_relations(case: Case) -> str:
    """Neighbouring content words of a sentence stand near each other in the source: the words are not shuffled.

    A name must stand near one of its two neighbours, so that no other name of the source takes its place.
    """
    for sentence in case.own:
        pairs = list(pairwise(content(sentence)))
        if not pairs or is_chinese(sentence):  # Chinese bigrams overlap: they are pairs of neighbours already
            continue
        near = [any(_near(pair, at) for at in case.source.positions) for pair in pairs]
        share = sum(near) / len(pairs)
        if share < _RELATED:
            return f"{share:.2f} of the word pairs supported: {sentence[:80]}"
        named = {stem(form) for run in names(sentence, case.source) for form in run}
        for i, word in enumerate(content(sentence)):
            if word in named and not any(near[max(i - 1, 0) : i + 1]):
                return f"{word} stands elsewhere in the source"
    return ""


def _near(pair: tuple[str, str], positions: Mapping[str, list[int]]) -> bool:
    return any(abs(i - j) <= _NEAR for i in positions.get(pair[0], ()) for j in positions.get(pair[1], ()))


def _local_share(wanted: list[str], source: Source) -> float:
    title = source.content[0] if source.content else frozenset()
    places = range(max(1, len(source.content) - _WINDOW + 1))
    windows = (title.union(*source.content[i : i + _WINDOW]) for i in places)
    return max(sum(word in window for word in wanted) for window in windows) / len(wanted)


def _means_the_same(sentence: str, case: Case) -> bool:
    if case.embedder is None:
        return False
    vectors = case.embedder().passages([sentence, *case.source.sentences[:40]])
    return bool((vectors[1:] @ vectors[0]).max(initial=-1.0) >= _SAME_MEANING)
