"""The gate: no generated text passes that its source does not bear out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from feedsmith.content.base import Embedder
from feedsmith.models import Check, Verdict
from feedsmith.writing import faithfulness, form, negation, quotes, subject, support
from feedsmith.writing.claims import Source, same
from feedsmith.writing.sentences import split

# A title of one word, or of little but numbers, may stand in a text by chance.
_WORD = re.compile(r"[^\W\d_\u3400-\u9fff]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_FEWEST_WORDS = 2
_FEWEST_HAN = 4
# Neither within a word nor within a number; Chinese has no borders between words.
_BEFORE = r"(?<![^\W\u3400-\u9fff])(?<!\d[.,])"
_AFTER = r"(?![^\W\u3400-\u9fff]|[.,]\d|%)"


def _without_title(text: str, title: str) -> str:
    if len(_WORD.findall(title)) < _FEWEST_WORDS and len(_HAN.findall(title)) < _FEWEST_HAN:
        return text
    found = rf"[\"'“‘《「]?{_BEFORE}{re.escape(title)}{_AFTER}[\"'”’》」]?"
    return re.sub(found, " ", text, flags=re.IGNORECASE)


@dataclass(frozen=True)
class Case:
    """One text before the gate.

    ``language`` is the one asked for, ``limit`` in its unit (words; characters for Chinese), ``rules`` the prompt
    without the source, ``ground`` the title of the item that the reader read: the one thing from outside the source
    that a text may name, and only by this title; ``history`` the other titles that the writer was shown of what
    the reader read, none of which a text may tell. ``embedder`` lets meaning decide where words are not enough.
    """

    text: str
    source: Source
    language: str | None
    limit: int
    rules: str = ""
    ground: str | None = None
    history: tuple[str, ...] = ()
    no_advice: bool = False
    embedder: Callable[[], Embedder] | None = None

    @cached_property
    def unlinked(self) -> str:
        """The text without the ground's title."""
        return _without_title(self.text, self.ground) if self.ground else self.text

    @cached_property
    def own(self) -> list[str]:
        """Sentences that are not the source's word for word, without the ground's title: they must prove themselves."""
        return [sentence for sentence in split(self.unlinked) if same(sentence) not in self.source.verbatim]


CheckFunction: TypeAlias = Callable[[Case], str]

CHECKS: tuple[tuple[str, CheckFunction], ...] = (
    ("empty", form.check_empty),
    ("patterns", form.check_patterns),
    ("leaks", form.check_leaks),
    ("length", form.check_length),
    ("complete", form.check_complete),
    ("repetition", form.check_repetition),
    ("language", form.check_language),
    ("advice", form.check_advice),
    ("names", faithfulness.check_names),
    ("numbers", faithfulness.check_numbers),
    ("dates", faithfulness.check_dates),
    ("quotes", quotes.check_quotes),
    ("negation", negation.check_negation),
    ("polarity", negation.check_polarity),
    ("roles", faithfulness.check_roles),
    ("claims", support.check_claims),
    ("relations", support.check_relations),
    ("subject", subject.check_subject),
)


def judge(case: Case) -> Verdict:
    """Put one text to all checks; it passes when each of them does."""
    checks = []
    for name, check in CHECKS:
        wrong = check(case)
        checks.append(Check(name=name, passed=not wrong, detail=wrong[:200]))
    return Verdict(passed=all(check.passed for check in checks), checks=tuple(checks))
