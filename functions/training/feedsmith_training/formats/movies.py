"""MovieLens ratings with Wikipedia extracts of the films.

``movies.jsonl``: movie_id, title, year, genres (``A|B``), extract. ``ratings.csv``: userId, movieId, rating (0.5 to 5),
timestamp. Ratings are no impressions, so each positive one is made into one: the film, among others that the user has
never rated.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from feedsmith.content.base import Embedder
from feedsmith.errors import InvalidRequest
from feedsmith_training.formats.vectors import CACHE, Progress, embedded, silent
from feedsmith_training.log import Array, Catalogue, Impression, ImpressionLog, Rows

Times: TypeAlias = npt.NDArray[np.float64]

# Reasons of what is left out.
FILM = "film row that is no JSON object with movie_id and title"
FILM_DUPLICATE = "film id that was there before"
COLUMNS = "rating without the four columns userId, movieId, rating, timestamp"
NUMBERS = "rating whose rating or timestamp is no number"
UNKNOWN = "rating of a film that is not known"
DUPLICATE = "rating of a film that the user had rated before"
NEW_FILM = "positive rating of a film that nobody had rated before"
ALONE = "positive rating when there was no other film to show"
THINNED = "positive rating left out to bound the time"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How ratings become impressions.

    ``others``: films beside the rated one. ``power``: they are drawn in proportion to their number of ratings so far to
    this power. ``most``: impressions at most, evenly thinned, since features of a hundred candidates each take their
    time. ``test_share``: of the ratings, the newest are the test.
    ``positive``: least rating that counts as a click; ``neutral``: the rating whose weight in the history is 0.
    """

    others: int = 100
    power: float = 0.75
    most: int = 5_000
    test_share: float = 0.2
    positive: float = 4.0
    neutral: float = 2.5
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Film:
    text: str
    genres: tuple[str, ...]
    published: float


@dataclass(frozen=True, slots=True)
class _Ratings:
    """In order of time; ``user`` are codes, ``film`` catalogue rows."""

    user: Rows
    film: Rows
    rating: Times
    at: Times


def read_movies(
    films: Path,
    ratings: Path,
    embedder: Embedder,
    *,
    sampling: Sampling | None = None,
    cache: Path = CACHE,
    progress: Progress = silent,
) -> tuple[ImpressionLog, int]:
    """Make a log of the ratings, split by time.

    Each rating of at least 4 is an impression: the film, and 100 that the user has not rated before and never will.
    These are drawn, by a fixed seed, from the films that anybody had rated by then, in proportion to their number of
    ratings to the power of 0.75, as word2vec draws its negatives (Mikolov et al., NIPS 2013). Drawn alike, they would
    be films that hardly anybody knows, and popularity alone would tell the right one; in full proportion, popularity
    would be worth nothing, which is not so where people choose films. A film that nobody had rated before is left out,
    since all others had been: being new would give it away. That others are never rated later is known only
    afterwards; it is the same for all rankers.

    The history is what the user had rated at least 4 before, newest first, with weight (rating - 2.5) / 2.5. Topics are
    the genres, a film's k genres 1 / k each; the text is title and extract; publication is the start of the film's
    year. Exposure of each candidate is 1 / number of candidates.

    Returns
    -------
    tuple
        The log, and how many of its impressions are to train on.

    Raises
    ------
    InvalidRequest
        A file has nothing that can be used.
    OSError
        A file cannot be opened.
    """
    sampling = sampling or Sampling()
    left_out: Counter[str] = Counter()
    known = _films(films, left_out)
    place = {film: row for row, film in enumerate(known)}
    rated = _ratings(ratings, place, left_out)
    texts = tuple(film.text for film in known.values())
    names = tuple(sorted({genre for film in known.values() for genre in film.genres}))
    catalogue = Catalogue(
        ids=tuple(known),
        texts=texts,
        vectors=embedded(texts, embedder, cache=cache, progress=progress),
        embedder=embedder.name,
        topics=_topics(known, names),
        topic_names=names,
        published=np.array([film.published for film in known.values()]),
        providers=(None,) * len(texts),
    )
    impressions = tuple(_impressions(rated, len(texts), sampling, left_out))
    if not impressions:
        raise InvalidRequest(
            f"{ratings} has no rating of at least {sampling.positive} of a film that others had rated before: it needs "
            "userId,movieId,rating,timestamp of films in the films' file"
        )
    end = rated.at[int(len(rated.at) * (1.0 - sampling.test_share))]
    train = sum(impression.at < end for impression in impressions)
    return ImpressionLog(catalogue, impressions, +left_out), train


def _films(path: Path, left_out: Counter[str]) -> dict[str, _Film]:
    found: dict[str, _Film] = {}
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in filter(str.strip, file):
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                row = None
            if not isinstance(row, dict) or not row.get("movie_id") or not row.get("title"):
                left_out[FILM] += 1
            elif str(row["movie_id"]) in found:
                left_out[FILM_DUPLICATE] += 1
            else:
                found[str(row["movie_id"])] = _film(row)
    if not found:
        raise InvalidRequest(f"{path} has no film that can be read: it needs a JSON object per line, with movie_id, "
                             "title, year, genres and extract")  # fmt: skip
    return found


def _film(row: dict[str, Any]) -> _Film:
    genres = str(row.get("genres") or "").split("|")
    year = row.get("year")
    return _Film(
        text=f"{row['title']}. {row.get('extract') or ''}".strip(),
        genres=tuple(dict.fromkeys(genre for genre in genres if genre and not genre.startswith("("))),
        published=datetime(year, 1, 1, tzinfo=UTC).timestamp() if isinstance(year, int) and year > 0 else np.nan,
    )


def _topics(films: dict[str, _Film], names: tuple[str, ...]) -> Array:
    topics = np.zeros((len(films), len(names)), dtype=np.float32)
    for row, film in enumerate(films.values()):
        for genre in film.genres:
            topics[row, names.index(genre)] = 1.0 / len(film.genres)
    return topics


def _ratings(path: Path, place: dict[str, int], left_out: Counter[str]) -> _Ratings:
    rows: list[tuple[float, int, int, float]] = []
    users: dict[str, int] = {}
    seen: set[tuple[int, int]] = set()
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        for row in csv.DictReader(file):
            cells = [row.get(name) for name in ("userId", "movieId", "rating", "timestamp")]
            if not all(cells) or None in row:  # DictReader keeps surplus cells under None
                left_out[COLUMNS] += 1
                continue
            user, film, rating, at = map(str, cells)
            try:
                numbers = float(at), float(rating)
            except ValueError:
                left_out[NUMBERS] += 1
                continue
            if not np.isfinite(numbers).all():
                left_out[NUMBERS] += 1
            elif film not in place:
                left_out[UNKNOWN] += 1
            else:
                rows.append((numbers[0], users.setdefault(user, len(users)), place[film], numbers[1]))
    first = []
    for rated in sorted(rows):
        pair = rated[1:3]
        left_out[DUPLICATE] += pair in seen
        if pair not in seen:
            first.append(rated)
        seen.add(pair)
    times, codes, films, stars = zip(*first, strict=True) if first else ((), (), (), ())
    return _Ratings(np.array(codes, dtype=np.intp), np.array(films, dtype=np.intp), np.array(stars), np.array(times))


def _impressions(rated: _Ratings, films: int, sampling: Sampling, left_out: Counter[str]) -> Iterator[Impression]:
    rng = np.random.default_rng(sampling.seed)
    positive = np.flatnonzero(rated.rating >= sampling.positive)
    kept = positive[np.unique(np.linspace(0, len(positive) - 1, min(sampling.most, len(positive)), dtype=np.intp))]
    left_out[THINNED] += len(positive) - len(kept)
    of_user = {int(user): np.flatnonzero(rated.user == user) for user in np.unique(rated.user)}  # in order of time
    counts, counted = np.zeros(films), 0
    for number in kept:
        user, film, at = int(rated.user[number]), int(rated.film[number]), float(rated.at[number])
        before = int(np.searchsorted(rated.at, at))  # what was rated at that very second was not known before
        np.add.at(counts, rated.film[counted:before], 1.0)
        counted = before
        mine = of_user[user]
        weights = counts**sampling.power
        weights[rated.film[mine]] = 0.0
        others = _draw(weights, sampling.others, rng)
        if not counts[film] or not len(others):
            left_out[ALONE if counts[film] else NEW_FILM] += 1
            continue
        liked = mine[(mine < before) & (rated.rating[mine] >= sampling.positive)][::-1]
        n = len(others) + 1
        yield Impression(
            user=user,
            at=at,
            history=rated.film[liked],
            history_weights=(rated.rating[liked] - sampling.neutral) / sampling.neutral,
            candidates=np.concatenate(([film], others)).astype(np.intp),
            clicked=np.arange(n) == 0,
            exposure=np.full(n, 1.0 / n),
            propensity=np.ones(n),
        )


def _draw(weights: Times, most: int, rng: np.random.Generator) -> Rows:
    """Different rows in proportion to their weights, as by drawing one after the other (Efraimidis & Spirakis 2006)."""
    possible = np.flatnonzero(weights)
    if len(possible) <= most:
        return possible
    keys = np.log(weights[possible]) + rng.gumbel(size=len(possible))
    return possible[np.argpartition(-keys, most)[:most]]
