"""A request under construction, and its bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands in the JSON as it is, such as ``1e400``."""

    text: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """An object whose keys may come twice."""

    pairs: tuple[tuple[str, Any], ...]


@dataclass(slots=True)
class Draft:
    """A request that mutations work on.

    ``path`` has its parameters in braces, ``parameters`` their values, percent-encoded when sent unless ``raw_path``.
    ``body``: a JSON value, or bytes as they are; None: no body.
    """

    method: str
    path: str
    parameters: dict[str, str] = field(default_factory=dict)
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: Headers = field(default_factory=list)
    body: Any = None
    raw_path: str | None = None
    raw_query: str | None = None
    mutations: list[str] = field(default_factory=list)

    @property
    def target(self) -> str:
        """The request line's."""
        path = self.path
        for name, value in self.parameters.items():
            path = path.replace("{" + name + "}", percent(value))
        query = "&".join(f"{percent(name)}={percent(value)}" for name, value in self.query)
        query = query if self.raw_query is None else self.raw_query
        return (path if self.raw_path is None else self.raw_path) + (f"?{query}" if query else "")

    @property
    def content(self) -> bytes:
        """The body's bytes."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else dump(self.body).encode("utf-8", "surrogatepass")


def percent(text: str) -> str:
    """Percent-encoded UTF-8; a lone surrogate as its three bytes, which no UTF-8 decoder may take."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def dump(value: Any) -> str:
    """JSON, with what :mod:`json` would not write; deep nesting included."""
    match value:
        case Literal(text):
            return text
        case Pairs(pairs):
            return "{" + ",".join(f"{json.dumps(name)}:{dump(inner)}" for name, inner in pairs) + "}"
        case dict():
            return dump(Pairs(tuple(value.items())))
        case list() | tuple():
            return "[" + ",".join(map(dump, value)) + "]"
        case _:
            return json.dumps(value)
