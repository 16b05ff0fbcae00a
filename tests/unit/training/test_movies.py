"""Ratings as impressions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from feedsmith.errors import InvalidRequest
from feedsmith_training.formats import movies
from feedsmith_training.formats.movies import Sampling
from feedsmith_training.log import ImpressionLog
from support.embedders import WordEmbedder

FILMS = [
    {"movie_id": "1", "title": "Heat", "year": 1995, "genres": "Crime|Drama", "extract": "Two men."},
    {"movie_id": "2", "title": "Alien", "year": None, "genres": "(no genres listed)", "extract": ""},
    {"movie_id": "3", "title": "Up", "year": 2009, "genres": "Drama", "extract": "A house."},
    {"movie_id": "4", "title": "Jaws", "year": 1975, "genres": "Horror", "extract": "A shark."},
]


def read(
    tmp_path: Path, ratings: Sequence[str], films: Sequence[object] = FILMS, sampling: Sampling | None = None
) -> tuple[ImpressionLog, int]:
    (tmp_path / "movies.jsonl").write_text("\n".join(f if isinstance(f, str) else json.dumps(f) for f in films))
    (tmp_path / "ratings.csv").write_text("\n".join(["userId,movieId,rating,timestamp", *ratings]) + "\n")
    return movies.read_movies(
        tmp_path / "movies.jsonl",
        tmp_path / "ratings.csv",
        WordEmbedder(8),
        sampling=sampling,
        cache=tmp_path / "cache",
    )


def ids(log: ImpressionLog, rows: np.ndarray) -> list[str]:
    return [log.catalogue.ids[row] for row in rows]


# a and c rate films for the first time; b later likes film 1, dislikes 2 and likes 3. Only film 4 is never b's.
RATINGS = ["a,1,5,10", "a,4,4,15", "c,2,1,20", "c,3,5,25", "b,3,4,50", "b,1,4.5,40", "b,2,3,45"]


def test_a_positive_rating_becomes_an_impression(tmp_path: Path) -> None:
    log, train = read(tmp_path, RATINGS)
    first, second = log.impressions

    assert log.left_out == {movies.NEW_FILM: 3}
    assert [ids(log, impression.candidates) for impression in log.impressions] == [["1", "4"], ["3", "4"]]
    assert first.clicked.tolist() == second.clicked.tolist() == [True, False]
    assert first.exposure.tolist() == [0.5, 0.5]
    assert (first.at, second.at) == (40.0, 50.0)
    assert first.user == second.user
    assert len(first.history) == 0
    assert ids(log, second.history) == ["1"]
    assert second.history_weights.tolist() == pytest.approx([0.8])  # (4.5 - 2.5) / 2.5
    assert train == 1  # of seven ratings the newest fifth begins with the sixth, at 45


def test_the_catalogue_has_all_films(tmp_path: Path) -> None:
    catalogue = read(tmp_path, RATINGS)[0].catalogue

    assert catalogue.texts == ("Heat. Two men.", "Alien.", "Up. A house.", "Jaws. A shark.")
    assert catalogue.topic_names == ("Crime", "Drama", "Horror")
    assert catalogue.topics.tolist() == [[0.5, 0.5, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert catalogue.published[2] == 1230768000.0  # 2009-01-01 UTC
    assert np.isnan(catalogue.published[1])


def test_what_was_rated_in_the_same_second_was_not_known_before(tmp_path: Path) -> None:
    log, _ = read(tmp_path, ["a,1,5,10", "a,4,4,15", "b,1,5,20", "b,3,5,20", "c,3,5,30", "c,1,5,30"])

    assert log.left_out == {movies.NEW_FILM: 3}
    assert [len(impression.history) for impression in log.impressions] == [0, 0, 0]


def test_without_another_film_there_is_nothing_to_rank(tmp_path: Path) -> None:
    log, _ = read(tmp_path, ["a,1,5,10", "b,1,5,20", "a,4,4,25", "c,1,5,30"])

    assert len(log) == 1
    assert log.left_out == {movies.NEW_FILM: 2, movies.ALONE: 1}


def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    bad_films = ["{torn", "[]", {"movie_id": "9"}, FILMS[0]]
    bad_ratings = ["a,1", "a,1,5,10,6", "a,1,good,10", "a,1,5,nan", "a,99,5,10", "b,1,2,60", ""]
    log, _ = read(tmp_path, [*RATINGS, *bad_ratings], films=[*FILMS, *bad_films])

    assert len(log) == 2
    assert log.left_out == {
        movies.FILM: 3, movies.FILM_DUPLICATE: 1, movies.COLUMNS: 2, movies.NUMBERS: 2, movies.UNKNOWN: 1,
        movies.DUPLICATE: 1, movies.NEW_FILM: 3,
    }  # fmt: skip


def test_an_error_only_where_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no film that can be read"):
        read(tmp_path, RATINGS, films=["{}"])
    with pytest.raises(InvalidRequest, match=r"no rating of at least 4\.0"):
        read(tmp_path, ["a,1,5,10"])
    with pytest.raises(InvalidRequest, match="no rating of at least"):
        read(tmp_path, [])


def test_the_same_seed_draws_the_same_films_and_time_is_bounded(tmp_path: Path) -> None:
    films = [{"movie_id": str(n), "title": f"Film {n}", "year": 2000, "genres": "Drama"} for n in range(30)]
    early = [f"u{n},{n},5,{n}" for n in range(30)]
    late = [f"v{n},{n},5,{100 + n}" for n in range(20)]
    some = Sampling(others=5, most=20)
    log, _ = read(tmp_path, early + late, films, some)
    again, _ = read(tmp_path, early + late, films, some)

    assert log.left_out[movies.THINNED] == 30  # of 50, every 2.6th is kept
    assert all(len(impression.candidates) == 6 for impression in log.impressions)
    assert [i.candidates.tolist() for i in log.impressions] == [i.candidates.tolist() for i in again.impressions]
    assert len({tuple(impression.candidates[1:]) for impression in log.impressions}) == len(log)


def test_films_are_drawn_in_proportion_to_their_weights() -> None:
    rng = np.random.default_rng(0)
    drawn = [int(movies._draw(np.array([1.0, 0.0, 3.0]), 1, rng)[0]) for _ in range(2000)]

    assert 1 not in drawn
    assert drawn.count(2) / 2000 == pytest.approx(0.75, abs=0.03)
