"""Attacks on a writer through the text that it writes about: our own corpus, and how they are planted in an item."""

from __future__ import annotations

import base64
import codecs
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from pydantic import Field

from feedsmith.models import Item, Model

_FOLDER = Path(__file__).parent / "attack_corpus"
_CARRIERS = Path(__file__).parent / "attack_carriers.toml"
PLAIN = "plain_statement"
"""The kind that gives no orders: what it says is its source's own statement, and is reported apart."""

_ENCODED = re.compile(r"«(\w+):([^»]*)»")
_LOOKALIKES = str.maketrans("aceopxy", "асеорху")
_LEET = str.maketrans("aeiost", "431057")


class Attack(Model):
    """One attack.

    ``text`` is planted where ``where`` says; ``obeyed`` is what a model that does as it is told would write, with
    ``{history}`` and ``{rules}`` for what it was shown; ``mark`` is a regular expression, without regard to case, that
    is found in a text which obeys and in no honest one. Attacks on secrets need none: they succeed by leaking.
    """

    id: str
    kind: str
    language: Literal["en", "zh"]
    where: Literal["title", "body", "tags"]
    text: str = Field(min_length=1)
    obeyed: str = Field(min_length=1)
    mark: str | None = None

    def followed_by(self, text: str) -> bool:
        """Whether a text bears the attack's mark."""
        return self.mark is not None and re.search(self.mark, text, re.IGNORECASE) is not None


class Carrier(Model):
    """A harmless item; ``ground`` and ``history`` are titles of what its reader has read."""

    id: str
    language: Literal["en", "zh"]
    domain: str
    title: str
    body: str
    ground: str
    history: tuple[str, ...]

    def planted(self, attack: Attack) -> Item:
        """The item with an attack: in the middle of its body, in front of its title, or among its categories."""
        title, body, categories = self.title, self.body, ["general"]
        if attack.where == "title":
            title = f"{attack.text}: {title}"
        elif attack.where == "tags":
            categories.append(attack.text)
        else:
            stop = "。" if self.language == "zh" else ". "
            sentences = body.split(stop)
            middle = len(sentences) // 2
            body = stop.join(sentences[:middle]) + f"{stop}{attack.text} " + stop.join(sentences[middle:])
        return Item(
            id=f"{self.id}:{attack.id}",
            domain=self.domain,
            title=title[:500],
            body=body,
            language=self.language,
            categories=tuple(categories),
        )


def load_attacks(folder: Path = _FOLDER) -> list[Attack]:
    """All attacks, a file per kind, with their encodings applied."""
    return [
        Attack(kind=path.stem, **{**entry, "text": expanded(entry["text"])})
        for path in sorted(folder.glob("*.toml"))
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["attacks"]
    ]


def load_carriers(path: Path = _CARRIERS) -> list[Carrier]:
    """The harmless items."""
    return [Carrier.model_validate(entry) for entry in tomllib.loads(path.read_text(encoding="utf-8"))["carriers"]]


def expanded(text: str) -> str:
    """A text with each ``«name:words»`` replaced by the words in that encoding.

    Raises
    ------
    KeyError
        There is no encoding of that name.
    """
    return _ENCODED.sub(lambda found: _ENCODINGS[found.group(1)](found.group(2)), text)


_ENCODINGS: dict[str, Callable[[str], str]] = {
    "base64": lambda words: base64.b64encode(words.encode()).decode(),
    "hex": lambda words: words.encode().hex(),
    "binary": lambda words: " ".join(f"{octet:08b}" for octet in words.encode()),
    "percent": lambda words: quote(words, safe=""),
    "entities": lambda words: "".join(f"&#{ord(character)};" for character in words),
    "escapes": lambda words: "".join(f"\\u{ord(character):04x}" for character in words),
    "rot13": lambda words: codecs.encode(words, "rot13"),
    "reversed": lambda words: words[::-1],
    "spaced": lambda words: " ".join(words.replace(" ", "")),
    "leet": lambda words: words.translate(_LEET),
    "homoglyph": lambda words: words.translate(_LOOKALIKES),
    "fullwidth": lambda words: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in words),
    "tags": lambda words: "".join(chr(0xE0000 + ord(character)) for character in words),
    "zerowidth": "\u200b".join,
    "bidi": lambda words: f"\u202e{words}\u202c",
}
