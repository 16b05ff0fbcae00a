"""How positive or negative a text sounds."""

from __future__ import annotations

import math
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

READ_CHARACTERS = 1_000
_LEXICON = Path(__file__).parent / "sentiment_zh.toml"
_PLAIN, _STRONG = 2.0, 3.0
# VADER's own constants: how a sum becomes a number in [-1, 1], and what a negation leaves of a word.
_ALPHA = 15.0
_NEGATED = -0.74
# A degree or a negation stands at most this many characters before its word.
_REACH = 4
# In VADER's lexicon for what they mean among friends; in news and shops they are things.
_NEUTRAL = (
    "interest", "interests", "share", "shares", "security", "securities", "united", "matter", "matters", "number",
    "natural", "fine", "party", "play", "played", "playing", "plays", "novel", "credit",
    "kind", "like", "liked", "certain", "top", "drop", "cut", "cuts", "low", "lower", "lowest", "hand", "growth",
    "supreme", "care", "gross", "trust", "active", "important", "energy", "straight", "special", "intelligence", "fan",
    "fans", "champion", "champions", "festival", "pressure",
)  # fmt: skip


def score_sentiment(text: str, language: str | None) -> float | None:
    """Sum of the text's words of feeling, squashed to [-1, 1]; None for a language without a lexicon.

    English: VADER's compound score (Hutto and Gilbert, "VADER: a parsimonious rule-based model for sentiment analysis
    of social media text", ICWSM 2014) without some words that news and shops use as plain nouns. Chinese: the same
    squashing over our own lexicon, with degrees and negations.
    """
    text = text[:READ_CHARACTERS]
    if language == "en":
        return float(_analyzer().polarity_scores(text)["compound"])
    if language == "zh":
        return _chinese().score(text)
    return None


def english_words() -> list[str]:
    """The lexicon's English words, in lower case."""
    return [word for word in _analyzer().lexicon if word.isascii() and word.isalpha() and word.islower()]


class _Chinese:
    """Longest words first, each with what stands before it."""

    def __init__(self, lexicon: dict[str, Any]) -> None:
        self._polarity: dict[str, float] = dict.fromkeys(lexicon["neutral"].split(), 0.0)
        for name, polarity in (
            ("positive", _PLAIN), ("strong_positive", _STRONG), ("negative", -_PLAIN), ("strong_negative", -_STRONG),
        ):  # fmt: skip
            self._polarity.update(dict.fromkeys(lexicon[name].split(), polarity))
        self._degrees = {w: float(factor) for factor, words in lexicon["degrees"].items() for w in words.split()}
        self._words = _any_of(self._polarity)
        self._before = _any_of(self._degrees)
        self._no_negations = _any_of(lexicon["no_negations"].split())
        self._negations = _any_of(lexicon["negations"].split())

    def score(self, text: str) -> float:
        """In [-1, 1]; 0 for a text without any word of feeling."""
        total, end = 0.0, 0
        for match in self._words.finditer(text):
            before = text[max(end, match.start() - _REACH) : match.start()]
            end = match.end()
            total += self._polarity[match[0]] * self._factor(re.split(r"[，。！？；、,\s]", before)[-1])
        return total / math.sqrt(total * total + _ALPHA)

    def _factor(self, before: str) -> float:
        factor = math.prod(self._degrees[degree] for degree in self._before.findall(before))
        negations = len(self._negations.findall(self._no_negations.sub("", before)))
        return factor * _NEGATED ** (negations % 2)


def _any_of(words: Any) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))


@cache
def _chinese() -> _Chinese:
    return _Chinese(tomllib.loads(_LEXICON.read_text(encoding="utf-8")))


@cache
def _analyzer() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    for word in _NEUTRAL:
        analyzer.lexicon.pop(word, None)
    return analyzer
