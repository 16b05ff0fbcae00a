"""Title case is taken back where running text says so."""

from __future__ import annotations

import pytest

from feedsmith_training.writing.truecase import Truecaser

TEXTS = [
    "Critics say the new law fails. Law is hard, and Apple knows it.",
    "She ate an apple after Apple spoke. The U.S. senate voted; NASA watched the Senate, and the Senate watched back.",
]


@pytest.mark.parametrize(
    ("headline", "expected"),
    [
        # "new" and "law" stand in lower case only; "Trump" nowhere; "says" as "say"
        ("Trump Says The New Law Fails", "Trump says the new law fails"),
        # once in lower case, twice with a capital: a name
        ("Why Apple Spoke", "Why Apple spoke"),
        ("NASA Watched The Senate's Law", "NASA watched the Senate's law"),
        ("The Law’s New Critics", "The law’s new Critics"),
        # "failing" stands nowhere, but "fails" does
        ("Why It Is Failing", "Why it is failing"),
        ("", ""),
    ],
)
def test_a_word_is_lowered_where_running_text_has_it_so(headline: str, expected: str) -> None:
    assert Truecaser(TEXTS)(headline) == expected
