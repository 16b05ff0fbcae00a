"""Turns an item and its audience into a prompt."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from feedsmith.content.cleaning import ORDERS, clean
from feedsmith.domains.loader import Domain
from feedsmith.models import Item, TextKind
from feedsmith.writing.base import Prompt
from feedsmith.writing.sentences import split

TEMPLATES = Path(__file__).parent / "prompts"
SOURCE_CHARACTERS = 20_000  # what the gate compares with; longer bodies are cut

_LANGUAGES = {"en": "English", "fr": "French", "de": "German", "es": "Spanish", "it": "Italian", "pt": "Portuguese"}


@dataclass(frozen=True, slots=True)
class Size:
    """Longest text in words and in Chinese characters; ``source``: characters of the item that a model is shown."""

    words: int
    characters: int
    source: int

    def limit(self, language: str) -> int:
        return self.characters if language == "zh" else self.words


SIZES: dict[TextKind, Size] = {
    "headline": Size(words=14, characters=30, source=450),
    "summary": Size(words=60, characters=120, source=2_000),
    "digest": Size(words=30, characters=60, source=900),
    "product_description": Size(words=70, characters=140, source=2_000),
    "study_note": Size(words=80, characters=160, source=3_000),
}


def source_text(item: Item) -> str:
    """The item's cleaned title and body, one paragraph a line, without the sentences that order a model about."""
    title, body = clean(item.title), clean(item.body, SOURCE_CHARACTERS)
    lines = [" ".join(s for s in split(line) if not ORDERS.search(s)) for line in (title, *body.split("\n"))]
    return "\n".join(line for line in lines if line)


def build_prompt(
    item: Item, source: str, kind: TextKind, language: str, domain: Domain, *,
    ground: str | None = None, segment: str | None = None,
) -> Prompt:  # fmt: skip
    """Fill the templates of one kind.

    Parameters
    ----------
    source
        What ``source_text`` made of the item.
    language
        The language to write in; templates exist in English and Chinese, and English ones name other languages.
    ground
        Title of the one item that ties the text to its reader.
    segment
        What the readers of a shared text care about.

    Returns
    -------
    Prompt
        Its ``version`` changes when one of the templates in it does, and with nothing else.
    """
    size = SIZES[kind]
    limit = size.limit(language)
    folder = "zh" if language == "zh" else "en"
    inserts = [
        *(["no_advice"] if domain.cautions.no_advice else []),
        *(["ground"] if ground else ["segment"] if segment else []),
    ]
    used = ["rules", "source", *inserts, kind]
    texts, version = _templates(folder, tuple(used))
    values = {
        "domain": domain.label.get(language),
        "language": _LANGUAGES.get(language, f"the language of the text ({language})"),
        "limit": str(limit),
        "source": shown(source, kind),
        "ground": clean(ground or "", 200),
        "segment": clean(segment or "", 200),
    }
    filled = {name: _fill(text, values) for name, text in texts.items()}
    tasks = [filled[name] for name in [*inserts, kind]]
    return Prompt(
        kind=kind,
        language=language,
        system=filled["rules"],
        user="\n".join([filled["source"], *tasks]),
        source=source,
        title=clean(item.title, 500),
        limit=limit,
        version=version,
    )


def shown(source: str, kind: TextKind) -> str:
    """The whole sentences of a source that a model is shown for a text of this kind."""
    room = SIZES[kind].source
    kept: list[str] = []
    for line in source.split("\n"):
        fitting: list[str] = []
        for sentence in split(line):
            room -= len(sentence) + 1
            if room < 0 and (kept or fitting):
                return "\n".join([*kept, " ".join(fitting)]).strip()
            fitting.append(sentence[: SIZES[kind].source])
        kept.append(" ".join(fitting))
    return "\n".join(kept)


def rules_of(prompt: Prompt) -> str:
    """A prompt without its source: what must not leak into a text."""
    _, _, task = prompt.user.rpartition(">>>")
    return f"{prompt.system}\n{task}"


def _fill(template: str, values: dict[str, str]) -> str:
    """Replace ``{name}`` in one pass, so that braces in a value are left as they are."""
    parts = template.split("{")
    filled = [parts[0]]
    for part in parts[1:]:
        name, closed, rest = part.partition("}")
        filled.append(values[name] + rest if closed and name in values else "{" + part)
    return "".join(filled)


@lru_cache(maxsize=64)
def _templates(folder: str, names: tuple[str, ...]) -> tuple[dict[str, str], str]:
    """The named templates, and the first 12 hex digits of a SHA-256 over them."""
    texts = {name: (TEMPLATES / folder / f"{name}.txt").read_text(encoding="utf-8").strip() for name in names}
    digest = hashlib.sha256("\0".join(f"{name}\0{text}" for name, text in texts.items()).encode())
    return texts, digest.hexdigest()[:12]
