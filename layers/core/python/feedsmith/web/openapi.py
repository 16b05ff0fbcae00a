"""The OpenAPI 3.1 document, made from what the routes declare (https://spec.openapis.org/oas/v3.1.1).

Making it takes about as long as ten requests, so nothing here is imported before somebody asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from feedsmith.messages import Problem
from feedsmith.models import USER_SCOPES
from feedsmith.web.operation import JSON, Operation

PROBLEM = "application/problem+json"
_REF = "#/components/schemas/{model}"
_DESCRIPTION = """Ranks content for each person and writes it for them.

Send `Authorization: Bearer` with an API key (a service acts for all its users) or with a user's own access token
(a user acts for themselves). Errors are problem+json (RFC 9457): what happened, where, and how to mend it. What is
answered with 429, 503 or 504 may be sent again, after `Retry-After` seconds; events count once, however often they
are sent."""
# Status -> name of the response, and what it means. API Gateway answers 429 and 504 by itself, on any route.
_PROBLEMS = {
    400: ("InvalidRequest", "The request cannot be read: its body is not JSON in UTF-8."),
    401: ("Unauthorized", "No valid credentials."),
    403: ("Forbidden", "Valid credentials, for something else: another scope, or another user."),
    404: ("NotFound", "There is no such thing, for this tenant."),
    409: ("Conflict", "Somebody else changed the same thing at the same time; read it again."),
    413: ("TooLarge", "Too many rows or bytes in one request."),
    415: ("UnsupportedMediaType", "The body is not sent as application/json."),
    422: ("ValidationFailed", "A field or parameter is wrong, missing or unknown; `errors` names each."),
    429: ("TooManyRequests", "Too many requests; send it again after `Retry-After` seconds."),
    500: ("InternalError", "Something broke, and was logged."),
    503: ("Unavailable", "A store does not answer; send it again after `Retry-After` seconds."),
    504: ("Timeout", "The answer took too long; send it again."),
}
_TEXTS = ("description", "summary")
_RETRY = {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 1}}}
_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"description": "How to authenticate", "schema": {"const": "Bearer"}}},
    429: _RETRY,
    503: _RETRY,
    504: _RETRY,
}


def document(operations: Sequence[Operation], *, server: str = "/") -> dict[str, Any]:
    """The document of all ``operations``.

    Parameters
    ----------
    server
        Where the paths begin, such as ``https://api.example.com/prod``.

    Returns
    -------
    dict
        As JSON has it; every schema lies under ``components``.
    """
    schemas, refs = _schemas(operations)
    paths: dict[str, Any] = {}
    for declared in operations:
        paths.setdefault(declared.path, {})[declared.method.lower()] = _operation(declared, schemas, refs)
    used = {status for declared in operations for status in failures(declared)}
    queries = {refs[declared.query, "validation"].rpartition("/")[2] for declared in operations if declared.query}
    made = {
        "openapi": "3.1.1",
        "info": {
            "title": "feedsmith",
            "version": "1.0.0",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "tags": [{"name": name} for name in dict.fromkeys(map(tag, operations))],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in sorted(schemas.items()) if name not in queries},
            "responses": {name: _problem(status) for status, (name, _) in _PROBLEMS.items() if status in used},
            "securitySchemes": {
                "apiKey": {"type": "http", "scheme": "bearer", "description": "A service's API key, with its scopes"},
                "userToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A user's access token, from an issuer that the tenant registered; "
                    "reaches what is the user's own",
                },
            },
        },
    }
    plain: dict[str, Any] = _without_markup(made)
    return plain


def failures(declared: Operation) -> list[int]:
    """The error statuses that an operation may answer."""
    found = {429, 500, 503, 504} | {error.status for error in declared.raises}
    if declared.scope is not None:
        found |= {401, 403}
    if declared.parameters or declared.query or declared.body:
        found |= {422}
    if declared.body:
        found |= {400, 413, 415}
    return sorted(found)


def tag(declared: Operation) -> str:
    """The group that an operation is listed in: the first part of its path behind the version."""
    return declared.path.removeprefix("/v1").split("/")[1] if declared.path.startswith("/v1/") else "documents"


def _operation(declared: Operation, schemas: dict[str, Any], refs: dict[tuple[Any, str], str]) -> dict[str, Any]:
    made: dict[str, Any] = {"operationId": declared.name, "tags": [tag(declared)], "summary": declared.summary}
    needs = f"Needs the scope `{declared.scope}`." if declared.scope else "Needs no credentials."
    made["description"] = f"{declared.description}\n\n{needs}".strip()
    if parameters := [*_path_parameters(declared), *_query_parameters(declared, schemas, refs)]:
        made["parameters"] = parameters
    if declared.body:
        content = {JSON: {"schema": {"$ref": refs[declared.body, "validation"]}}}
        made["requestBody"] = {"required": True, "content": content}
    made["responses"] = {str(declared.status): _answer(declared, refs)} | {
        str(status): {"$ref": f"#/components/responses/{_PROBLEMS[status][0]}"} for status in failures(declared)
    }
    made["security"] = list(_security(declared))
    return made


def _security(declared: Operation) -> Iterable[dict[str, list[str]]]:
    if declared.scope is None:
        return
    yield {"apiKey": [declared.scope]}
    # What a user reaches; see Caller.may.
    if "user_id" in declared.parameters or declared.scope in USER_SCOPES:
        yield {"userToken": [declared.scope]}


def _path_parameters(declared: Operation) -> Iterable[dict[str, Any]]:
    for name, kind in declared.parameters.items():
        schema = TypeAdapter(kind).json_schema(ref_template=_REF)
        yield _parameter(name, "path", schema, required=True)


def _query_parameters(
    declared: Operation, schemas: dict[str, Any], refs: dict[tuple[Any, str], str]
) -> Iterable[dict[str, Any]]:
    if declared.query is None:
        return
    model = schemas[refs[declared.query, "validation"].rpartition("/")[2]]
    for name, given in model.get("properties", {}).items():
        schema = dict(given)
        # A query string has no null: a parameter that may be null is one that may be absent.
        options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
        if len(options) == 1:
            del schema["anyOf"]
            schema |= options[0]
        if schema.get("default", ...) is None:
            del schema["default"]
        yield _parameter(name, "query", schema, required=name in model.get("required", ()))


def _parameter(name: str, where: str, schema: dict[str, Any], *, required: bool) -> dict[str, Any]:
    schema = {key: value for key, value in schema.items() if key != "title"}
    description = {"description": schema.pop("description")} if "description" in schema else {}
    return {"name": name, "in": where, "required": required, **description, "schema": schema}


def _answer(declared: Operation, refs: dict[tuple[Any, str], str]) -> dict[str, Any]:
    if declared.answer is not None:
        content = {declared.media_type: {"schema": {"$ref": refs[declared.answer, "serialization"]}}}
        about = (declared.answer.__doc__ or "").partition("\n\n")[0]
        return {"description": " ".join(about.split()), "content": content}
    if declared.status == 204:
        return {"description": "Done; the answer is empty."}
    kind = "object" if declared.media_type == JSON else "string"
    return {"description": declared.summary, "content": {declared.media_type: {"schema": {"type": kind}}}}


def _problem(status: int) -> dict[str, Any]:
    made: dict[str, Any] = {"description": _PROBLEMS[status][1]}
    if status in _HEADERS:
        made["headers"] = _HEADERS[status]
    return made | {"content": {PROBLEM: {"schema": {"$ref": _REF.format(model=Problem.__name__)}}}}


def _schemas(operations: Sequence[Operation]) -> tuple[dict[str, Any], dict[tuple[Any, str], str]]:
    """The models' schemas by name, and the reference to each model as it is sent or answered."""
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(Problem, "serialization"): None}
    for declared in operations:
        wanted |= {(model, "validation"): None for model in (declared.query, declared.body) if model is not None}
        if declared.answer is not None:
            wanted[declared.answer, "serialization"] = None
    found, made = models_json_schema(list(wanted), ref_template=_REF, schema_generator=GenerateJsonSchema)
    return made["$defs"], {key: schema["$ref"] for key, schema in found.items()}


def _without_markup(value: Any) -> Any:
    """Texts are docstrings: reStructuredText's roles and double backticks become Markdown's backticks."""
    if isinstance(value, dict):
        return {
            key: _markdown(kept) if key in _TEXTS and isinstance(kept, str) else _without_markup(kept)
            for key, kept in value.items()
        }
    return [_without_markup(kept) for kept in value] if isinstance(value, list) else value


def _markdown(text: str) -> str:
    return re.sub(r"(?::\w+:)?`{1,2}~?([^`]+)`{1,2}", r"`\1`", text)
