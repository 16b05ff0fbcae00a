"""docs/security.md names tests that are there, and all that OWASP lists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
TESTS = sorted(set(re.findall(r"`(tests/[\w/.]+)`", PAGE)))


def test_the_page_names_tests() -> None:
    assert len(TESTS) > 30


@pytest.mark.parametrize("path", TESTS)
def test_a_test_that_the_page_names_is_there(path: str) -> None:
    assert (ROOT / path).is_file()


def test_each_risk_has_an_answer_and_a_test() -> None:
    risks = [f"API{n} " for n in range(1, 11)] + [f"LLM{n:02} " for n in range(1, 11)]
    rows = {risk: [line for line in PAGE.splitlines() if line.startswith(f"| {risk}")] for risk in risks}

    for risk, lines in rows.items():
        (line,) = lines
        assert "`tests/" in line, risk
