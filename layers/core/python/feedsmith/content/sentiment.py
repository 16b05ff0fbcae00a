"""How positive or negative a text sounds."""

from __future__ import annotations

from functools import cache
from typing import Any

READ_CHARACTERS = 1_000


def score_sentiment(text: str, language: str | None) -> float | None:
    """VADER's compound score in [-1, 1]; None for other languages than English, which the lexicon lacks.

    Hutto and Gilbert, "VADER: a parsimonious rule-based model for sentiment analysis of social media text", ICWSM
    2014.
    """
    if language != "en":
        return None
    return float(_analyzer().polarity_scores(text[:READ_CHARACTERS])["compound"])


@cache
def _analyzer() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
