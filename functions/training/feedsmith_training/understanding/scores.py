"""Scores of understood items against labels; all are in [0, 1], or None where there is nothing to divide by."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeAlias

import numpy as np

from feedsmith.models import Understanding
from feedsmith_training.understanding.corpora import Labelled

Row: TypeAlias = dict[str, float | int | None]
Pair: TypeAlias = tuple[Labelled, Understanding]

NEUTRAL = 0.3
"""Sentiment nearer to 0 than this is neutral. On the dev half .05 (VADER's), .2 and .3 are alike; .4 is worse."""
FIRST = 5
_DIGITS = 3


def score(pairs: Sequence[Pair]) -> Row:
    """All scores of one group of items.

    Topics, keywords, sentiment and entities are scored on the items without a quality label; language and quality on
    all. ``_p``, ``_r``, ``_f1``: micro-averaged precision, recall and F1. ``topic_top1``: the first topic is a right
    one. ``keywords_hit``: one of the first five keywords is right, ``keywords_found``: share of the right ones among
    them; a keyword is right where it is one of the acceptable ones, or one of the two holds the other as whole words.
    ``entities_kind``: share of the found entities of the right kind.
    """
    good = [(gold, found) for gold, found in pairs if not gold.quality]
    topical = [(gold, found) for gold, found in good if gold.topics]
    row: Row = {"n": len(pairs), "n_good": len(good)}
    row["topic_top1"] = _mean(bool(f.topics) and f.topics[0].name in g.topics for g, f in topical)
    row |= _prf("topics", topical, lambda g: g.topics, lambda f: [t.name for t in f.topics])
    worded = [(gold.keywords, found.keywords[:FIRST]) for gold, found in good if gold.keywords]
    row["keywords_hit"] = _mean(any(_same(a, b) for a in wanted for b in found) for wanted, found in worded)
    row["keywords_found"] = _mean(any(_same(a, b) for b in found) for wanted, found in worded for a in wanted)
    row["sentiment"] = _mean(_sign(found.sentiment) == gold.sentiment for gold, found in good)
    row |= _prf(
        "entities", good, lambda g: [_name(e.text) for e in g.entities], lambda f: [_name(e.text) for e in f.entities]
    )
    kinds = [
        (kind, other.kind)
        for gold, found in good
        for kinds in [{_name(e.text): e.kind for e in gold.entities}]
        for other in found.entities
        if (kind := kinds.get(_name(other.text))) is not None
    ]
    row["entities_kind"] = _mean(a == b for a, b in kinds)
    row["language_right"] = _mean(gold.language == found.language for gold, found in pairs)
    row |= _prf("quality", pairs, lambda g: g.quality, lambda f: f.quality)
    return row


def accuracy(gold: Sequence[str], found: Sequence[str]) -> Row:
    """Accuracy, and F1 averaged over the classes of ``gold``."""
    right = np.array(gold) == np.array(found)
    f1 = []
    for name in sorted(set(gold)):
        both = sum(a == b == name for a, b in zip(gold, found, strict=True))
        f1.append(2 * both / (gold.count(name) + list(found).count(name)))
    return {"n": len(gold), "accuracy": round(float(right.mean()), _DIGITS), "macro_f1": round(float(np.mean(f1)), 3)}


def _prf(
    name: str, pairs: Sequence[Pair], wanted: Callable[[Labelled], Iterable[Hashable]],
    got: Callable[[Understanding], Iterable[Hashable]],
) -> Row:  # fmt: skip
    sets = [(set(wanted(gold)), set(got(found))) for gold, found in pairs]
    both = sum(len(a & b) for a, b in sets)
    golds, founds = sum(len(a) for a, _ in sets), sum(len(b) for _, b in sets)
    return {
        f"{name}_p": _ratio(both, founds),
        f"{name}_r": _ratio(both, golds),
        f"{name}_f1": _ratio(2 * both, golds + founds),
    }


def _mean(values: Iterable[bool]) -> float | None:
    counted = list(values)
    return _ratio(sum(counted), len(counted))


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, _DIGITS) if whole else None


def _same(a: str, b: str) -> bool:
    a, b = a.lower(), b.lower()
    shorter, longer = sorted((a, b), key=len)
    return re.search(rf"(?<![a-z0-9]){re.escape(shorter)}(?![a-z0-9])", longer) is not None


def _sign(sentiment: float | None) -> int:
    return 0 if sentiment is None or abs(sentiment) < NEUTRAL else 1 if sentiment > 0 else -1


def _name(text: str) -> str:
    return re.sub(r"^the\s+", "", text.casefold().strip())
