"""Redaction on lines labelled by hand: what is found of each kind, and what is found wrongly."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from feedsmith.content.extractors import load_extractor
from feedsmith.privacy.redaction import Redactor

LINES = [json.loads(row) for row in (Path(__file__).parents[2] / "data" / "redaction.jsonl").read_text().splitlines()]
MARK = re.compile(r"⟦(\w+):([^⟧]+)⟧")
# Least (precision, recall) on the lines by which the rules were mended, for each kind.
FLOORS = {
    "email": (0.95, 0.95),
    "phone": (0.95, 0.95),
    "card": (0.95, 0.95),
    "national_id": (0.95, 0.95),
    "iban": (0.95, 0.95),
    "name": (0.9, 0.9),
}


# On the held-out lines, at which the rules were not looked at; over all kinds, for there are few of each.
HELD_OUT = (0.9, 0.85)


def labelled(marked: str) -> tuple[str, set[tuple[str, str]]]:
    """The plain text, and (kind, words) of what is to be found in it."""
    return MARK.sub(r"\2", marked), {(kind, words) for kind, words in MARK.findall(marked)}


@pytest.mark.parametrize("held_out", [False, True], ids=["development", "held out"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_precision_and_recall_by_kind(language: str, held_out: bool, capsys: pytest.CaptureFixture[str]) -> None:
    redactor = Redactor(load_extractor("rules"))
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    faults = []
    for line in LINES:
        if line["language"] != language or line.get("held_out", False) != held_out:
            continue
        text, expected = labelled(line["text"])
        found = {(one.kind, text[one.start : one.end]) for one in redactor.find(text)}
        right.update(kind for kind, _ in found & expected)
        wrong.update(kind for kind, _ in found - expected)
        missed.update(kind for kind, _ in expected - found)
        if found != expected:
            faults.append(f"{text}: found {sorted(found - expected)}, missed {sorted(expected - found)}")
    scores = {
        kind: (right[kind] / max(right[kind] + wrong[kind], 1), right[kind] / max(right[kind] + missed[kind], 1))
        for kind in FLOORS
    }
    lines = "held out" if held_out else "development"
    rows = (f"  {kind:12} {p:.3f} {r:.3f} ({right[kind] + missed[kind]})\n" for kind, (p, r) in scores.items())
    with capsys.disabled():
        sys.stdout.write(f"\nredaction, {language}, {lines}: precision, recall (labelled)\n{''.join(rows)}")
    if held_out:
        good = right.total()
        assert good / (good + wrong.total()) >= HELD_OUT[0], "\n".join(faults)
        assert good / (good + missed.total()) >= HELD_OUT[1], "\n".join(faults)
        return
    short = {k: s for k, s in scores.items() if s[0] < FLOORS[k][0] or s[1] < FLOORS[k][1]}
    assert not short, "\n".join(faults)


def test_there_are_lines_enough_of_both_languages() -> None:
    counts = Counter(line["language"] for line in LINES)
    assert min(counts["en"], counts["zh"]) >= 80
