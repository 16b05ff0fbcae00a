"""What must hold for every answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from feedsmith.models import Caller
from feedsmith_local.gateway import Answer
from fuzz.grammar import Operation, Schema
from fuzz.requests import Draft
from fuzz.world import Canary, Role

# Answers of whatever speaks HTTP before any operation is known.
HTTP_SERVERS: Final = (400, 411, 413, 414, 431)
PROBLEM: Final = "application/problem+json"
# What tells of our insides: traces, paths, modules, classes, addresses.
INSIDES: Final = re.compile(
    r"Traceback|File \"|site-packages|\.py\b|/usr/|/home/|/dev/shm|/tmp/|0x[0-9a-f]{8,}|"
    r"\b(?:pydantic|boto3|botocore|moto|chalice|qdrant_edge|dynamodb_|EdgeVectorStore|feedsmith\.)|"
    r"\b[A-Z][A-Za-z]+(?:Error|Exception)\b|\bFEEDSMITH_[A-Z]+"
)


class Invariants:
    """Checks answers; remembers refusals, since all of them must be alike.

    Parameters
    ----------
    document
        OpenAPI 3.1: what each operation may answer.
    canaries
        What must stay where it is; looked at anew each time.
    """

    def __init__(self, document: Schema, canaries: Mapping[str, Canary]) -> None:
        self._document = document
        self._canaries = canaries
        self._validators: dict[tuple[str, int], Draft202012Validator | None] = {}
        self._refusals: dict[int, bytes] = {}

    def broken(
        self, operation: Operation, role: Role, draft: Draft, answer: Answer, *, outage: bool = False
    ) -> list[str]:
        """What does not hold; empty: all is well. In an ``outage``, 503 and when to come again is a good answer."""
        if outage and answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            later = any(name.lower() == "retry-after" and value.isdigit() for name, value in answer.headers)
            return [*_problem(answer), *self._insides(answer, draft), *([] if later else ["503 without Retry-After"])]
        found = [
            *self._shape(answer, draft),
            *self._insides(answer, draft),
            *self._leaks(answer, role),
            *self._refused(operation, role, draft, answer),
        ]
        # Where a parameter is empty, the path is another operation's, or none's.
        if draft.raw_path is None and draft.method == operation.method and all(draft.parameters.values()):
            found += self._documented(operation, answer)
        return found

    def _shape(self, answer: Answer, draft: Draft) -> list[str]:
        found = []
        if answer.status >= 500:
            found.append(f"status {answer.status}")
        names = [name.lower() for name, _ in answer.headers]
        if any("\r" in text or "\n" in text for pair in answer.headers for text in pair) or "x-injected" in names:
            found.append("a header was injected")
        if answer.status >= 400 and draft.method != "HEAD":
            found += _problem(answer)
        elif answer.status == HTTPStatus.NO_CONTENT and answer.body:
            found.append("204 with a body")
        return found

    def _insides(self, answer: Answer, draft: Draft) -> list[str]:
        if answer.status < 400:
            return []
        said = answer.body.decode("utf-8", "replace")
        sent = unquote(draft.target) + draft.content.decode("utf-8", "replace")
        return [f"tells of our insides: {hit}" for hit in set(INSIDES.findall(said)) if hit not in sent]

    def _leaks(self, answer: Answer, role: Role) -> list[str]:
        said = answer.body + repr(answer.headers).encode()
        hidden = [canary for canary in self._canaries.values() if not canary.may_reach(role.caller)]
        return [f"shows a canary of {c.tenant}, user {c.user}" for c in hidden if c.text.encode() in said]

    def _refused(self, operation: Operation, role: Role, draft: Draft, answer: Answer) -> list[str]:
        found = []
        if answer.status in (401, 403):
            first = self._refusals.setdefault(answer.status, answer.body)
            if draft.method != "HEAD" and answer.body != first:
                found.append(f"two answers of {answer.status}: {first!r} and {answer.body!r}")
        sound = not draft.mutations
        expected = refusal(operation, role.caller, draft.parameters.get("user_id"))
        if sound and expected is not None and answer.status != expected:
            found.append(f"{answer.status} instead of {expected}")
        if sound and expected is None and answer.status == 401:
            found.append("401 to a known caller")
        return found

    def _documented(self, operation: Operation, answer: Answer) -> list[str]:
        responses = operation.document["responses"]
        if str(answer.status) not in responses:
            return (
                []
                if answer.status in HTTP_SERVERS or answer.status >= 500
                else [f"status {answer.status} is not in the document"]
            )
        if answer.status >= 400 or answer.status == HTTPStatus.NO_CONTENT:
            return []
        (media_type,) = responses[str(answer.status)]["content"]
        if _media_type(answer) != media_type.partition(";")[0]:
            return [f"content type {_media_type(answer)}, not {media_type}"]
        validator = self._validator(operation, answer.status, media_type)
        if not media_type.startswith("application/json"):
            return []
        try:
            validator.validate(json.loads(answer.body))
        except (ValidationError, ValueError) as error:
            return [f"not of the documented schema: {str(error)[:300]}"]
        return []

    def _validator(self, operation: Operation, status: int, media_type: str) -> Draft202012Validator:
        key = operation.name, status
        if key not in self._validators:
            schema = operation.document["responses"][str(status)]["content"][media_type]["schema"]
            # References lie under the document's own components.
            self._validators[key] = Draft202012Validator({**schema, "components": self._document["components"]})
        validator = self._validators[key]
        assert validator is not None
        return validator


def refusal(operation: Operation, caller: Caller | None, user_id: str | None) -> int | None:
    """401 or 403 where the document says that this caller is not let in; None: it is."""
    security: list[dict[str, list[Any]]] = operation.document["security"]
    if not security:
        return None
    if caller is None:
        return 401
    (scope,) = security[0]["apiKey"]
    return None if caller.may(scope, user_id) else 403


def _media_type(answer: Answer) -> str:
    return next((v for name, v in answer.headers if name.lower() == "content-type"), "").partition(";")[0]


def _problem(answer: Answer) -> list[str]:
    if _media_type(answer) != PROBLEM:
        return [f"{answer.status} as {_media_type(answer)!r}"]
    try:
        body = json.loads(answer.body)
        whole = (
            isinstance(body, dict)
            and all(isinstance(body.get(name), str) and body[name] for name in ("type", "title", "detail"))
            and body.get("status") == answer.status
        )
    except ValueError:
        whole = False
    return [] if whole else [f"{answer.status} without type, title, status or detail"]
