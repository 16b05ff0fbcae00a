"""``feedsmith ingest`` and ``feedsmith events import``: what lands, and what is said of the rest."""

from __future__ import annotations

import gzip
import json
import os
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from feedsmith_local.gateway import Answer
from feedsmith_local.importing import source
from feedsmith_local.importing.rows import parsed
from support.callers import LOCAL_KEY
from support.local_api import Api, printed, run


def ids(api: Api) -> list[str]:
    return [item["id"] for item in api.items]


def untitled(row: dict[str, Any]) -> str | None:
    return None if row.get("title") else "title"


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_rows_that_are_refused_are_listed_and_the_others_land(api: Api, tmp_path: Path) -> None:
    # GIVEN 150 rows: line 3 without a title, line 120 no JSON
    api.refuses = untitled
    lines = [json.dumps({"id": f"i{n}", "title": f"t{n}"}) for n in range(1, 151)]
    lines[2] = json.dumps({"id": "i3"})
    lines[119] = "{nonsense"
    path = write(tmp_path / "items.jsonl", "\n".join(lines))

    said = run("ingest", path, "--domain", "news")

    assert ids(api) == [f"i{n}" for n in range(1, 151) if n not in (3, 120)]
    assert {item["domain"] for item in api.items} == {"news"}
    assert "148 items are in: 148 indexed, 0 unchanged. Rows refused: 2" in said
    assert "row 3: title: is wrong" in said
    assert "row 120: not JSON" in said


def test_for_programs_the_refused_rows_are_part_of_the_answer(api: Api, tmp_path: Path) -> None:
    path = write(tmp_path / "items.jsonl", '{"id": "a", "title": "t"}\n[\n')

    said = printed("ingest", path, "--domain", "news")

    assert (said["indexed"], said["unchanged"]) == (1, 0)
    assert [(row["line"], row["reason"][:8]) for row in said["refused"]] == [(2, "not JSON")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "id,title,categories\ni1,t1,x|y\ni2,t2,\n"),
        ("a.json", '[{"id": "i1", "title": "t1"}, {"id": "i2", "title": "t2"}]'),
        ("a.jsonl.gz", '{"id": "i1", "title": "t1"}\n\n{"id": "i2", "title": "t2"}\n'),
    ],
)
def test_each_format_of_uploads_is_read(api: Api, tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(content.encode()) if name.endswith(".gz") else content.encode())

    assert "2 items are in" in run("ingest", str(path), "--domain", "news")
    assert ids(api) == ["i1", "i2"]


def test_news_of_mind(api: Api, tmp_path: Path) -> None:
    text = (
        "N1\tsports\tgolf\tA title\tAn abstract\thttps://x.example/a\t[]\t[]\n"
        "N2\tnews\t\tWithout more\t\t\t\t\n"
        "N3\tnews\n"
    )

    said = run("ingest", write(tmp_path / "news.tsv", text), "--domain", "news")

    assert api.items == [
        {"id": "N1", "title": "A title", "body": "An abstract", "url": "https://x.example/a",
         "categories": ["sports", "golf"], "domain": "news"},
        {"id": "N2", "title": "Without more", "body": "", "url": None, "categories": ["news"], "domain": "news"},
    ]  # fmt: skip
    assert "row 3: needs tab-separated id" in said


def test_films_of_movielens(api: Api, tmp_path: Path) -> None:
    text = 'movieId,title,genres\n1,Toy Story (1995),Animation|Comedy\n2,"Odd, One",(no genres listed)\n3,x\n'

    said = run("ingest", write(tmp_path / "movies.csv", text), "--domain", "entertainment")

    assert [(film["id"], film["title"], film["categories"], film["published_at"]) for film in api.items] == [
        ("1", "Toy Story", ["Animation", "Comedy"], "1995-01-01T00:00:00Z"),
        ("2", "Odd, One", [], None),
    ]
    assert "row 4: 2 cells, but the header has 3" in said


RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>The Paper</title><language>en</language>
<item><guid>a-1</guid><title>Cup &amp;amp; final</title><link>https://x.example/1</link><category>sport</category>
 <description>&lt;p&gt;City &lt;b&gt;won&lt;/b&gt;.&lt;/p&gt;</description>
 <pubDate>Fri, 20 Nov 2026 08:00:00 GMT</pubDate></item>
<item><guid>https://x.example/2?a=b</guid><title>Second</title></item>
<item><title>Nobody knows me</title></item><item><guid>a-4</guid></item>
</channel></rss>"""


def test_a_feed_of_rss(api: Api, tmp_path: Path) -> None:
    said = run("ingest", write(tmp_path / "feed.xml", RSS), "--domain", "news")

    first, second = api.items
    assert first == {
        "id": "a-1", "title": "Cup & final", "body": "City won.", "url": "https://x.example/1", "domain": "news",
        "provider": "The Paper", "language": "en", "categories": ["sport"], "published_at": "2026-11-20T08:00:00+00:00",
    }  # fmt: skip
    assert second["id"].startswith("f-")
    assert len(second["id"]) == 26
    assert "row 3: an entry needs a guid" in said
    assert "row 4: an entry needs a title" in said


def test_what_is_no_feed_is_said(api: Api, tmp_path: Path) -> None:
    said = run("ingest", write(tmp_path / "page.xml", "<html><body>Hello</body></html>"), "--domain", "news", code=1)
    assert "neither RSS nor Atom" in said


def test_the_entries_before_the_damage_of_a_feed_land(api: Api, tmp_path: Path) -> None:
    said = run("ingest", write(tmp_path / "feed.rss", RSS[: RSS.index("<item><title>")]), "--domain", "news")

    assert len(api.items) == 2
    assert "the feed is damaged" in said


def test_no_feed_reaches_for_files_or_entities(api: Api, tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.txt", "do not tell")
    body = f"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file://{secret}">]>
    <rss version="2.0"><channel><item><guid>1</guid><title>T &x;</title></item></channel></rss>"""

    run("ingest", write(tmp_path / "feed.xml", body), "--domain", "news")

    assert "do not tell" not in json.dumps(api.items)


def test_a_feed_may_be_an_address(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "fetch", lambda url: RSS.encode())

    assert "2 items are in" in run("ingest", "https://x.example/feed", "--domain", "news")


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("file:///etc/passwd", "only http:// and https://"),
        ("ftp://x.example/feed", "only http:// and https://"),
        ("http://127.0.0.1:9/feed", "cannot be read (ConnectError)"),
        ("http://x:port/feed", "cannot be read (InvalidURL)"),
        ("nowhere.jsonl", "check the path"),
    ],
)
def test_a_source_that_cannot_be_read_is_said(api: Api, where: str, said: str) -> None:
    assert said in run("ingest", where, "--domain", "news", code=1)
    assert api.items == []


def test_an_address_that_answers_too_much_or_an_error_is_left(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    url = os.environ["FEEDSMITH_URL"]
    with pytest.raises(source.UploadError, match="answered 401"):
        source.fetch(f"{url}/feed")
    monkeypatch.setattr(api, "answer", lambda request: _big())
    with pytest.raises(source.UploadError, match="more than 1000 bytes"):
        source.fetch(f"{url}/feed", max_bytes=1_000)
    with pytest.raises(source.UploadError, match="within 0 s"):
        source.fetch(f"{url}/feed", max_s=0)


def _big() -> Answer:
    return Answer(HTTPStatus.OK, [], b"x" * 5_000)


def test_what_was_read_before_the_damage_is_reported(api: Api, tmp_path: Path) -> None:
    # GIVEN an array that breaks off after 101 elements, of which the first hundred made a batch
    elements = ",".join(json.dumps({"id": f"i{n}", "title": "t"}) for n in range(101))
    path = write(tmp_path / "a.json", f"[{elements}, {{")

    said = run("ingest", path, "--domain", "news", code=1)

    assert "not a JSON array after element 101" in said
    assert "100 items are in" in said


def test_a_file_of_which_nothing_lands_fails(api: Api, tmp_path: Path) -> None:
    api.refuses = untitled

    said = run("ingest", write(tmp_path / "items.jsonl", '{"id": "a"}\n'), "--domain", "news", code=1)

    assert "0 items are in. Rows refused: 1" in said


def test_a_name_that_tells_no_format_needs_one(api: Api, tmp_path: Path) -> None:
    path = write(tmp_path / "items.txt", '{"id": "a", "title": "t"}\n')

    assert "say one of jsonl, json, csv, feed, mind, movielens with --format" in run(
        "ingest", path, "--domain", "news", code=1
    )
    assert "1 items are in" in run("ingest", path, "--domain", "news", "--format", "jsonl")
    assert "with --format" in run("events", "import", path, code=1)


def test_a_refusal_that_names_no_row_ends_the_work(api: Api, tmp_path: Path) -> None:
    api.status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    path = write(tmp_path / "items.jsonl", '{"id": "a", "title": "t"}\n')

    said = run("ingest", path, "--domain", "news", code=1)

    assert "it answers 413" in said
    assert api.items == []


BEHAVIOURS = (
    "1\tU1\t11/9/2019 12:01:13 AM\tN9\tN1-0 N2-1\n"
    "2\tU2\t11/9/2019 1:00:00 PM\t\tN3-0 N4 N5-0\n"
    "3\tU3\tyesterday\t\tN1-0\n"
    "4\tU4\n"
)  # fmt: skip


def test_behaviours_of_mind_are_slates_and_clicks(api: Api, tmp_path: Path) -> None:
    said = run("events", "import", write(tmp_path / "behaviors.tsv", BEHAVIOURS))

    first = {"user_id": "U1", "at": "2019-11-09T00:01:13+00:00", "slate_id": "mind-1"}
    second = {"user_id": "U2", "at": "2019-11-09T13:00:00+00:00", "slate_id": "mind-2"}
    assert api.events == [
        {**first, "item_id": "N1", "type": "impression"},
        {**first, "item_id": "N2", "type": "impression"},
        {**first, "item_id": "N2", "type": "click"},
        {**second, "item_id": "N3", "type": "impression"},
        {**second, "item_id": "N5", "type": "impression"},
    ]
    assert "5 events arrived: 5 accepted, 0 duplicates, 0 ignored. Rows refused: 3" in said
    assert "row 2: 'N4' is no candidate" in said
    assert "row 3: 'yesterday' is no time" in said
    assert "row 4: needs tab-separated" in said


def test_ratings_of_movielens(api: Api, tmp_path: Path) -> None:
    text = "userId,movieId,rating,timestamp\n7,31,2.5,1260759144\n7,32,4.0,soon\n7,33,4,1e30\n"

    said = run("events", "import", write(tmp_path / "ratings.csv", text))

    rated = {"user_id": "7", "item_id": "31", "type": "rate", "at": "2009-12-14T02:52:24+00:00", "value": "2.5"}
    assert api.events == [rated]
    assert "row 3: 'soon' is no time" in said
    assert "row 4: '1e30' is no time" in said


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("e.csv", "user_id,item_id,type,at,value\nann,n1,click,2026-11-20T08:00:00Z,\n"),
        ("e.jsonl", '{"user_id": "ann", "item_id": "n1", "type": "click", "at": "2026-11-20T08:00:00Z"}\n'),
        ("e.json", '[{"user_id": "ann", "item_id": "n1", "type": "click", "at": "2026-11-20T08:00:00Z"}]'),
    ],
)
def test_events_of_ones_own(api: Api, tmp_path: Path, name: str, text: str) -> None:
    said = printed("events", "import", write(tmp_path / name, text))

    assert api.events == [{"user_id": "ann", "item_id": "n1", "type": "click", "at": "2026-11-20T08:00:00Z"}]
    assert said == {"accepted": 1, "duplicates": 0, "ignored": 0, "refused": []}


def test_rows_of_a_csv_that_cannot_be_read_are_named(api: Api, tmp_path: Path) -> None:
    header = "user_id,item_id,type,at\n"
    text = header + '\nann,n1,click\n"open,n1,click,2026-11-20T08:00:00Z\nann,n2,click,2026-11-20T08:00:00Z\n'

    said = run("events", "import", write(tmp_path / "e.csv", text))

    assert [event["item_id"] for event in api.events] == ["n2"]
    assert "row 3: 3 cells, but the header has 4" in said
    assert "row 4: not CSV" in said


def test_rows_that_are_too_long_are_named(api: Api, tmp_path: Path) -> None:
    long = "x" * 2**20

    said = run("ingest", write(tmp_path / "n.tsv", f"N1\ta\tb\t{long}\nN2\ta\tb\tT\n"), "--domain", "news")
    assert "row 1: the row is too long" in said
    said = run("ingest", write(tmp_path / "n.jsonl", f'"{long}"\n{{"id": "a", "title": "t"}}\n'), "--domain", "news")
    assert "row 1: the row is longer than" in said
    said = run("events", "import", write(tmp_path / "b.tsv", f"1\t{long}\n"), code=1)
    assert "row 1: the row is too long" in said
    assert [item["id"] for item in api.items] == ["N2", "a"]


@pytest.mark.parametrize(("name", "columns"), [("r.csv", "userId,movieId\n7,1\n"), ("r.csv", "movieId\n")])
def test_ratings_need_their_columns(api: Api, tmp_path: Path, name: str, columns: str) -> None:
    assert "the header of the CSV lacks" in run("events", "import", write(tmp_path / name, columns), code=1)


def test_a_csv_of_events_needs_its_columns(api: Api, tmp_path: Path) -> None:
    said = run("events", "import", write(tmp_path / "e.csv", "user,item\nann,n1\n"), code=1)
    assert "the header of the CSV lacks user_id, item_id, type, at" in said


def test_an_interrupt_says_how_far_it_came(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # GIVEN Ctrl-C after the first hundred of 150 rows
    def interrupted(row: dict[str, Any]) -> None:
        if row["id"] == "i100":
            raise KeyboardInterrupt

    monkeypatch.setattr("feedsmith_local.importing.items.parsed", lambda rows: _until(rows, interrupted))
    lines = "\n".join(json.dumps({"id": f"i{n}", "title": "t"}) for n in range(150))

    said = run("ingest", write(tmp_path / "a.jsonl", lines), "--domain", "news", code=130)

    assert "100 items are in: 100 indexed" in said
    assert "error: interrupted; what was done stays done" in said
    assert len(api.items) == 100


def _until(rows: Any, check: Any) -> Any:
    for row in parsed(rows):
        check(row.fields)
        yield row


def test_a_key_that_is_not_known_is_said_before_anything_is_listed(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDSMITH_LOCAL_KEY", f"{LOCAL_KEY}x")
    said = run("ingest", write(tmp_path / "a.jsonl", '{"id": "a", "title": "t"}\n'), "--domain", "news", code=1)
    assert "does not know this key" in said
