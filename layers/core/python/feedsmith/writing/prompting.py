"""Turns an item and its audience into a prompt."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from feedsmith.content.cleaning import clean
from feedsmith.content.orders import orders_among
from feedsmith.domains.loader import Domain
from feedsmith.models import Item, TextKind
from feedsmith.writing.base import Prompt
from feedsmith.writing.sentences import join, split

TEMPLATES = Path(__file__).parent / "prompts"
_FORGED = "\ue000"  # for private use: says where a source tried to close its fence
SOURCE_CHARACTERS = 20_000  # what the gate compares with; longer bodies are cut

_HYPHEN = re.compile(r"(?<=[a-z])-\n(?=[a-z])")  # a word that a line break parted

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
    """The item's title and body, one paragraph a line: cleaned, and without the sentences that order a model about.

    Where nothing is left of the title, the body's first sentence stands in for it; empty where nothing is left at all.
    """
    return _source_text(item.title, item.body)


@lru_cache(maxsize=128)  # a warm process writes for many readers of the same items
def _source_text(title: str, body: str) -> str:
    body = _readable(clean(body, SOURCE_CHARACTERS, fence=f"\n{_FORGED}"))
    title = _readable(clean(title, fence=f"\n{_FORGED}")).replace("\n", " ") or (split(body) or [""])[0]
    return f"{title}\n{body}".strip()


def _readable(text: str) -> str:
    """Lines without orders to a model, even where two neighbouring sentences make one only together."""
    lines = [split(line) for line in _HYPHEN.sub("", text).split("\n")]
    orders = iter(orders_among([sentence for line in lines for sentence in line], forged=_FORGED))
    kept = (join([sentence for sentence in line if not next(orders)]) for line in lines)
    return "\n".join(line for line in kept if line)


def build_prompt(
    item: Item, source: str, kind: TextKind, language: str, domain: Domain, *,
    ground: str | None = None, segment: str | None = None, reads: Sequence[str] = (), wording: str | None = None,
) -> Prompt:  # fmt: skip
    """Fill the templates of one kind: ``prompts/LANGUAGE/DOMAIN/KIND.txt``, or ``prompts/LANGUAGE/KIND.txt``.

    Parameters
    ----------
    source
        What ``source_text`` made of the item.
    language
        The language to write in; templates exist in English and Chinese, and English ones name other languages.
    ground
        Title of the one item that ties the text to its reader; left out where it is an order to a model.
    segment
        What the readers of a shared text care about.
    reads
        Titles that the reader read, nearest first, for writers that were trained on them; cleaned as the ground is.
    wording
        A folder of ``prompts/LANGUAGE/variants``, whose templates go before all others.

    Returns
    -------
    Prompt
        Its ``version`` changes when one of the templates in it does, and with nothing else.
    """
    limit = SIZES[kind].limit(language)
    title = _readable(clean(ground or "", 200, fence=f"\n{_FORGED}")).replace("\n", " ")
    folder = "zh" if language == "zh" else "en"
    inserts = [
        *(["no_advice"] if domain.cautions.no_advice else []),
        *(["ground"] if title else ["segment"] if segment else []),
    ]
    used = ["rules", "source", *inserts, kind]
    texts, version = _templates(folder, domain.name, tuple(used), wording)
    values = {
        "domain": domain.label.get(language),
        "language": _LANGUAGES.get(language, f"the language of the text ({language})"),
        "limit": str(limit),
        "source": shown(source, kind),
        "ground": title,
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
        title=source.partition("\n")[0],
        limit=limit,
        version=version,
        reads=tuple(cleaned for read in reads if (cleaned := _shown_title(read))),
    )


def _shown_title(title: str) -> str:
    """A title of the history as a model may see it: one line, and no order to the model."""
    return _readable(clean(title, 200)).replace("\n", " ")


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


@lru_cache(maxsize=256)
def _templates(folder: str, domain: str, names: tuple[str, ...], wording: str | None) -> tuple[dict[str, str], str]:
    """The named templates, the domain's own where it has one, and the first 12 hex digits of a SHA-256 over them."""
    texts = {name: _read(_file(folder, domain, name, wording)) for name in names}
    digest = hashlib.sha256("\0".join(f"{name}\0{text}" for name, text in texts.items()).encode())
    return texts, digest.hexdigest()[:12]


def wordings() -> frozenset[str]:
    """Folders of templates that an experiment may name: those there are in English."""
    return frozenset(path.name for path in (TEMPLATES / "en" / "variants").iterdir() if path.is_dir())


def _file(folder: str, domain: str, name: str, wording: str | None) -> Path:
    if wording is not None and (tried := TEMPLATES / folder / "variants" / wording / f"{name}.txt").is_file():
        return tried
    special = TEMPLATES / folder / domain / f"{name}.txt"
    return special if special.is_file() else TEMPLATES / folder / f"{name}.txt"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()


@lru_cache(maxsize=1)
def all_templates() -> tuple[str, ...]:
    """Every prompt file that there is, in all languages: what must not leak into a text."""
    return tuple(_read(path) for path in sorted(TEMPLATES.rglob("*.txt")))
