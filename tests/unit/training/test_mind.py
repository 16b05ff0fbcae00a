"""MIND's files, whatever state they are in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from feedsmith.errors import InvalidRequest
from feedsmith_training.formats import mind
from feedsmith_training.formats.vectors import embedded
from feedsmith_training.log import ImpressionLog
from support.embedders import WordEmbedder

NEWS = """\
N1\tsports\tsoccer\tCup final tonight\tAn abstract
N2\tsports\t\tSprinter breaks record\t
N3\tfood\tsoup\tSoup of the day\t\turl\t[]\t[]
N4\t\t\tNo category\t
N5\tfood\t\tNobody sees this\t
"""


def read(tmp_path: Path, *behaviours: str | bytes, news: str | bytes = NEWS) -> tuple[ImpressionLog, int]:
    paths = []
    for number, text in enumerate((news, *behaviours)):
        paths.append(tmp_path / f"{number}.tsv")
        paths[-1].write_bytes(text if isinstance(text, bytes) else text.encode())
    return mind.read_mind(paths[0], paths[1:], WordEmbedder(8), cache=tmp_path / "cache")


def line(
    number: int,
    candidates: str = "N1-1 N2-0",
    *,
    user: str = "U1",
    time: str = "11/9/2019 1:00:00 PM",
    history: str = "",
) -> str:
    return f"{number}\t{user}\t{time}\t{history}\t{candidates}\n"


def ids(log: ImpressionLog, rows: np.ndarray) -> list[str]:
    return [log.catalogue.ids[row] for row in rows]


def test_a_log_in_order_of_time(tmp_path: Path) -> None:
    log, train = read(
        tmp_path,
        line(1, "N3-0 N1-1 N4-0", user="U1", time="11/9/2019 1:00:00 PM", history="N4 N2 N4")
        + line(2, "N3-1 N1-0", user="U2", time="11/9/2019 12:59:59 AM"),
    )
    early, late = log.impressions

    assert train == 2
    assert log.left_out == {}
    assert early.at == 1573261199.0  # 2019-11-09 00:59:59 UTC
    assert (early.user, late.user) == (0, 1)
    assert ids(log, late.candidates) == ["N3", "N1", "N4"]
    assert late.clicked.tolist() == [False, True, False]
    assert late.exposure.tolist() == pytest.approx([1 / 3] * 3)
    assert late.propensity.tolist() == [1.0] * 3
    assert ids(log, late.history) == ["N4", "N2"]  # newest first, each once
    assert late.history_weights.tolist() == [1.0, 1.0]
    assert len(early.history) == 0


def test_the_catalogue_has_the_items_that_occur(tmp_path: Path) -> None:
    log, _ = read(tmp_path, line(1, "N1-1 N3-0", history="N4"))

    assert log.catalogue.ids == ("N1", "N3", "N4")
    assert log.catalogue.texts == ("Cup final tonight", "Soup of the day", "No category")
    assert log.catalogue.topic_names == ("food", "sports")
    assert log.catalogue.topics.tolist() == [[0, 1], [1, 0], [0, 0]]
    assert log.catalogue.embedder == "words@1"
    assert np.isnan(log.catalogue.published).all()
    assert log.catalogue.providers == (None, None, None)


def test_earlier_clicks_come_before_the_file_s_history(tmp_path: Path) -> None:
    log, _ = read(
        tmp_path,
        line(1, "N1-1 N2-0", time="11/9/2019 1:00:00 PM", history="N3 N4")
        + line(2, "N4-1", time="11/9/2019 2:00:00 PM", history="N3 N4")  # nothing to rank, and yet a click
        + line(3, "N2-1 N3-0", time="11/9/2019 3:00:00 PM", history="N3 N4")
        + line(4, "N2-1 N3-0", time="11/9/2019 3:00:00 PM", user="U2"),
    )

    assert [ids(log, impression.history) for impression in log.impressions] == [
        ["N4", "N3"], ["N4", "N1", "N3"], [],
    ]  # fmt: skip
    assert log.left_out == {mind.ONE_CANDIDATE: 1}


def test_files_follow_each_other(tmp_path: Path) -> None:
    log, train = read(
        tmp_path,
        line(1, time="11/9/2019 1:00:00 PM") + line(2, time="11/9/2019 2:00:00 PM"),
        line(1, time="11/9/2019 3:00:00 PM") + line(2, time="11/9/2019 1:30:00 PM"),
    )

    assert (len(log), train) == (3, 2)
    assert log.left_out == {mind.TOO_EARLY: 1}
    assert ids(log, log.impressions[2].history) == ["N1"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("1\tU1\t11/9/2019 1:00:00 PM\tN1-1 N2-0\n", mind.COLUMNS),
        (line(0), mind.DUPLICATE),
        (line(1, time="2019-11-09 13:00"), mind.TIME_UNREADABLE),
        (line(1, "N1-0 N2-0"), mind.NO_CLICK),
        (line(1, "N1-1 N2-1"), mind.ALL_CLICKED),
        (line(1, "N1-1"), mind.ONE_CANDIDATE),
        (line(1, ""), mind.ONE_CANDIDATE),
    ],
)
def test_a_row_that_cannot_be_used_is_counted(tmp_path: Path, bad: str, reason: str) -> None:
    log, train = read(tmp_path, line(0) + bad)

    assert (len(log), train) == (1, 1)
    assert log.left_out == {reason: 1}


def test_the_good_part_of_a_row_stays(tmp_path: Path) -> None:
    log, _ = read(
        tmp_path,
        line(1, "N1-0 N99-1 N2-0 N3 N1-1 N3-2", history="N99 N4")
        + line(2, "N1-1 N98-0"),  # a single known candidate is nothing to rank
    )
    (impression,) = log.impressions

    assert ids(log, impression.candidates) == ["N1", "N2"]
    assert impression.clicked.tolist() == [True, False]  # N1 comes twice, and was clicked once
    assert ids(log, impression.history) == ["N4"]
    assert log.left_out == {
        mind.UNKNOWN: 2, mind.UNKNOWN_HISTORY: 1, mind.NO_LABEL: 2, mind.REPEATED: 1, mind.ONE_CANDIDATE: 1,
    }  # fmt: skip


def test_news_that_cannot_be_read_is_counted(tmp_path: Path) -> None:
    news = NEWS.encode() + b"N1\tfood\t\tAgain\t\nN7\tfood\n\nN8\tfood\t\tCaf\xe9 opens\t\n"
    log, _ = read(tmp_path, line(1, "N1-1 N8-0"), news=news)

    assert log.catalogue.texts == ("Cup final tonight", "Caf\ufffd opens")
    assert log.left_out == {mind.NEWS_DUPLICATE: 1, mind.NEWS_COLUMNS: 1, mind.NOT_UTF8: 1}


def test_an_error_only_where_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"1 x impression without a click.*it needs tab-separated lines"):
        read(tmp_path, line(1, "N1-0 N2-0"))
    with pytest.raises(InvalidRequest, match="it is empty"):
        read(tmp_path, "")
    with pytest.raises(InvalidRequest, match="no news that can be read"):
        read(tmp_path, line(1), news="a header\n")
    with pytest.raises(InvalidRequest, match="later than"):  # the files the wrong way round
        read(tmp_path, line(1, time="11/9/2019 3:00:00 PM"), line(1, time="11/9/2019 1:00:00 PM"))


def test_titles_are_embedded_once(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    texts = [f"title {number}" for number in range(600)]
    first = embedded(texts, WordEmbedder(8), cache=tmp_path, progress=lambda *done: told.append(done))
    again = WordEmbedder(8)

    assert told == [("embedding", 0.0), ("embedding", 512 / 600), ("embedding", 1.0)]
    assert (embedded(texts, again, cache=tmp_path) == first).all()
    assert again.embedded == []
    embedded(texts[::-1], again, cache=tmp_path)
    assert len(again.embedded) == 600


@pytest.mark.parametrize("broken", [b"", b"no archive", b"PK\x03\x04 torn"])
def test_a_broken_cache_is_made_again(tmp_path: Path, broken: bytes) -> None:
    whole = embedded(["a", "b"], WordEmbedder(8), cache=tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(broken)

    assert (embedded(["a", "b"], WordEmbedder(8), cache=tmp_path) == whole).all()
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
