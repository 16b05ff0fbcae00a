"""The measuring of writers, on a handful of cases whose figures can be worked out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from feedsmith.domains.loader import load_domains
from feedsmith.errors import WriterError
from feedsmith.writing.base import Draft
from feedsmith.writing.composer import Composer
from feedsmith_training.writing.cases import HeadlineArticle, HeadlineCase, Library
from feedsmith_training.writing.evaluation import HOUSE, UNREAD, Asked, evaluate
from feedsmith_training.writing.measures import means, rouge
from support.embedders import WordEmbedder

ARTICLES = {
    "s1": HeadlineArticle("s1", "2020-01-01", "sea", "Storm over Florida", "A storm hit the coast of Florida"),
    "b1": HeadlineArticle("b1", "2020-01-01", "bread", "Bread is dear", "The price of bread rises"),
}
TEXT = "A storm hit the coast of Cuba on Monday. The price of bread rises there."
CASES = [
    HeadlineCase("1", "sea", "t1", TEXT, "Storm hits Cuba", ("s1",)),
    HeadlineCase("2", "bread", "t2", TEXT, "Bread price rises", ("b1",)),
]


def house(asked: Asked) -> list[Draft]:
    """A writer that says what its reader likes, and with no history what is false."""
    if not asked.prompt.reads:
        return [Draft("Storm kills 99 people in Haiti", output_tokens=8)]
    return [
        Draft("A storm hit the coast of Cuba" if "Florida" in asked.prompt.reads[0] else "The price of bread rises")
    ]


def fails(asked: Asked) -> list[Draft]:
    raise WriterError("down")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("evaluation"))
        embedder = WordEmbedder()
        library = Library(ARTICLES, embedder)
        rows = {HOUSE: house, UNREAD: lambda asked: house(replaced(asked)), "broken": fails}
        composer = Composer(lambda: embedder, candidates=1)
        return evaluate(CASES, library, rows, composer, load_domains()["news"], resamples=200)


def replaced(asked: Asked) -> Asked:
    from dataclasses import replace

    return replace(asked, prompt=replace(asked.prompt, reads=()))


def row(report: dict[str, object], writer: str, *, gate: bool) -> dict[str, object]:
    rows: list[dict[str, object]] = report["rows"]  # type: ignore[assignment]
    return next(r for r in rows if (r["writer"], r["gate"]) == (writer, gate))


def test_rouge_is_the_f1_of_words_and_of_the_longest_common_subsequence() -> None:
    # 3 of 4 words shared: P 3/4, R 3/3, F1 6/7; in order: "storm cuba" of 4 and 3 words: P 2/4, R 2/3, F1 4/7.
    assert rouge("hits storm in Cuba", "storm hits Cuba") == (pytest.approx(6 / 7), pytest.approx(4 / 7))
    assert rouge("", "storm") == (0.0, 0.0)


def test_means_come_with_an_interval_over_readers() -> None:
    (mean,) = means(np.array([[1.0], [1.0], [0.0], [0.0]]), ["a", "a", "b", "b"], resamples=500)
    assert mean == {"mean": 0.5, "ci": [0.0, 1.0]}


def test_what_is_false_is_measured_before_the_gate_and_not_served_after_it(report: dict[str, object]) -> None:
    assert row(report, UNREAD, gate=False)["faithful"] == 0.0
    assert row(report, UNREAD, gate=True)["faithful"] == 1.0
    assert row(report, UNREAD, gate=True)["from_model"] == 0.0
    assert row(report, HOUSE, gate=False)["faithful"] == 1.0


def test_rouge_is_compared_in_pairs(report: dict[str, object]) -> None:
    # Storm: 2 of 7 words are in the 3 of the gold: 4/10. Bread: 3 of 5 (price, bread, rises) of 3: 6/8. Mean .575.
    assert row(report, HOUSE, gate=False)["rouge1"] == pytest.approx(0.575)
    # Without: "storm" alone of 6 and 3 words, 2/9; and nothing. Mean .1111; the difference is .4639.
    assert row(report, UNREAD, gate=False)["rouge1"] == pytest.approx(0.1111, abs=1e-4)
    difference: dict[str, dict[str, dict[str, float]]] = report["differences"]  # type: ignore[assignment]
    assert difference[UNREAD]["rouge1"]["mean"] == pytest.approx(0.4639, abs=1e-4)


def test_a_writer_that_fails_has_empty_raw_texts_and_a_served_one(report: dict[str, object]) -> None:
    assert row(report, "broken", gate=False)["empty"] == 2
    assert row(report, "broken", gate=True)["empty"] == 0


def test_two_readers_of_one_item_are_served_what_fits_each(report: dict[str, object]) -> None:
    two: dict[str, dict[str, float]] = report["two_readers"]  # type: ignore[assignment]
    assert two["different"]["mean"] == 1.0
    assert two["own_fit"]["mean"] > 0


def test_the_library_is_of_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Library(ARTICLES, WordEmbedder())
    assert list(tmp_path.glob(".feedsmith/cache/*.npz"))
