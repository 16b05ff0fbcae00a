"""The reference as one HTML page: no script, no other host, readable in light and dark, on a phone and on paper."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

_STYLE = """
:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 20%,transparent)}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
a{color:light-dark(#0b5cad,#7ab8f5)} code,pre{font:14px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
section{border-top:1px solid var(--line)} article{margin:1.5rem 0}
h3 code{font-size:16px} table{border-collapse:collapse;width:100%}
td,th{border-top:1px solid var(--line);padding:.3rem .6rem .3rem 0;text-align:left;vertical-align:top}
pre{border:1px solid var(--line);padding:.6rem;white-space:pre-wrap}
nav ul{columns:18rem;padding-left:1.2rem}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

Json = Mapping[str, Any]


def page(document: Json) -> str:
    """HTML of an OpenAPI document as :func:`feedsmith.web.openapi.document` makes it."""
    operations = [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    links = "".join(f'<li><a href="#{o["operationId"]}"><code>{m} {escape(p)}</code></a>' for m, p, o in operations)
    groups = "".join(
        f"<section><h2>{escape(group['name'])}</h2>"
        + "".join(_operation(document, m, p, o) for m, p, o in operations if o["tags"] == [group["name"]])
        + "</section>"
        for group in document["tags"]
    )
    schemas = "".join(_schema(name, schema) for name, schema in document["components"]["schemas"].items())
    title = escape(document["info"]["title"])
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}: API</title><style>{_STYLE}</style>"
        f"<main><h1>{title}</h1>{_text(document['info']['description'])}"
        f'<p>OpenAPI 3.1: <a href="openapi.json">openapi.json</a></p>'
        f'<nav aria-label="Operations"><ul>{links}</ul></nav>{groups}'
        f"<section><h2>Schemas</h2>{schemas}</section></main></html>"
    )


def _operation(document: Json, method: str, path: str, operation: Json) -> str:
    parts = [f'<article id="{operation["operationId"]}"><h3><code>{method} {escape(path)}</code></h3>']
    parts += [f"<p><strong>{escape(operation['summary'])}</strong></p>", _text(operation["description"])]
    if parameters := operation.get("parameters"):
        rows = (
            (p["name"] + ("" if p["required"] else "?"), f"{p['in']}; {_kind(p['schema'])}", p.get("description", ""))
            for p in parameters
        )
        parts.append(_table(("parameter", "type", "meaning"), rows))
    if body := operation.get("requestBody"):
        (media,) = body["content"].values()
        parts.append(f"<p>Body: {_kind(media['schema'])}</p>{_examples(document, media['schema'])}")
    answers = (
        (status, _content(answer), answer["description"])
        for status, response in operation["responses"].items()
        for answer in (_resolved(document, response),)
    )
    parts.append(_table(("status", "answer", "meaning"), answers))
    return "".join((*parts, "</article>"))


def _resolved(document: Json, response: Json) -> Json:
    name = response.get("$ref", "").rpartition("/")[2]
    found: Json = document["components"]["responses"][name] if name else response
    return found


def _content(response: Json) -> str:
    return "; ".join(f"{escape(kind)} {_kind(media['schema'])}" for kind, media in response.get("content", {}).items())


def _schema(name: str, schema: Json) -> str:
    required = schema.get("required", ())
    rows = (
        (field + ("" if field in required else "?"), _kind(kept), kept.get("description", ""))
        for field, kept in schema.get("properties", {}).items()
    )
    return (
        f'<article id="schema-{escape(name)}"><h3><code>{escape(name)}</code></h3>'
        f"{_text(schema.get('description', ''))}"
        f"{_table(('field', 'type', 'meaning'), rows)}</article>"
    )


def _kind(schema: Json) -> str:
    """A schema in a few words, with links to those that it names."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(map(_kind, schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(f"<code>{escape(json.dumps(value))}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(json.dumps(schema['const']))}</code>"
    kind = str(schema.get("format", schema.get("type", "any")))
    if "items" in schema:
        kind = f"array of {_kind(schema['items'])}"
    elif isinstance(schema.get("additionalProperties"), Mapping):
        kind = f"object of {_kind(schema['additionalProperties'])}"
    else:
        kind = escape(kind)
    return kind + _limits(schema)


_LIMITS = {
    "minimum": "≥ ", "exclusiveMinimum": "> ", "maximum": "≤ ", "exclusiveMaximum": "< ", "minItems": "at least ",
    "maxItems": "at most ", "maxProperties": "at most ", "minLength": "length ≥ ", "maxLength": "length ≤ ",
    "pattern": "", "default": "default ",
}  # fmt: skip


def _limits(schema: Json) -> str:
    said = [f"{words}<code>{escape(json.dumps(schema[key]))}</code>" for key, words in _LIMITS.items() if key in schema]
    return f", {', '.join(said)}" if said else ""


def _examples(document: Json, schema: Json) -> str:
    named = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
    shown = (json.dumps(example, indent=2, ensure_ascii=False) for example in named.get("examples", ()))
    return "".join(f"<pre>{escape(example)}</pre>" for example in shown)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Name and last cell are text, what lies between is HTML already."""
    body = "".join(
        f"<tr><td><code>{escape(first)}</code></td>{''.join(f'<td>{cell}</td>' for cell in middle)}"
        f"<td>{_inline(last)}</td></tr>"
        for first, *middle, last in rows
    )
    return (
        f"<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>{body}</table>" if body else ""
    )


def _text(text: str) -> str:
    return "".join(f"<p>{_inline(paragraph)}</p>" for paragraph in text.split("\n\n") if paragraph)


def _inline(text: str) -> str:
    """Markdown's backticks are all that descriptions have."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces))
