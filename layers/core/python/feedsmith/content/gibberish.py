"""Letters that make no words."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache

from feedsmith.content.keywords import load_jieba

_LATIN = re.compile(r"[a-z]+")
_HANZI = re.compile(r"[\u4e00-\u9fff]+")
_LEAST_WORDS = 4
_LEAST_HANZI = 8
_ACCENTED = 0.02
# Mean log2 probability of a letter after the two before it: -3.3 to -4.0 in BBC articles, -4.7 in a German sentence,
# -5.8 and -6.2 in keyboard mashing.
_LEAST_LIKELY = -5.2
# Share of characters that are in words of two or more: .67 to .97 in the Chinese texts of the labelled dev half.
_LEAST_IN_WORDS = 0.25


def is_gibberish(text: str) -> bool:
    """Whether hardly a word of the text could be English, another language in Latin letters, or Chinese."""
    hanzi = "".join(_HANZI.findall(text))
    words = [word for word in _LATIN.findall(text.lower()) if len(word) > 3]
    if len(hanzi) >= _LEAST_HANZI and len(hanzi) >= sum(map(len, words)):
        cut = load_jieba().lcut(hanzi[:200], HMM=False)
        return sum(len(word) for word in cut if len(word) > 1) < _LEAST_IN_WORDS * min(len(hanzi), 200)
    if len(words) < _LEAST_WORDS or sum(c.isalpha() and not c.isascii() for c in text) > _ACCENTED * len(text):
        return False  # too little to tell, or another language
    return likelihood(words) < _LEAST_LIKELY


def likelihood(words: list[str]) -> float:
    """Mean log2 probability of the words' letters, each after the two before it; about -3.7 for English."""
    after, seen = _trigrams()
    total = count = 0.0
    for word in words:
        spelled = f"  {word} "
        for i in range(len(spelled) - 2):
            total += math.log2((after[spelled[i : i + 3]] + 0.1) / (seen[spelled[i : i + 2]] + 2.7))
            count += 1
    return total / count


@cache
def _trigrams() -> tuple[Counter[str], Counter[str]]:
    """Letters of the 7,000 English words of VADER's lexicon: triples, and pairs that something follows."""
    from feedsmith.content.sentiment import english_words

    after: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for word in english_words():
        spelled = f"  {word} "
        for i in range(len(spelled) - 2):
            after[spelled[i : i + 3]] += 1
            seen[spelled[i : i + 2]] += 1
    return after, seen
