"""Ways to spoil a request: each takes a draft and makes one place of it wrong, odd or hostile."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from random import Random
from typing import Any, Final

from fuzz.requests import Draft, Literal, Pairs, percent

Mutation = Callable[[Random, Draft], None]

NASTY: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1.5, "", " ", [], {}, [[]], "null", 2**31, 2**63, 2**64, -(2**63) - 1, 10**400,
    Literal("1e400"), Literal("-1e400"), Literal("NaN"), Literal("Infinity"), Literal("-0"), Literal("-0.0"),
    Literal("1e-400"), Literal("0x10"), Literal("1" + "0" * 5_000), Literal('"\\ud800"'), Literal('"\\udfff\\ud800"'),
    Literal("'single'"), Literal("undefined"), Literal(""), "\0", "a\0b", "\x1b[31m", "\x7f\x80\x9f", "\u202e\u2066",
    "\ufeff", "\U0001f600" * 50, "e\u0301", "ﷺ" * 100, "a" * 129, "a" * 100_000, "../../etc/passwd", "..%2f..", "//",
    "a;b", "a/b", "a\\b", "a?b#c", "%00", "%", "%zz", "\r\nX-Injected: yes", "${jndi:ldap://127.0.0.1/a}",
    "' OR 1=1 --", "<script>alert(1)</script>", "{{7*7}}", "{0.__class__}", "%s%n", "acme#U#ann", "rival#I#rival-1",
    "KEY#x", "TENANTS", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    "99999-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00", -62135596801, 253402300800,
    1e308, -1e308, 5e-324, {"$ref": "#"}, {"__proto__": {"a": 1}}, [None] * 200, {"a": {"b": {"c": [1, {"d": None}]}}},
)  # fmt: skip
NASTY_TEXT: Final = (*(value for value in NASTY if isinstance(value, str)), "\ud800", "x" * 8_000)
NUMERALS: Final = ("NaN", "1e9", "-1", "101", "0", "1_0", "１")
RAW_PATHS: Final = (
    "..", ".", "%2e%2e", "%2E%2E%2F", "..%2f..%2f", "%2f", "%5c..%5c", ";a=b", "..;", "%c0%ae%c0%ae", "%c0%af", "%00",
    "%0d%0aX-Injected:%20yes", "%ed%a0%80", "%ff", "%", "%zz", "%u002e", "//", "///", "{item_id}", "*", "%23", "%3f",
    "%252e%252e", "~", "a" * 5_000, "%F0%9F%98%80" * 200,
)  # fmt: skip
MEDIA_TYPES: Final = (
    "", "text/plain", "application/xml", "application/json; charset=utf-16", "application/json;charset=",
    "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "APPLICATION/JSON", "application/*", ";",
    "application/json, text/html", "application/octet-stream", "a" * 5_000, "text/html; charset=\x80",
)  # fmt: skip
METHODS: Final = ("HEAD", "OPTIONS", "PATCH", "PUT", "DELETE", "POST", "GET", "TRACE", "CONNECT", "FOO", "get", "")
HEADERS: Final = (
    ("X-HTTP-Method-Override", "DELETE"), ("X-Forwarded-For", "127.0.0.1"), ("Content-Encoding", "gzip"),
    ("Accept", "text/html"), ("Accept", "application/xml;q=0.1"), ("Accept-Encoding", "gzip, br, zstd"),
    ("Host", "169.254.169.254"), ("Range", "bytes=0-5"), ("X-Tenant", "rival"), ("Cookie", "tenant=rival; a=\x80"),
    ("X-Amzn-Trace-Id", "x" * 5_000), ("Authorization", "Bearer second"), ("X-Original-URL", "/v1/settings"),
    ("Content-Length", "-1"), ("X-Api-Key", "abc"), ("If-None-Match", "*"), ("Expect", "100-continue"),
)  # fmt: skip


def spoil(rng: Random, draft: Draft, times: int) -> None:
    """Apply some mutations that fit the draft."""
    for _ in range(times):
        fitting = [m for m in MUTATIONS if draft.body is not None or m not in BODY_MUTATIONS]
        mutation = rng.choice(fitting)
        mutation(rng, draft)
        draft.mutations.append(mutation.__name__)


def a_value(rng: Random, draft: Draft) -> None:
    """Another value somewhere in the body."""
    draft.body = _replaced(rng, draft.body, rng.choice(NASTY))


def a_missing_field(rng: Random, draft: Draft) -> None:
    objects = [node for node in _nodes(draft.body) if isinstance(node, dict) and node]
    if objects:
        node = rng.choice(objects)
        del node[rng.choice(list(node))]


def an_unknown_field(rng: Random, draft: Draft) -> None:
    objects = [node for node in _nodes(draft.body) if isinstance(node, dict)]
    if objects:
        rng.choice(objects)[rng.choice(("tenant", "role", "__class__", "", "\0", "pk", "_tenant"))] = rng.choice(NASTY)


def a_repeated_key(rng: Random, draft: Draft) -> None:
    if isinstance(draft.body, dict) and draft.body:
        name = rng.choice(list(draft.body))
        draft.body = Pairs((*draft.body.items(), (name, rng.choice((draft.body[name], rng.choice(NASTY))))))


def many_rows(rng: Random, draft: Draft) -> None:
    for node in _nodes(draft.body):
        if isinstance(node, dict):
            for name, value in node.items():
                if isinstance(value, list) and value:
                    node[name] = value * rng.choice((40, 101, 1_000))
                    return


def deep_json(rng: Random, draft: Draft) -> None:
    depth = rng.choice((50, 199, 1_000, 10_000))
    opened, closed = rng.choice((("[", "]"), ('{"a":', "}")))
    nested = opened * depth + "1" + closed * rng.choice((depth, 0))
    draft.body = nested.encode() if rng.random() < 0.5 else _replaced(rng, draft.body, Literal(nested))


def broken_bytes(rng: Random, draft: Draft) -> None:
    """A cut, a flipped byte, another encoding, or no JSON at all."""
    content = draft.content
    at = rng.randrange(len(content) + 1)
    draft.body = rng.choice((
        content[:at],
        content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :],
        content.decode("utf-8", "replace").encode("utf-16"),
        b"\xef\xbb\xbf" + content,
        b"\xff\xfe\x00",
        b"\xc0\xaf" + content,
        content + content,
        content + b"\0",
        b"<xml/>",
        b"",
        b" " * 1_000,
        b"[" + content + b"]",
    ))  # fmt: skip


def a_huge_body(rng: Random, draft: Draft) -> None:
    size = rng.choice((100_000, 300_000, 5 * 2**20 + 1)) if rng.random() < 0.9 else 11 * 2**20
    draft.body = json.dumps({"items": "a" * size}).encode() if rng.random() < 0.5 else b"9" * size


def a_media_type(rng: Random, draft: Draft) -> None:
    draft.headers = [(name, value) for name, value in draft.headers if name != "Content-Type"]
    if rng.random() < 0.9:
        draft.headers.append(("Content-Type", rng.choice(MEDIA_TYPES)))


def a_path_parameter(rng: Random, draft: Draft) -> None:
    if draft.parameters:
        draft.parameters[rng.choice(list(draft.parameters))] = rng.choice(NASTY_TEXT)


def a_path(rng: Random, draft: Draft) -> None:
    """A trick anywhere in the path, unencoded."""
    target = draft.target.partition("?")[0]
    parts = target.split("/")
    place = rng.randrange(1, len(parts))
    parts[place : place + rng.randint(0, 1)] = [rng.choice(RAW_PATHS)]
    draft.raw_path = "/".join(parts) + rng.choice(("", "", "/", "//", "?", ";", "%20"))


def a_query_parameter(rng: Random, draft: Draft) -> None:
    if not draft.query or rng.random() < 0.3:
        name = rng.choice(("limit", "domain", "q", "tenant", "language", "exclude", "category", "cursor", ""))
        draft.query.append((name, rng.choice(NASTY_TEXT)))
    else:
        at = rng.randrange(len(draft.query))
        draft.query[at] = (draft.query[at][0], rng.choice((*NASTY_TEXT, *NUMERALS)))


def a_repeated_query_parameter(rng: Random, draft: Draft) -> None:
    if draft.query:
        draft.query += [rng.choice(draft.query)] * rng.choice((1, 2, 500))


def a_missing_query(rng: Random, draft: Draft) -> None:
    if draft.query:
        draft.query.pop(rng.randrange(len(draft.query)))


def a_raw_query(rng: Random, draft: Draft) -> None:
    draft.raw_query = rng.choice((
        "domain=%ff%fe", "domain", "=news", "&&&", "domain=news&domain=rival", "domain=%00", "domain[]=news", "%",
        "a" * 9_000,
        "domain=news;limit=1", "limit=1%0d%0aX-Injected:%20yes&domain=news", "domain=news#x", "q=%ed%a0%80&domain=news",
        "&".join(f"exclude=i{n}" for n in range(700)) + "&domain=news", f"domain=news&q={percent('新' * 600)}",
    ))  # fmt: skip


def a_method(rng: Random, draft: Draft) -> None:
    draft.method = rng.choice(METHODS[:-1])


def a_header(rng: Random, draft: Draft) -> None:
    draft.headers.insert(rng.randint(0, len(draft.headers)), rng.choice(HEADERS))


BODY_MUTATIONS: Final[tuple[Mutation, ...]] = (
    a_value, a_missing_field, an_unknown_field, a_repeated_key, many_rows, deep_json, broken_bytes, a_huge_body,
    a_media_type,
)  # fmt: skip
MUTATIONS: Final[tuple[Mutation, ...]] = (
    *BODY_MUTATIONS, a_value, a_value, a_value, a_value, an_unknown_field, a_path_parameter, a_path_parameter, a_path,
    a_query_parameter, a_query_parameter, a_repeated_query_parameter, a_missing_query, a_raw_query, a_method, a_header,
)  # fmt: skip


def _nodes(value: Any) -> list[Any]:
    """The value and all within."""
    found, ahead = [], [value]
    while ahead:
        node = ahead.pop()
        found.append(node)
        ahead += node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    return found


def _replaced(rng: Random, value: Any, new: Any) -> Any:
    """The value with one place, or the whole of it, replaced."""
    value = copy.deepcopy(value)
    places = [
        (node, key)
        for node in _nodes(value)
        if isinstance(node, dict | list)
        for key in (node if isinstance(node, dict) else range(len(node)))
    ]
    if not places or rng.random() < 0.05:
        return new
    node, key = rng.choice(places)
    node[key] = new
    return value
