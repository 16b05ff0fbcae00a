"""What the house writer is asked, and which of its samples come first."""

from __future__ import annotations

from feedsmith.writing.house import READ_CHARACTERS, house_prompt
from feedsmith.writing.writers.house import by_consensus


def test_the_prompt_ends_before_the_headline_and_has_the_nearest_read_last() -> None:
    asked = house_prompt("A storm hit\nthe coast.", ["nearest", "second", "third", "too far"])

    assert asked == "Read: third\nRead: second\nRead: nearest\nStory: A storm hit the coast.\nHeadline:"


def test_a_reader_without_history_has_no_lines_of_it() -> None:
    assert house_prompt("A storm.", []) == "Story: A storm.\nHeadline:"


def test_long_reads_are_cut_between_words() -> None:
    line = house_prompt("x", ["word " * 40]).splitlines()[0]

    assert line == "Read: " + "word " * (READ_CHARACTERS // 5 - 1) + "word"
    assert len(line) <= len("Read: ") + READ_CHARACTERS


def test_what_most_samples_say_comes_first() -> None:
    # Unigram F1: "a b c" with "a b d" 2/3, each with "x y z" 0, and 1 with itself: 1.67, 1.67, 1.
    assert by_consensus(["x y z", "a b c", "a b d"]) == ["a b c", "a b d", "x y z"]
    # "a b c" with "a b" 2*2/5 = .8, "a b" with "b q" 2*1/4 = .5, "a b c" with "b q" 2*1/5 = .4: 2.2, 2.3, 1.9.
    assert by_consensus(["a b c", "b q", "A b"]) == ["A b", "a b c", "b q"]
    assert by_consensus([]) == []
