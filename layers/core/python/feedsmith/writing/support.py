"""The checks of everything else that a text says: its words have support in the source, and stand together there."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from feedsmith.writing.claims import Source, names
from feedsmith.writing.lexicon import REPORTING
from feedsmith.writing.sentences import content, is_chinese, kin, stem, surfaces

if TYPE_CHECKING:
    from feedsmith.writing.gate import Case

_HAN_SUPPORT = 0.6  # least share of a sentence's bigrams that the source must have
_LOCAL_SUPPORT = 0.5  # least share within three neighbouring sentences: facts are not mixed from far apart
_WINDOW = 3
_FREE = 6  # a sentence may have one word without support for that many content words
_SAME_MEANING = 0.45  # least cosine between a word and one of the nearest sentences
_RELATED = 0.6  # least share of neighbouring content words that stand near each other in the source
_NEAR = 5  # content words apart
_BY_NAME = 2  # content words on each side of a name, one of which it must stand near in the source

_REPORTING = frozenset(map(stem, REPORTING))


def unsupported(sentence: str, case: Case) -> list[str]:
    """Content words of a sentence that the source has not in any form, nor a synonym, nor a word of one meaning."""
    known = case.source.all_content
    words = [w for w in dict.fromkeys(content(sentence)) if w not in known and w not in _REPORTING]
    words = [w for w in words if w not in case.source.initials and not any(kin(w, other) for other in known)]
    if words and case.embedder is not None and not is_chinese(sentence):
        near = [case.source.sentences[i] for i in case.source.nearest(sentence)]
        mine, its = surfaces(sentence), surfaces(" ".join(near))
        others = [its[root] for root in sorted(its.keys() & set(content(" ".join(near))))]
        vectors = case.embedder().passages([*(mine.get(word, word) for word in words), *others])
        alike = vectors[: len(words)] @ vectors[len(words) :].T
        words = [
            word for word, cosines in zip(words, alike, strict=True) if np.max(cosines, initial=-1) < _SAME_MEANING
        ]
    return words


def check_claims(case: Case) -> str:
    """Each sentence's content words have support in the source, most of them within a few neighbouring sentences."""
    for sentence in case.own:
        wanted = content(sentence)
        if not wanted:
            continue
        lacking = unsupported(sentence, case)
        if is_chinese(sentence):
            if len(lacking) > (1 - _HAN_SUPPORT) * len(wanted):
                return f"not in the source: {' '.join(lacking)}"
        elif len(lacking) > (0 if case.embedder else len(wanted) // _FREE):
            return f"not in the source: {' '.join(lacking)}"
        local = _local_share([word for word in wanted if word in case.source.all_content], case.source)
        if local < _LOCAL_SUPPORT:
            return f"{local:.2f} supported in one place: {sentence[:80]}"
    return ""


def _local_share(wanted: list[str], source: Source) -> float:
    if not wanted:
        return 0.0
    title = source.content[0]
    places = range(max(1, len(source.content) - _WINDOW + 1))
    windows = (title.union(*source.content[i : i + _WINDOW]) for i in places)
    return max(sum(word in window for word in wanted) for window in windows) / len(wanted)


def check_relations(case: Case) -> str:
    """Neighbouring content words of a sentence stand near each other in the source: the words are not shuffled.

    A name must stand near one of its neighbours, so that no other name of the source takes its place.
    """
    for sentence in case.own:
        if is_chinese(sentence):  # Chinese bigrams overlap: they are pairs of neighbours already
            continue
        known = [word for word in content(sentence) if word in case.source.all_content]
        pairs = list(pairwise(known))
        if not pairs:
            continue
        share = sum(_together(pair, case.source) for pair in pairs) / len(pairs)
        if share < _RELATED:
            return f"{share:.2f} of the word pairs supported: {sentence[:80]}"
        named = {stem(form) for name in names(sentence, case.source) for form in name.forms}
        for i, word in enumerate(known):
            around = known[max(0, i - _BY_NAME) : i] + known[i + 1 : i + 1 + _BY_NAME]
            if word in named and around and not any(_together((word, other), case.source) for other in around):
                return f"{word} stands elsewhere in the source"
    return ""


def _together(pair: tuple[str, str], source: Source) -> bool:
    return any(_near(pair, at) for at in source.positions)


def _near(pair: tuple[str, str], positions: Mapping[str, list[int]]) -> bool:
    return any(abs(i - j) <= _NEAR for i in positions.get(pair[0], ()) for j in positions.get(pair[1], ()))
