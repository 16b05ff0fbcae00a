"""Lists of names and of what stands near names."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parents[1] / "names.toml"


@dataclass(frozen=True, slots=True)
class Names:
    """The lists of ``names.toml``; all but ``common`` and ``titles`` as written, those in lower case."""

    places: frozenset[str]
    place_words: frozenset[str]
    organisation_words: frozenset[str]
    titles: frozenset[str]
    first_names: frozenset[str]
    common: frozenset[str]
    surnames: frozenset[str]
    places_zh: frozenset[str]
    common_zh: frozenset[str]
    organisation_heads: frozenset[str]
    organisation_ends: tuple[str, ...]


@cache
def names() -> Names:
    """The lists, read once."""
    lists = {
        name: tuple(word.replace("_", " ") for word in words.split())
        for name, words in tomllib.loads(_FILE.read_text(encoding="utf-8")).items()
    }
    return Names(
        places=frozenset(lists["countries"] + lists["cities"]),
        place_words=frozenset(lists["place_words"]),
        organisation_words=frozenset(lists["organisation_words"]),
        titles=frozenset(map(str.lower, lists["titles"])),
        first_names=frozenset(lists["first_names"]),
        common=frozenset(map(str.lower, lists["common"])),
        surnames=frozenset(lists["surnames"]),
        places_zh=frozenset(lists["places_zh"]),
        common_zh=frozenset(lists["common_zh"]),
        organisation_heads=frozenset(lists["organisation_heads"]),
        organisation_ends=lists["organisation_ends"],
    )
