"""Keywords of a text: YAKE where words are separated by spaces, jieba's TF-IDF for Chinese."""

from __future__ import annotations

import logging
import tempfile
from functools import cache
from typing import Any

LIMIT = 8
# YAKE takes 6 ms for 1,000 characters and 11 ms for 1,500 (one core), for much the same keywords.
READ_CHARACTERS = 1_000
_UNSPACED = frozenset({"ja", "th", "lo", "km", "my"})
# YAKE names its lists of stop words by country here and there.
_YAKE_NAMES = {"cs": "cz"}


def extract_keywords(text: str, language: str | None) -> tuple[str, ...]:
    """Up to ``LIMIT`` keywords of at most two words, best first; none for a language without word boundaries.

    Campos et al., "YAKE! Keyword extraction from single documents using multiple local features", Information
    Sciences 509, 2020.
    """
    text = text[:READ_CHARACTERS]
    if language == "zh":
        return tuple(load_jieba().analyse.extract_tags(text, topK=LIMIT))
    if language in _UNSPACED or language is None:
        return ()
    found = [phrase for phrase, _ in _yake(language).extract_keywords(text)]
    return _without_parts(found)[:LIMIT]


def _without_parts(phrases: list[str]) -> tuple[str, ...]:
    """Leave out a phrase all of whose words stand in a better one."""
    kept: list[str] = []
    for phrase in phrases:
        words = set(phrase.lower().split())
        if not any(words <= set(better.lower().split()) for better in kept):
            kept.append(phrase)
    return tuple(kept)


@cache
def _yake(language: str) -> Any:
    import yake

    return yake.KeywordExtractor(lan=_YAKE_NAMES.get(language, language), n=2, top=2 * LIMIT)


@cache
def load_jieba() -> Any:
    """The package jieba, its dictionary loaded without a word on stderr.

    jieba would cache its dictionary as a pickle-like file in the shared folder for temporary files, and trust what it
    finds there; a private folder that ends with the loading keeps others' files out.
    """
    import jieba
    import jieba.analyse

    jieba.setLogLevel(logging.WARNING)  # importing jieba set it to DEBUG
    with tempfile.TemporaryDirectory() as private:
        jieba.dt.tmp_dir = private
        jieba.initialize()
    return jieba
