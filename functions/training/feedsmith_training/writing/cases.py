"""Headlines by their authors: what the house writer learns from, and the cases that it is measured on.

An author stands for a reader: what one person wrote before tells their taste, and the next headline is the text that
fits it (LaMP-4; Salemi et al., "LaMP: When large language models meet personalization", ACL 2024).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from feedsmith.content.base import Embedder
from feedsmith.errors import InvalidRequest
from feedsmith_training.formats.vectors import Progress, embedded, silent
from feedsmith_training.log import Array
from feedsmith_training.writing.truecase import Truecaser

HISTORY = 50  # newest articles of an author that count as read


@dataclass(frozen=True, slots=True)
class HeadlineArticle:
    """A headline with the text under it."""

    id: str
    date: str
    author: str
    headline: str
    text: str


@dataclass(frozen=True, slots=True)
class HeadlineCase:
    """A text to write a headline for, and ids of what its reader read before."""

    id: str
    reader: str
    target: str
    text: str
    gold: str
    history: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """What the writer is shown, and what it is to say. ``reads``: headlines, nearest to the text first."""

    text: str
    reads: tuple[str, ...]
    gold: str


def read_articles(path: Path) -> dict[str, HeadlineArticle]:
    """JSON Lines with ``id``, ``date`` (ISO), ``authors``, ``headline`` and ``short_description``; by id.

    Raises
    ------
    InvalidRequest
        A line is no such object; says which.
    """
    return {
        article.id: article
        for article in _rows(
            path,
            lambda row: HeadlineArticle(
                str(row["id"]), str(row["date"]), row["authors"].strip(), row["headline"].strip(),
                row["short_description"].strip(),
            ),
        )
    }  # fmt: skip


def read_cases(path: Path, articles: dict[str, HeadlineArticle]) -> list[HeadlineCase]:
    """JSON Lines with ``case_id``, ``user``, ``target_id``, ``input_text``, ``gold_headline`` and ``profile_ids``.

    Ids of the history that are not among the articles are left out.

    Raises
    ------
    InvalidRequest
        A line is no such object; says which.
    """
    return list(
        _rows(
            path,
            lambda row: HeadlineCase(
                str(row["case_id"]), str(row["user"]), str(row["target_id"]), row["input_text"].strip(),
                row["gold_headline"].strip(), tuple(id_ for id_ in row["profile_ids"] if id_ in articles),
            ),
        )
    )  # fmt: skip


def _rows(path: Path, made: Callable[[dict[str, Any]], Any]) -> Iterator[Any]:
    try:
        file = path.open(encoding="utf-8")
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read ({error.strerror}): check the path") from error
    with file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                yield made(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise InvalidRequest(f"{path}, line {number}: no row of this format ({error!r})") from error


class Library:
    """Articles with their vectors, for finding what a reader read that is nearest to a text.

    Parameters
    ----------
    articles
        By id.
    embedder
        Of headline and text together, as items are embedded in service.
    """

    def __init__(
        self, articles: dict[str, HeadlineArticle], embedder: Embedder, *, progress: Progress = silent
    ) -> None:
        self.articles = articles
        self._embedder = embedder
        self._progress = progress
        self._row = {id_: row for row, id_ in enumerate(articles)}
        self._vectors = embedded(
            [f"{article.headline}\n{article.text}" for article in articles.values()], embedder, progress=progress
        )

    def vectors(self, ids: Sequence[str]) -> Array:
        """Shape (n, d), float32, unit rows."""
        return self._vectors[[self._row[id_] for id_ in ids]]

    def embed(self, texts: Sequence[str]) -> Array:
        """Shape (n, d), float32, unit rows."""
        return embedded(texts, self._embedder, progress=self._progress)

    def nearest(self, vector: Array, history: Sequence[str], most: int) -> list[HeadlineArticle]:
        """At most ``most`` articles of the history, the nearest first."""
        if not history:
            return []
        order = np.argsort(-(self.vectors(history) @ vector), kind="stable")[:most]
        return [self.articles[history[i]] for i in order]

    def pairs(self, exclude: set[str], reads: int) -> list[Pair]:
        """Each article but the excluded, with what its author wrote before, oldest first.

        Headlines to be learned are in sentence case, so that a writer's capitals mean names; in title case, the gate
        would take each word that is not the source's for a name that is not the source's.
        """
        truecase = Truecaser(article.text for article in self.articles.values())
        mine: dict[str, list[str]] = defaultdict(list)
        wanted: list[tuple[HeadlineArticle, list[str]]] = []
        for article in sorted(self.articles.values(), key=lambda a: (a.date, a.id)):
            if article.id not in exclude and article.text and article.headline:
                earlier = [id_ for id_ in mine[article.author][-HISTORY:] if self.articles[id_].date < article.date]
                wanted.append((article, earlier))
            if article.author:
                mine[article.author].append(article.id)
        vectors = self.embed([article.text for article, _ in wanted])
        return [
            Pair(
                article.text,
                tuple(a.headline for a in self.nearest(vector, earlier, reads)),
                truecase(article.headline),
            )
            for (article, earlier), vector in zip(wanted, vectors, strict=True)
        ]
