"""Headlines In Title Case, back to the case that running text has: only names begin with a capital there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+")
_ENDING = re.compile(r"(?<=...)(?:i?e?s|i?e?d|ing|est|er|e|y|ly|ment|tion|ion)$")
_POSSESSIVE = re.compile(r"['’]s$")


class Truecaser:
    """Lowers the words that running text has in lower case more often than not.

    The unigram model of Lita et al., "tRuEcasIng", ACL 2003. The first word of each sentence says nothing, since it is
    capitalised whatever it is. A word that the texts do not have is judged by its stem, and stays as it is where they
    do not have that either.

    Parameters
    ----------
    texts
        Running text of the same kind.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._lower: Counter[str] = Counter()
        self._upper: Counter[str] = Counter()
        for text in texts:
            for sentence in _SENTENCE_END.split(text):
                for word in _WORD.findall(sentence)[1:]:
                    counts = self._lower if word[0].islower() else self._upper
                    counts.update({_base(word), _stem(word)})

    def __call__(self, headline: str) -> str:
        """The headline in sentence case; names, and abbreviations in capitals, stay as they are."""
        lowered = _WORD.sub(lambda found: self._word(found.group()), headline)
        return lowered[:1].upper() + lowered[1:]

    def _word(self, word: str) -> str:
        base = _base(word)
        known = base if base in self._lower or base in self._upper else _stem(word)
        return word.lower() if self._lower[known] > self._upper[known] else word


def _base(word: str) -> str:
    return _POSSESSIVE.sub("", word).casefold()


def _stem(word: str) -> str:
    # The mark keeps stems apart from words.
    return _ENDING.sub("", _base(word)) + "~"
