"""A log to evaluate on, of any format: what to train on, what to measure on, and the scale of its times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from feedsmith.content.base import Embedder
from feedsmith.domains.loader import Domain, load_domains
from feedsmith.errors import InvalidRequest
from feedsmith_training.formats.vectors import CACHE, Progress, silent
from feedsmith_training.log import ImpressionLog
from feedsmith_training.replay import HalfLives

FORMATS = ("mind", "movies", "events")

# A film is talked of for months and stays new for years, and these ratings span twenty of them; entertainment.toml has
# the half-lives of a live service, where a trend is over in days.
MOVIE_HALF_LIVES = HalfLives(trend=180 * 24.0, freshness=5 * 365 * 24.0)
TRAIN_SHARE = 0.75


@dataclass(frozen=True, slots=True)
class Source:
    """The impressions ``:train`` are trained on, those after them measured."""

    format: str
    log: ImpressionLog
    train: int
    half_lives: HalfLives
    domain: Domain


@dataclass(frozen=True, slots=True)
class Files:
    """What to read.

    ``items``: news.tsv, movies.jsonl or an export of items; ``train``: behaviors.tsv, ratings.csv or an export of
    events. ``test``: another behaviors.tsv, later than ``train``; without one, a log is split by time: the earliest
    ``train_size`` impressions, and the ``test_size`` after them. ``domain``: of an export.
    """

    format: str
    items: Path
    train: Path
    test: Path | None = None
    train_size: int | None = None
    test_size: int | None = None
    domain: str = "news"


def read_source(
    files: Files, embedder: Callable[[], Embedder], *, cache: Path = CACHE, progress: Progress = silent
) -> Source:
    """Read and split a log.

    Parameters
    ----------
    embedder
        Makes the embedder, where texts are to be embedded; an export has its vectors.

    Raises
    ------
    InvalidRequest
        Nothing can be used, or nothing is left to train or to measure on.
    NotFound
        There is no such domain.
    OSError
        A file cannot be opened.
    """
    if files.test is not None and (files.format != "mind" or files.train_size is not None):
        raise InvalidRequest(
            "--test is for a second behaviours file of --format mind, and all of --train is trained on then: leave out "
            "--test to split one file by time with --train-size and --test-size"
        )
    domains = load_domains()
    if files.format == "mind":
        from feedsmith_training.formats.mind import read_mind

        domain = domains["news"]
        behaviours = [files.train] if files.test is None else [files.train, files.test]
        log, train = read_mind(files.items, behaviours, embedder(), cache=cache, progress=progress)
        return _split(files, log, train if files.test else None, _of(domain), domain)
    if files.format == "movies":
        from feedsmith_training.formats.movies import read_movies

        log, train = read_movies(files.items, files.train, embedder(), cache=cache, progress=progress)
        return _split(files, log, train, MOVIE_HALF_LIVES, domains["entertainment"])
    if files.format == "events":
        from feedsmith_training.events import read_events

        domain = domains[files.domain]
        return _split(files, read_events(files.train, files.items, domain), None, _of(domain), domain)
    raise InvalidRequest(f"{files.format!r} is no format: use {', '.join(FORMATS)}")


def _of(domain: Domain) -> HalfLives:
    return HalfLives(domain.trend_half_life_hours, domain.freshness_half_life_hours)


def _split(files: Files, log: ImpressionLog, own: int | None, half_lives: HalfLives, domain: Domain) -> Source:
    """By the sizes asked for, else as the format splits, else three quarters to train on."""
    train = files.train_size or own or int(len(log) * TRAIN_SHARE)
    end = len(log) if files.test_size is None else train + files.test_size
    log = replace(log, impressions=log.impressions[:end])
    if not 0 < train < len(log):
        raise InvalidRequest(
            f"{len(log)} impressions can be used, and {train} are to train on: nothing is left for one side; give more "
            "data, or set --train-size"
        )
    return Source(files.format, log, train, half_lives, domain)
