"""Whether something stands in a sentence where its source has something else of the same kind.

A name, a number or a date that the source has somewhere may still be in the wrong place. So each is looked up by the
words around it in those sentences of the source that say most of what the sentence says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Protocol, TypeVar

from feedsmith.writing.lexicon import FUNCTION_WORDS
from feedsmith.writing.sentences import stem

_WORD = re.compile(r"[^\W_\u3400-\u9fff]+(?:['’.][^\W_\u3400-\u9fff]+)*|[\u3400-\u9fff]")
_SMALL = frozenset({"", *map(stem, FUNCTION_WORDS)})
_ALIKE = 0.6  # least share of words in common, from which two sentences are compared word for word
_LONGEST = 5  # words that stand for one item
_DESCRIBES = frozenset(
    (
        "the",
        "a",
        "an",
        "this",
        "that",
        "these",
        "those",
        "his",
        "her",
        "its",
        "their",
        "he",
        "she",
        "it",
        "they",
        "who",
        "which",
    )
)
_NONE = frozenset({""})
_EDGE = ""  # before the first word and after the last


class Placed(Protocol):
    """Something with a place in its sentence."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


P = TypeVar("P", bound=Placed)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Stems of the two words before and the two words after something, the nearest first."""

    before: tuple[str, str]
    after: tuple[str, str]

    def same_place(self, other: Surroundings) -> bool:
        """Whether the nearest word of both sides agrees."""
        return (self.before[0], self.after[0]) == (other.before[0], other.after[0]) != (_EDGE, _EDGE)

    def like_place(self, other: Surroundings) -> bool:
        """Whether one side agrees two words deep, not with small words only."""
        left, right = self.before[0] == other.before[0], self.after[0] == other.after[0]
        deep_left = left and not _SMALL.issuperset(self.before) and self.before[1] == other.before[1]
        deep_right = right and not _SMALL.issuperset(self.after) and self.after[1] == other.after[1]
        return deep_left or deep_right

    def touches(self, other: Surroundings, *, but: frozenset[str]) -> bool:
        """Whether the nearest word of one side agrees, and is none of ``but``."""
        nearest = ((self.before[0], other.before[0]), (self.after[0], other.after[0]))
        return any(mine == its and mine not in but for mine, its in nearest)


def surroundings(sentence: str, placed: Placed) -> Surroundings:
    """The words around something in its sentence."""
    before = [stem(word) for word in _WORD.findall(sentence[: placed.start])[-2:]]
    after = [stem(word) for word in _WORD.findall(sentence[placed.end :])[:2]]
    before = [_EDGE, _EDGE, *before][-2:]
    after = [*after, _EDGE, _EDGE][:2]
    return Surroundings((before[1], before[0]), (after[0], after[1]))


def displaced(
    sentence: str, item: P, others: Iterable[tuple[str, Sequence[P]]], same: Callable[[P, P], bool]
) -> P | None:
    """What the source has in the place of ``item``, if it does not have ``item`` there too.

    Parameters
    ----------
    others
        Sentences of the source that say most of what ``sentence`` says, each with its own items of this kind.
    same
        Whether two items say the same.
    """
    mine = surroundings(sentence, item)
    there = [(other, surroundings(text, other)) for text, items in others for other in items]
    own = [its for other, its in there if same(item, other)]
    foreign = [(other, its) for other, its in there if not same(item, other)]
    if any(mine.same_place(its) or mine.like_place(its) or mine.touches(its, but=_SMALL) for its in own):
        return None
    if found := next((other for other, its in foreign if mine.same_place(its)), None):
        return found
    if any(mine.touches(its, but=_NONE) for its in own):
        return None
    return next((other for other, its in foreign if mine.like_place(its)), None)


def replaced(sentence: str, item: Placed, other: str) -> str:
    """What another sentence, otherwise much the same, has instead of ``item``; empty where that is no other thing.

    A pronoun, or a description with an article, may stand for what ``item`` names.
    """
    mine, its = list(_WORD.finditer(sentence)), list(_WORD.finditer(other))
    matcher = SequenceMatcher(None, [stem(m.group()) for m in mine], [stem(m.group()) for m in its], autojunk=False)
    if matcher.ratio() < _ALIKE:
        return ""
    for tag, i, j, k, end in matcher.get_opcodes():
        covered = tag == "replace" and mine[i].start() <= item.start and mine[j - 1].end() >= item.end
        if not covered or j - i > len(_within(mine, item)) + 1 or end - k > _LONGEST:
            continue
        instead = [m.group() for m in its[k:end]]
        if instead[0].casefold() in _DESCRIBES or all(
            word.casefold() in FUNCTION_WORDS and not word.isupper() for word in instead
        ):
            return ""
        return " ".join(instead)
    return ""


def _within(words: Sequence[re.Match[str]], item: Placed) -> list[re.Match[str]]:
    return [word for word in words if item.start <= word.start() < item.end]
