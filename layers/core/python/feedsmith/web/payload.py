"""API Gateway's HTTP API (payload 2.0) turned into what Chalice reads, the REST API's payload 1.0."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote


def is_version_2(event: Mapping[str, Any]) -> bool:
    """Whether the event is an HTTP API's, payload version 2.0."""
    return event.get("version") == "2.0" and "http" in event.get("requestContext", {})


def to_version_1(event: Mapping[str, Any], routes: Iterable[str]) -> dict[str, Any]:
    """Convert; a ``$default`` route's path is matched against ``routes``, and its parameters are read from it."""
    context = event["requestContext"]
    method, path = context["http"]["method"], event["rawPath"]
    stage = context.get("stage", "$default")
    if stage != "$default":
        path = path.removeprefix(f"/{stage}") or "/"
    route, parameters = event["routeKey"].partition(" ")[2], event.get("pathParameters")
    if not route:
        route, parameters = match(path, routes)
    authorizer = context.get("authorizer", {})
    headers = dict(event.get("headers") or {})
    if event.get("cookies"):
        headers["cookie"] = "; ".join(event["cookies"])
    query = parse_qs(event.get("rawQueryString") or "", keep_blank_values=True)
    return {
        "resource": route,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": parameters,
        "stageVariables": event.get("stageVariables"),
        "requestContext": {
            "resourcePath": route,
            "httpMethod": method,
            "path": path,
            "stage": stage,
            "requestId": context.get("requestId"),
            "identity": {"sourceIp": context["http"].get("sourceIp")},
            "authorizer": authorizer.get("lambda", authorizer),
        },
        "body": event.get("body"),
        "isBase64Encoded": event.get("isBase64Encoded", False),
    }


def match(path: str, routes: Iterable[str]) -> tuple[str, dict[str, str] | None]:
    """The route of a path and its parameters; the path itself when there is no such route."""
    parts = path.strip("/").split("/")
    for route in routes:
        names = route.strip("/").split("/")
        if len(names) != len(parts):
            continue
        pairs = list(zip(names, parts, strict=True))
        if all(name == part or (name.startswith("{") and part) for name, part in pairs):
            return route, {name[1:-1]: unquote(part) for name, part in pairs if name.startswith("{")} or None
    return path, None
