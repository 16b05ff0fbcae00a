"""The whole evaluation, on a small log whose readers like one of two topics."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feedsmith.errors import InvalidRequest, NotFound
from feedsmith_training import evaluation
from feedsmith_training.additive import Recipe
from feedsmith_training.baselines.chance import Random
from feedsmith_training.baselines.lambdamart import LambdaMart
from feedsmith_training.baselines.popularity import Popularity
from feedsmith_training.formats.sources import MOVIE_HALF_LIVES, Files, Source, read_source
from feedsmith_training.rankers import ABLATED
from feedsmith_training.ranking_report import group_of
from feedsmith_training.reranking_report import measures
from support.clicks import write_clicks
from support.embedders import WordEmbedder

SMALL = Recipe(members=2, hidden=4, epochs=8, batch=32, learning_rate=1e-2)


def source(folder: Path, **asked: Any) -> Source:
    news, behaviours = write_clicks(folder)
    files = Files(**{"format": "mind", "items": news, "train": behaviours} | asked)
    return read_source(files, lambda: WordEmbedder(16), cache=folder / "cache")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    read = source(tmp_path_factory.mktemp("clicks"), train_size=240)
    found = evaluation.evaluate(
        read, baselines=[Random(), Popularity(), LambdaMart(rounds=20)], seeds=(0, 1), recipe=SMALL, resamples=400
    )
    return json.loads(json.dumps(found, allow_nan=False))


def row_of(report: dict[str, Any], ranker: str) -> dict[str, Any]:
    (row,) = [row for row in report["rows"] if row["ranker"] == ranker]
    return row


def test_every_ranker_has_a_row_on_the_same_impressions(report: dict[str, Any]) -> None:
    assert [row["ranker"] for row in report["rows"]] == [
        "random", "popularity", "lightgbm-lambdamart", "additive",
        *(f"additive-without-{group}" for group in ("content", "social", "popularity", "freshness", "context")),
        "unconstrained",
    ]  # fmt: skip
    assert ABLATED == ("content", "social", "popularity", "freshness", "context")
    assert {row["n"] for row in report["rows"]} == {80}
    for row in report["rows"]:
        for metric in ("auc", "mrr", "ndcg@5", "ndcg@10"):
            low, high = row[f"{metric}_ci"]
            assert 0 <= low <= row[metric] <= high <= 1
        assert 0 < row["coverage"] <= 1
        assert sum(row["exposure"].values()) == pytest.approx(1, abs=1e-3)
        assert row["novelty"] > 0
        assert row["diversity"] >= 0


def test_the_trained_ranker_finds_what_readers_like(report: dict[str, Any]) -> None:
    assert row_of(report, "additive")["auc"] > 0.75
    assert row_of(report, "random")["auc"] < 0.6
    assert row_of(report, "additive-without-content")["auc"] < row_of(report, "additive")["auc"]


def test_the_trained_ranker_is_the_mean_of_its_seeds(report: dict[str, Any]) -> None:
    row = row_of(report, "additive")

    assert report["seeds"] == [0, 1]
    for metric in ("auc", "ndcg@10"):
        assert len(row["by_seed"][metric]) == 2
        assert row[metric] == pytest.approx(np.mean(row["by_seed"][metric]), abs=2e-5)


def test_differences_are_paired(report: dict[str, Any]) -> None:
    assert len(report["differences"]) == len(report["rows"]) - 1
    for difference in report["differences"]:
        gap = row_of(report, "additive")["auc"] - row_of(report, difference["ranker"])["auc"]
        assert difference["auc"] == pytest.approx(gap, abs=2e-5)
        low, high = difference["ndcg@10_ci"]
        assert low <= difference["ndcg@10"] <= high
    assert report["differences"][0]["auc_ci"][0] > 0  # better than chance, and not by it


def test_the_same_by_number_of_past_events(report: dict[str, Any]) -> None:
    groups = report["groups"]

    assert set(groups) <= {"0", "1-5", "6-20", "more"}
    assert sum(group["n"] for group in groups.values()) == 80
    assert groups["6-20"]["rows"][0]["n"] == groups["6-20"]["n"]
    assert group_of(np.array([0, 1, 5, 6, 20, 21, 900])) == ["0", "1-5", "1-5", "6-20", "6-20", "more", "more"]


def test_reranking_is_priced(report: dict[str, Any]) -> None:
    rows = {row["measure"]: row for row in report["reranking"]["measures"]}

    assert list(rows) == ["none", "mmr", "calibration", "provider cap", "provider floor", "exploration", "all"]
    assert rows["none"]["ndcg@10_cost"] == rows["none"]["exploration"] == 0
    assert rows["none"]["ndcg@10"] == pytest.approx(row_of(report, "additive")["by_seed"]["ndcg@10"][0], abs=2e-5)
    assert rows["calibration"]["miscalibration"] <= rows["none"]["miscalibration"]
    for row in rows.values():
        low, high = row["ndcg@10_cost_ci"]
        assert low <= row["ndcg@10_cost"] <= high
        assert row["exposure_to_merit"] >= 0


def test_each_measure_alone_changes_nothing_else() -> None:
    from feedsmith.domains.loader import load_domains

    rule = load_domains()["news"].reranking
    found = measures(rule)

    assert found["all"] == rule
    assert found["mmr"].mmr == rule.mmr
    assert found["mmr"].model_copy(update={"mmr": 1.0}) == found["none"]
    assert found["exploration"].exploration == rule.exploration


def test_fairness_is_reported(report: dict[str, Any]) -> None:
    assert [group["group"] for group in report["fairness"]["categories"]["groups"]].count("sports") == 1
    assert {"events", "segment"} == set(report["fairness"]["quality"])


def test_the_data_are_described(report: dict[str, Any]) -> None:
    data = report["data"]

    assert data["train"]["impressions"] == 240
    assert data["test"]["impressions"] == 80
    assert data["train"]["to"] < data["test"]["from"]
    assert data["half_lives_hours"] == {"trend": 24.0, "freshness": 48.0}
    assert data["embedder"] == "words@1"
    assert report["left_out"] == {}
    assert report["seconds"]["additive"] > 0


def test_too_few_clicks_leave_the_baselines(tmp_path: Path) -> None:
    read = source(tmp_path, train_size=50, test_size=20)
    found = evaluation.evaluate(read, baselines=[Random(), Popularity()], seeds=(0,), recipe=SMALL, resamples=50)

    assert [row["ranker"] for row in found["rows"]] == ["random", "popularity"]
    assert found["differences"] == []
    assert "too few" in found["skipped"]["additive"]
    assert "reranking" not in found


def test_a_log_is_split_by_time(tmp_path: Path) -> None:
    assert (source(tmp_path).train, len(source(tmp_path).log)) == (240, 320)  # three quarters
    some = source(tmp_path, train_size=100, test_size=30)
    assert (some.train, len(some.log)) == (100, 130)
    assert some.domain.name == "news"


def test_a_second_file_is_what_is_measured(tmp_path: Path) -> None:
    news, behaviours = write_clicks(tmp_path)
    lines = behaviours.read_text().splitlines(keepends=True)
    behaviours.write_text("".join(lines[:200]))
    (tmp_path / "later.tsv").write_text("".join(lines[200:]))
    files = Files("mind", news, behaviours, test=tmp_path / "later.tsv")
    read = read_source(files, lambda: WordEmbedder(16), cache=tmp_path)

    assert (read.train, len(read.log)) == (200, 320)


def test_films_have_half_lives_of_their_own(tmp_path: Path) -> None:
    films = [{"movie_id": str(n), "title": f"Film {n}", "year": 2000, "genres": "Drama"} for n in range(9)]
    (tmp_path / "movies.jsonl").write_text("\n".join(map(json.dumps, films)))
    ratings = [f"u{user},{film},5,{100 * user + film}" for user in range(9) for film in range(user % 3, 9, 3)]
    (tmp_path / "ratings.csv").write_text("\n".join(["userId,movieId,rating,timestamp", *ratings]))
    files = Files("movies", tmp_path / "movies.jsonl", tmp_path / "ratings.csv")
    read = read_source(files, lambda: WordEmbedder(8), cache=tmp_path)

    assert read.half_lives == MOVIE_HALF_LIVES
    assert read.domain.name == "entertainment"
    assert 0 < read.train < len(read.log)


def test_what_cannot_be_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="nothing is left for one side"):
        source(tmp_path, train_size=320)
    with pytest.raises(InvalidRequest, match="second behaviours file"):
        source(tmp_path, test=tmp_path / "any.tsv", train_size=10)
    with pytest.raises(InvalidRequest, match="second behaviours file"):
        source(tmp_path, test=tmp_path / "any.csv", format="movies")
    with pytest.raises(InvalidRequest, match="'csv' is no format"):
        source(tmp_path, format="csv")
    with pytest.raises(NotFound, match="no domain 'gardening'"):
        source(tmp_path, format="events", domain="gardening")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The command's own settings, but for the embedder and what takes long."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(evaluation, "load_embedder", lambda _: WordEmbedder(16))
    monkeypatch.setattr(evaluation, "all_baselines", lambda _: (Random(), Popularity()))
    small = partial(evaluation.evaluate, seeds=(0,), recipe=SMALL, resamples=100)
    monkeypatch.setattr(evaluation, "evaluate", small)
    write_clicks(tmp_path)
    return tmp_path


def test_the_command_writes_a_report_and_a_picture(quick: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (quick / "behaviors.tsv").open("a").write("broken\n")
    asked = ["--items=news.tsv", "--train=behaviors.tsv", "--json=reports/r.json", "--train-size=240", "--test-size=9"]
    code = evaluation.main(asked)
    said = capsys.readouterr()

    assert code == 0
    assert "additive-without-freshness" in said.out
    assert "left out: 1 x impression without five columns" in said.out
    assert "trained rankers" in said.err  # the progress bar
    assert json.loads((quick / "reports/r.json").read_text())["rows"][0]["ranker"] == "random"
    assert (quick / "reports/r.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_says_what_was_not_trained(quick: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--items=news.tsv", "--train=behaviors.tsv", "--json=r.json", "--train-size=20", "--test-size=9"]

    assert evaluation.main(asked) == 0
    assert "without the trained rankers: 20 clicks are too few" in " ".join(capsys.readouterr().out.split())
    assert not (quick / "r.png").exists()


def test_the_command_ends_with_one_line(quick: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluation.main(["--items=none.tsv", "--train=behaviors.tsv", "--json=r.json"]) == 1
    assert "none.tsv" in capsys.readouterr().err
    shutil.copy(quick / "news.tsv", quick / "b.tsv")
    assert evaluation.main(["--items=news.tsv", "--train=b.tsv", "--json=r.json"]) == 1
    assert "has no impression that can be used" in capsys.readouterr().err


def test_an_export_is_split_by_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = source(tmp_path).log
    monkeypatch.setattr("feedsmith_training.events.read_events", lambda *_: log)
    read = source(tmp_path, format="events", domain="commerce")

    assert (read.train, read.domain.name) == (240, "commerce")
    assert read.half_lives.trend == read.domain.trend_half_life_hours
