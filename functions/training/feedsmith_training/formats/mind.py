"""MIND, the Microsoft News dataset (Wu et al., "MIND: a large-scale dataset for news recommendation", ACL 2020).

``news.tsv``: id, category, subcategory, title, abstract, then anything. ``behaviors.tsv``: impression id, user, time,
history, candidates. Tab-separated, without a header.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from feedsmith.content.base import Embedder
from feedsmith.errors import InvalidRequest
from feedsmith_training.formats.vectors import CACHE, Progress, embedded, silent
from feedsmith_training.log import Catalogue, Impression, ImpressionLog

TIME = "%m/%d/%Y %I:%M:%S %p"

# Reasons of what is left out.
NEWS_COLUMNS = "news row with fewer than four columns"
NEWS_DUPLICATE = "news id that was there before"
NOT_UTF8 = "row that is not UTF-8, with its wrong bytes replaced"
COLUMNS = "impression without five columns"
DUPLICATE = "impression id that was there before"
TIME_UNREADABLE = "impression with an unreadable time"
TOO_EARLY = "impression earlier than the end of the file before"
UNKNOWN_HISTORY = "history item that is no known news"
UNKNOWN = "candidate that is no known news"
NO_LABEL = "candidate without -0 or -1"
REPEATED = "candidate shown twice in one impression"
ONE_CANDIDATE = "impression with fewer than two candidates"
NO_CLICK = "impression without a click"
ALL_CLICKED = "impression with nothing but clicks"


@dataclass(frozen=True, slots=True)
class _News:
    category: str
    title: str


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of behaviors.tsv: known news only, ``clicked`` by candidate."""

    user: str
    at: float
    history: tuple[str, ...]
    clicked: Mapping[str, bool]


def read_mind(
    news: Path,
    behaviours: Sequence[Path],
    embedder: Embedder,
    *,
    cache: Path = CACHE,
    progress: Progress = silent,
) -> tuple[ImpressionLog, int]:
    """Read a log, each file in order of time, one after the other.

    Topics are the categories, one-hot. A candidate's exposure is 1 / number of candidates, since MIND keeps no places.
    An impression's history is what the same user clicked in earlier impressions, then the file's, each item once.
    Only items that occur in the impressions get into the catalogue, and their titles are embedded.

    Rows that cannot be used are left out and counted by reason; of a row with unknown or repeated items the rest stays.
    Clicks of an impression that ranks nothing (a single candidate, nothing but clicks) still count as history. An
    impression earlier than the end of the file before is left out: that file has told already what came after it.

    Parameters
    ----------
    news
        ``news.tsv``.
    behaviours
        One or more ``behaviors.tsv``, the earliest (to train on) first.
    embedder, cache
        What embeds the titles, and where the vectors are kept.

    Returns
    -------
    tuple
        The log, and how many of its impressions are of the first file.

    Raises
    ------
    InvalidRequest
        A file has nothing that can be used; the message counts why.
    OSError
        A file cannot be opened.
    """
    left_out: Counter[str] = Counter()
    known = _news(news, left_out)
    rows: list[_Row] = []
    train = 0
    for number, path in enumerate(behaviours):
        reasons: Counter[str] = Counter()
        found = _behaviours(path, known, reasons)
        if rows:
            end = rows[-1].at
            reasons[TOO_EARLY] += sum(row.at < end for row in found)
            found = [row for row in found if row.at >= end]
        usable = sum(_ranks(row, reasons) for row in found)
        left_out += reasons
        if not usable:
            raise _nothing(path, reasons)
        rows += found
        train = usable if number == 0 else train
    return ImpressionLog(*_build(rows, known, embedder, cache, progress), left_out), train


def _nothing(path: Path, reasons: Counter[str]) -> InvalidRequest:
    why = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common()) or "it is empty"
    return InvalidRequest(
        f"{path} has no impression that can be used ({why}): it needs tab-separated lines of impression id, user, "
        "time (11/9/2019 12:01:13 AM), history and candidates (N1-0 N2-1) whose ids are in the news file, later than "
        "those of the file before"
    )


def _lines(path: Path, left_out: Counter[str]) -> Iterator[list[str]]:
    """The cells of each line that has any."""
    with path.open("rb") as file:
        for line in file:
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError:
                left_out[NOT_UTF8] += 1
                text = line.decode("utf-8", "replace")
            if text.strip():
                yield text.removeprefix("\ufeff").rstrip("\r\n").split("\t")


def _news(path: Path, left_out: Counter[str]) -> dict[str, _News]:
    found: dict[str, _News] = {}
    for cells in _lines(path, left_out):
        if len(cells) < 4 or not cells[0]:
            left_out[NEWS_COLUMNS] += 1
        elif cells[0] in found:
            left_out[NEWS_DUPLICATE] += 1
        else:
            found[cells[0]] = _News(category=cells[1], title=cells[3])
    if not found:
        raise InvalidRequest(
            f"{path} has no news that can be read: it needs tab-separated lines of id, category, subcategory, title "
            "and abstract, without a header"
        )
    return found


def _behaviours(path: Path, known: Mapping[str, _News], left_out: Counter[str]) -> list[_Row]:
    """The readable rows in order of time."""
    rows: list[_Row] = []
    ids: set[str] = set()
    for cells in _lines(path, left_out):
        if len(cells) != 5:
            left_out[COLUMNS] += 1
            continue
        impression, user, time, history, candidates = cells
        try:
            at = datetime.strptime(time, TIME).replace(tzinfo=UTC).timestamp()
        except ValueError:
            left_out[TIME_UNREADABLE] += 1
            continue
        if impression in ids:
            left_out[DUPLICATE] += 1
            continue
        ids.add(impression)
        read = tuple(item for item in history.split() if item in known)
        left_out[UNKNOWN_HISTORY] += len(history.split()) - len(read)
        rows.append(_Row(user, at, read, _candidates(candidates.split(), known, left_out)))
    return sorted(rows, key=lambda row: row.at)


def _candidates(cells: Iterable[str], known: Mapping[str, _News], left_out: Counter[str]) -> dict[str, bool]:
    """Candidate -> clicked; one that comes twice was clicked if it was either time."""
    found: dict[str, bool] = {}
    for cell in cells:
        item, _, label = cell.rpartition("-")
        if label not in ("0", "1") or not item:
            left_out[NO_LABEL] += 1
        elif item not in known:
            left_out[UNKNOWN] += 1
        else:
            left_out[REPEATED] += item in found
            found[item] = found.get(item, False) or label == "1"
    return found


def _ranks(row: _Row, left_out: Counter[str] | None = None) -> bool:
    """Whether there is something to rank: an item that was clicked and one that was not."""
    clicks, reason = sum(row.clicked.values()), ""
    if len(row.clicked) < 2:
        reason = ONE_CANDIDATE
    elif not clicks:
        reason = NO_CLICK
    elif clicks == len(row.clicked):
        reason = ALL_CLICKED
    if reason and left_out is not None:
        left_out[reason] += 1
    return not reason


def _build(
    rows: Sequence[_Row], known: Mapping[str, _News], embedder: Embedder, cache: Path, progress: Progress
) -> tuple[Catalogue, tuple[Impression, ...]]:
    used = {item for row in rows for item in (*row.history, *row.clicked)}
    ids = tuple(item for item in known if item in used)
    texts = tuple(known[item].title for item in ids)
    names = tuple(sorted({known[item].category for item in ids} - {""}))
    topics = np.array([[known[item].category == name for name in names] for item in ids], dtype=np.float32)
    catalogue = Catalogue(
        ids=ids,
        texts=texts,
        vectors=embedded(texts, embedder, cache=cache, progress=progress),
        embedder=embedder.name,
        topics=topics.reshape(len(ids), len(names)),
        topic_names=names,
        published=np.full(len(ids), np.nan),
        providers=(None,) * len(ids),
    )
    return catalogue, tuple(_impressions(rows, {item: place for place, item in enumerate(ids)}))


def _impressions(rows: Sequence[_Row], place: Mapping[str, int]) -> Iterator[Impression]:
    clicks: dict[str, list[str]] = {}  # of each user so far, newest first
    users: dict[str, int] = {}
    for row in rows:
        code = users.setdefault(row.user, len(users))
        before = clicks.setdefault(row.user, [])
        history = np.array([place[item] for item in dict.fromkeys((*before, *reversed(row.history)))], dtype=np.intp)
        before[:0] = [item for item, clicked in row.clicked.items() if clicked]
        n = len(row.clicked)
        if not _ranks(row):
            continue
        yield Impression(
            user=code,
            at=row.at,
            history=history,
            history_weights=np.ones(len(history)),
            candidates=np.array([place[item] for item in row.clicked], dtype=np.intp),
            clicked=np.array(list(row.clicked.values()), dtype=np.bool_),
            exposure=np.full(n, 1.0 / n),
            propensity=np.ones(n),
        )
