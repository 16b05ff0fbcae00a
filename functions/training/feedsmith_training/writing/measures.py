"""What a written text is measured by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rouge_score import rouge_scorer

from feedsmith.models import Verdict
from feedsmith_training.log import Array
from feedsmith_training.metrics import PairedBootstrap, interval

FACTS = ("names", "numbers")
"""The checks that a text is called faithful by: every name and number stands in the source."""

_SCORER = rouge_scorer.RougeScorer(["rouge1", "rougeL"], use_stemmer=False)


def rouge(text: str, gold: str) -> tuple[float, float]:
    """F1 of unigrams and of the longest common subsequence, each in [0, 1] (Lin, "ROUGE", ACL workshop 2004)."""
    found = _SCORER.score(gold, text)
    return found["rouge1"].fmeasure, found["rougeL"].fmeasure


def faithful(verdict: Verdict) -> bool:
    """Whether every name and number of a judged text is in its source."""
    return all(check.passed for check in verdict.checks if check.name in FACTS)


def means(values: Array, readers: Sequence[str], *, resamples: int = 10_000) -> list[dict[str, Any]]:
    """Mean of each column of ``values``, shape (n, k), with the 95 % interval of a bootstrap over readers."""
    found = PairedBootstrap(np.unique(readers, return_inverse=True)[1], resamples=resamples).means(
        values.astype(np.float64)
    )
    return [
        {"mean": round(float(column.mean()), 4), "ci": [round(end, 4) for end in interval(resampled)]}
        for column, resampled in zip(values.T, found.T, strict=True)
    ]
