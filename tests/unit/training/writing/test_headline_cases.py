"""Headlines by their authors: reading them, and what counts as read before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from feedsmith.errors import InvalidRequest
from feedsmith_training.writing.cases import HeadlineArticle, Library, read_articles, read_cases
from support.embedders import WordEmbedder

ARTICLES = [
    ("a1", "2020-01-01", "ann", "Storm over Florida", "A storm hits the coast of Florida"),
    ("a2", "2020-01-02", "ann", "Bread is dear", "The price of bread rises"),
    ("b1", "2020-01-02", "bob", "Storm over Texas", "A storm hits the coast of Texas"),
    ("a3", "2020-01-03", "ann", "Another storm", "A storm hits the coast of Cuba"),
    ("a4", "2020-01-03", "ann", "Same day", "A storm hits the coast of Cuba again"),
]


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.chdir(tmp_path)  # vectors are cached below the working folder
    return Library({row[0]: HeadlineArticle(*row) for row in ARTICLES}, WordEmbedder())


def test_articles_and_cases_are_read_and_unknown_ids_left_out(tmp_path: Path) -> None:
    row = {"id": "a1", "date": "2020-01-01", "authors": "ann", "headline": " H ", "short_description": "T"}
    (tmp_path / "articles.jsonl").write_text(json.dumps(row) + "\n\n")
    case = {
        "case_id": "c", "user": "ann", "target_id": "t", "input_text": "text", "gold_headline": "gold",
        "profile_ids": ["a1", "gone"],
    }  # fmt: skip
    (tmp_path / "cases.jsonl").write_text(json.dumps(case))

    articles = read_articles(tmp_path / "articles.jsonl")
    assert articles == {"a1": HeadlineArticle("a1", "2020-01-01", "ann", "H", "T")}
    (read,) = read_cases(tmp_path / "cases.jsonl", articles)
    assert (read.history, read.gold) == (("a1",), "gold")


@pytest.mark.parametrize("line", ["{", "[]", '{"id": "a1"}', '{"id": 1, "date": 1, "authors": 1}'])
def test_a_line_of_another_format_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "articles.jsonl"
    path.write_text("\n" + line)
    with pytest.raises(InvalidRequest, match=r"articles\.jsonl, line 2: no row of this format"):
        read_articles(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidRequest, match=r"gone\.jsonl cannot be read \(No such file or directory\): check the path"
    ):
        read_articles(tmp_path / "gone.jsonl")


def test_a_pair_shows_what_its_author_wrote_on_earlier_days_the_nearest_first(library: Library) -> None:
    pairs = {pair.gold: pair.reads for pair in library.pairs(exclude=set(), reads=2)}

    assert pairs["Storm over Florida"] == ()
    assert pairs["Storm over Texas"] == ()  # bob wrote nothing before, and ann's is not his
    assert pairs["Another storm"] == ("Storm over Florida", "Bread is dear")
    assert pairs["Same day"] == ("Storm over Florida", "Bread is dear")  # not what was written the same day


def test_excluded_headlines_are_nobodys_target(library: Library) -> None:
    assert "Another storm" not in {pair.gold for pair in library.pairs(exclude={"a3"}, reads=2)}
