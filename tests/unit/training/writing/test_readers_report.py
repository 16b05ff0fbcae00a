"""Two readers of one article: who they are, and what is counted of what they are told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from feedsmith.models import Verdict
from feedsmith.writing.choice import Candidate
from feedsmith.writing.composer import Composed
from feedsmith_training.writing import readers_report
from feedsmith_training.writing.articles import Article
from feedsmith_training.writing.readers_report import Reader, Told, figures, opposite_readers
from support.services import BagOfWords

ZH = Path(__file__).parents[3] / "data" / "zh_news.jsonl"


def unit(*rows: tuple[float, ...]) -> np.ndarray:
    values = np.array(rows, dtype=np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def test_readers_stand_at_the_two_ends_of_what_was_read_nearby() -> None:
    # GIVEN an article at x, five read ones towards +y of it, five towards -y, and one that is far away
    vectors = unit(*[(1.0, 0.1 + n / 20) for n in range(5)], *[(1.0, -0.1 - n / 20) for n in range(5)], (-1.0, 0.0))
    titles = [f"up {n}" for n in range(5)] + [f"down {n}" for n in range(5)] + ["far"]
    found = opposite_readers(unit((1.0, 0.0))[0], vectors, titles)
    # THEN one reader read the five above, the other the five below, the nearest to the article first
    assert found is not None
    assert {reader.reads for reader in found} == {
        tuple(f"up {n}" for n in range(5)), tuple(f"down {n}" for n in range(5)),
    }  # fmt: skip
    assert sorted(np.sign(reader.interest[1]) for reader in found) == [-1, 1]


def test_an_article_with_too_little_near_it_has_no_two_readers() -> None:
    vectors = unit(*[(1.0, n / 20) for n in range(9)])
    assert opposite_readers(unit((1.0, 0.0))[0], vectors, ["read"] * 9) is None


def test_figures_by_hand() -> None:
    embedder = BagOfWords()
    likes = [Reader(embedder.passages([word])[0], ()) for word in ("alpha", "beta")]
    passed = Verdict(passed=True)

    def pair(number: int, one: str, other: str) -> Told:
        article = Article(str(number), "title", "body", "en", "title\nbody")
        texts = [Composed(Candidate(text, "extractive", passed)) for text in (one, other)]
        return Told(article, (likes[0], likes[1]), (texts[0], texts[1]), (1.0, 3.0))

    # WHEN of four articles, two are told differently, one of these the right way round
    found = figures(
        [pair(0, "alpha", "beta"), pair(1, "beta", "alpha"), pair(2, "same", "same"), pair(3, "same", "same")],
        embedder, resamples=200,
    )  # fmt: skip
    assert found["different"]["mean"] == 0.5
    assert found["own_fit"]["mean"] == 0.0
    assert found["each_fits_its_own_better"] == 0.5
    assert (found["passed"], found["sources"], found["p50_s"]) == (1.0, {"extractive": 8}, 2.0)


def test_the_command_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert readers_report.main(["--articles", "none.jsonl"]) == 1
    assert "none.jsonl: no such file" in capsys.readouterr().err


def test_the_command_writes_what_was_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers_report, "load_embedder", lambda _: BagOfWords())
    monkeypatch.setattr(readers_report, "READ", 2)
    monkeypatch.setattr(readers_report, "SAME_SUBJECT", 0.0)
    out = tmp_path / "reports" / "readers.json"
    assert readers_report.main(["--articles", str(ZH), "--most", "3", "--of", "20", "--json", str(out)]) == 0
    report = json.loads(out.read_text())
    assert (report["articles"], len(report["texts"])) == (3, 3)
    assert report["passed"] == 1.0
