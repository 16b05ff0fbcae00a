"""Valid requests of each operation, from the API's own OpenAPI document and the names that the world knows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from fuzz.requests import Draft

Schema = Mapping[str, Any]
WHOLE = 0.8  # share of bodies that keep the rules between fields, which no schema says
PREFERRED = 0.7
OPTIONAL = 0.5  # share of the optional fields that are given
WORDS = [
    "striker",
    "scores",
    "final",
    "bank",
    "rate",
    "shares",
    "climate",
    "court",
    "film",
    "music",
    "新闻",
    "足球",
    "économie",
    "Überraschung",
]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    document: Schema

    @property
    def name(self) -> str:
        """As reports name it."""
        return f"{self.method} {self.path}"


def operations(document: Schema) -> list[Operation]:
    """All of an OpenAPI document, in its order."""
    methods = ("get", "put", "post", "patch", "delete")
    return [
        Operation(method.upper(), path, item[method])
        for path, item in document["paths"].items()
        for method in methods
        if method in item
    ]


class Grammar:
    """Draws requests that the document allows.

    Parameters
    ----------
    document
        OpenAPI 3.1.
    vocabulary
        Field name -> values that exist, or might.
    """

    def __init__(self, document: Schema, vocabulary: Mapping[str, Sequence[Any]]) -> None:
        self._document = document
        self._vocabulary = vocabulary
        self._prefer = ""

    def draft(self, rng: Random, operation: Operation, prefer: str = "") -> Draft:
        """One valid request; names that begin with ``prefer`` are drawn more often."""
        self._prefer = prefer
        draft = Draft(operation.method, operation.path)
        for raw in operation.document.get("parameters", ()):
            parameter = self._resolved(raw)
            name, where, schema = parameter["name"], parameter["in"], parameter["schema"]
            if where == "path":
                draft.parameters[name] = str(self._value(rng, schema, name))
            elif parameter.get("required") or rng.random() < OPTIONAL:
                value = self._value(rng, schema, name)
                many = value if isinstance(value, list) else [value]
                draft.query += [(name, _plain(one)) for one in many if one is not None]
        body = operation.document.get("requestBody")
        if body is not None:
            draft.body = self._value(rng, self._resolved(body)["content"]["application/json"]["schema"], "")
            draft.headers.append(("Content-Type", "application/json"))
            if rng.random() < WHOLE:
                _make_whole(draft.body)
        return draft

    def resolve(self, schema: Schema) -> Schema:
        """What a schema refers to."""
        return self._resolved(schema)

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            found: Any = self._document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        return schema

    def _value(self, rng: Random, schema: Schema, name: str) -> Any:
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return rng.choice(schema["enum"])
        for choice in ("anyOf", "oneOf"):
            if choice in schema:
                given = [option for option in schema[choice] if option.get("type") != "null"]
                return self._value(rng, rng.choice(given if rng.random() < 0.9 else schema[choice]), name)
        known = [value for value in self._vocabulary.get(name, ()) if _fits(value, schema)]
        if known and schema.get("type") != "array" and rng.random() < 0.95:
            own = [value for value in known if str(value).startswith(self._prefer)]
            return rng.choice(own if own and rng.random() < PREFERRED else known)
        match schema.get("type"):
            case "object":
                return self._object(rng, schema)
            case "array":
                least = schema.get("minItems", 0)
                length = rng.randint(least, max(least, min(schema.get("maxItems", 3), 3)))
                return [self._value(rng, schema["items"], name) for _ in range(length)]
            case "string":
                return _string(rng, schema)
            case "integer":
                return rng.randint(schema.get("minimum", 0), min(schema.get("maximum", 100), 100))
            case "number":
                most = schema.get("maximum", schema.get("exclusiveMaximum", 5) - 0.01)
                return round(rng.uniform(schema.get("minimum", 0.01), min(most, 5)), 3)
            case "boolean":
                return rng.random() < 0.5
        return None

    def _object(self, rng: Random, schema: Schema) -> dict[str, Any]:
        required = schema.get("required", ())
        value = {
            name: self._value(rng, inner, name)
            for name, inner in schema.get("properties", {}).items()
            if name in required or rng.random() < OPTIONAL
        }
        extra = schema.get("additionalProperties")
        if isinstance(extra, Mapping) and extra:
            value |= {rng.choice(WORDS): self._value(rng, extra, "") for _ in range(rng.randint(0, 2))}
        return value


def _make_whole(body: Any) -> None:
    """Of a text: an item, or for a digest a domain. Of an experiment: names that differ, days with a fixed horizon."""
    if "kind" in body:
        digest = body["kind"] == "digest"
        body |= (
            {"domain": "news", "item_id": None}
            if digest
            else {"item_id": body.get("item_id") or "acme-0", "domain": None}
        )
    if "variants" in body:
        body |= {"test": "sequential", "days": None}
        body["variants"] = [
            {"name": f"arm-{n}", "weight": 1 + n, "reranking": arm.get("reranking")}
            for n, arm in enumerate([*body["variants"], {}, {}])
        ]


def _fits(value: Any, schema: Schema) -> bool:
    return not isinstance(value, str) or re.search(schema.get("pattern", ""), value) is not None


def _string(rng: Random, schema: Schema) -> str:
    if schema.get("format") == "date-time":
        return (datetime.now(UTC) - timedelta(seconds=rng.randint(0, 10**7))).isoformat()
    if schema.get("format") == "date":
        return (datetime.now(UTC) - timedelta(days=rng.randint(0, 30))).date().isoformat()
    if "pattern" in schema:
        return "".join(rng.choice("abcdefgh") for _ in range(rng.randint(2, 10)))
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 6)))[: schema.get("maxLength", 500)]


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
