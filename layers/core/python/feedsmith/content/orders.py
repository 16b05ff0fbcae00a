"""Sentences that speak to a model instead of a reader: prompt injection, found by its words.

Only what is addressed to a model counts: an imperative at the start of a clause, about instructions, prompts or the
text that is being written. What a report says of somebody else's orders ("researchers told the chatbot to ignore its
instructions") is news, and stays.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from feedsmith.content.readings import folded, readings, smuggled

_LONG = 2_000  # characters that are looked at, at a time


@dataclass(frozen=True)
class _Patterns:
    likely: re.Pattern[str]
    english: re.Pattern[str]
    chinese: re.Pattern[str]
    suspect: re.Pattern[str]


@lru_cache(maxsize=1)
def _patterns() -> _Patterns:
    told = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    parts: dict[str, str] = {}
    for name, part in told["parts"].items():
        parts[name] = _filled(part, parts)
    joined = {key: "|".join(told[key]) for key in ("likely", "english", "chinese", "suspect")}
    return _Patterns(**{key: re.compile(_filled(pattern, parts)) for key, pattern in joined.items()})


def _filled(pattern: str, parts: dict[str, str]) -> str:
    for name, part in parts.items():
        pattern = pattern.replace(f"{{{name}}}", part)
    return pattern


_HAN = re.compile(r"[\u3400-\u9fff]")
# Reported speech: what is quoted in a sentence that has a speaker and a verb of its own.
_QUOTED = re.compile(r"“[^”]{0,600}”|\"[^\"]{0,600}\"|「[^」]{0,300}」|『[^』]{0,300}』|‘[^’]{0,300}’(?!\w)")
_REPORTS = re.compile(
    r"\b(?:said|says|told|tells|wrote|writes|typed|asked|asks|reads?|reading|added|called|titled|enter(?:ed|ing)|ordered"
    r"|instructed|posted|tweeted|replied|shouted|warned|argued|phrases?|words?|text|messages?|prompts?|command|such as"
    r"|slogan|sign|sang|known as|like|song|book|film|movie|album|show|hashtag)\b"
    r"|说|称|表示|写道|写着|写有|输入|问|指出|名为|题为|叫|喊|要求|口号|所谓|提示"
)
_LEAST_OUTSIDE = 12  # characters beside the quotation


def find_order(text: str) -> str:
    """What in a text is an order to a model, as it was read after decoding; empty where there is none."""
    if hidden := smuggled(text):
        return hidden[0][:80]
    reported, patterns = _beside_quotations(text), _patterns()
    for start in range(0, max(len(reported), 1), _LONG):
        for reading in readings(reported[start : start + _LONG]):
            found = _HAN.search(reading) and patterns.chinese.search(reading)
            found = found or (patterns.likely.search(reading) and patterns.english.search(reading))
            if found:
                return found.group().strip()[:80]
    return ""


def _beside_quotations(text: str) -> str:
    """A sentence without what it quotes, where it reports; else as it is."""
    outside = _QUOTED.sub(" _ ", text)
    telling = folded(outside)
    return outside if len(telling.strip()) >= _LEAST_OUTSIDE and _REPORTS.search(telling) else text


def orders_among(sentences: Sequence[str], *, forged: str | None = None) -> list[bool]:
    """Which sentences are an order to a model: by themselves, or together with a neighbour.

    A text with one such sentence is not to be trusted: in it, each that begins like an order is taken for one.

    Parameters
    ----------
    forged
        A character that stands for a forged fence: the sentences with it are guilty.
    """
    guilty = [bool(forged and forged in sentence) or bool(find_order(sentence)) for sentence in sentences]
    for i in range(len(sentences) - 1):
        if not guilty[i] and not guilty[i + 1]:
            joined = f"{sentences[i].rstrip('.。!！…')} {sentences[i + 1]}"
            if len(joined) <= _LONG and find_order(joined):
                guilty[i] = guilty[i + 1] = True
    if not any(guilty):
        return guilty
    suspect = _patterns().suspect
    return [order or suspect.search(folded(s)) is not None for order, s in zip(guilty, sentences, strict=True)]
