"""Corrupted texts differ from a faithful one in one thing, and are the same again for a seed."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from feedsmith.errors import ConfigurationError
from feedsmith_training.writing import corruptions, corruptions_zh, faithful
from feedsmith_training.writing.articles import Article, load_articles

ROWS = [
    {
        "id": "a",
        "title": "Ferry line adds ships after record summer",
        "body": (
            "The ferry company Northern Lines will buy three ships for $45m from Hansen Yards. Its head Eva Larsen "
            'said on Monday passengers rose by 12% to 3.4 million in 2004. "We have never seen such a summer," said '
            "Eva Larsen. The ships did not need new engines because they were built in March 1999 by Hansen "
            "Yards. After the storm closed the harbour, the line moved 20 boats to Bergen on 14 March."
        ),
    },
    {
        "id": "b",
        "title": "Otto Keller wins chess prize",
        "body": (
            "Otto Keller beat Maria Lopez in the final at Geneva on Friday after long hours of quiet play indoors. He "
            'was handed $2,000 and said it was enough for bread. "My mother taught me everything slowly," Otto Keller '
            "added. The event has not been held in Geneva since the hall burned down in June 1988."
        ),
    },
]


@pytest.fixture
def articles(tmp_path: Path) -> list[Article]:
    path = tmp_path / "articles.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in ROWS))
    return load_articles(str(path))


@pytest.mark.parametrize("way", [way for ways in corruptions.KINDS.values() for way in ways])
def test_a_corrupted_text_is_none_of_the_article_s(articles: list[Article], way: str) -> None:
    made = corruptions.corrupted(articles, way, 8, seed=1)
    assert made
    assert [sample.text for sample in made] == [s.text for s in corruptions.corrupted(articles, way, 8, seed=1)]
    for sample in made:
        assert sample.text != sample.was
        assert sample.text not in sample.article.source


ZH = Path(__file__).parents[3] / "data" / "zh_news.jsonl"


@pytest.mark.parametrize("way", [way for ways in corruptions_zh.KINDS.values() for way in ways])
def test_so_are_chinese_ones(way: str) -> None:
    articles = load_articles(str(ZH))
    made = corruptions_zh.corrupted(articles, way, 10, seed=1)
    assert made
    assert all(sample.text not in sample.article.source for sample in made)


@pytest.mark.parametrize(
    ("rule", "sentence", "text"),
    [
        (faithful.shortened, "The ships reached the port of Oslo on Monday, which was closed.",
         "The ships reached the port of Oslo on Monday"),
        (faithful.shortened, "The ships will not reach the port of Oslo, which was closed.", ""),
        (faithful.numerals, "Sales rose 5% to $3m in two years.", "Sales rose 5 per cent to $3 million in 2 years."),
        (faithful.months, "It opens in January.", "It opens in Jan."),
        (faithful.adverbs, "It was quickly closed.", "It was closed."),
        (faithful.reordered, "After the storm closed the harbour, the line moved two boats.",
         "The line moved two boats, after the storm closed the harbour."),
        (faithful.reordered, "The harbour will be open again, Eva Larsen said.",
         "According to Eva Larsen, the harbour will be open again."),
        (faithful.reordered, '"We are open again for all ships," said Eva Larsen.',
         'Eva Larsen said: "We are open again for all ships."'),
        (faithful.reordered, "The harbour of Bergen was closed because the storm came early.",
         "Because the storm came early, the harbour of Bergen was closed."),
        (faithful.passive, "Otto Keller beat Maria Lopez at chess.", "Maria Lopez was beaten by Otto Keller at chess."),
        (faithful.contracted, "It did not open.", "It didn't open."),
        (faithful.headlined, "The line buys a ship.", "Line Buys Ship"),
    ],
)  # fmt: skip
def test_rules_of_paraphrase(rule: object, sentence: str, text: str) -> None:
    assert rule(sentence, random.Random(0)) == text  # type: ignore[operator]


def test_words_within_quotations_are_left_alone() -> None:
    assert faithful.reporting('He said "she said so".', random.Random(0)).endswith('"she said so".')


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        load_articles(str(tmp_path / "none.jsonl"))
    for line, why in (("{", "line 1: no JSON"), ("[]", "a JSON object is wanted")):
        (tmp_path / "bad.jsonl").write_text(line)
        with pytest.raises(ConfigurationError, match=why):
            load_articles(str(tmp_path / "bad.jsonl"))
