"""Events as AWS delivers them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

CALLER = {"tenant": "acme", "role": "operator", "subject": "test"}


def rest_event(
    method: str,
    resource: str,
    *,
    path: dict[str, str] | None = None,
    query: dict[str, list[str]] | None = None,
    body: Any = None,
    raw: str | None = None,
    authorizer: dict[str, str] | None = CALLER,
) -> dict[str, Any]:
    """A REST API proxy event, payload 1.0."""
    url = resource
    for name, value in (path or {}).items():
        url = url.replace("{" + name + "}", value)
    return {
        "resource": resource,
        "path": url,
        "httpMethod": method,
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {"Content-Type": ["application/json"]},
        "queryStringParameters": {k: v[-1] for k, v in query.items()} if query else None,
        "multiValueQueryStringParameters": query,
        "pathParameters": path,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "path": url,
            "stage": "v1",
            "requestId": "r-1",
            "identity": {"sourceIp": "127.0.0.1"},
            "authorizer": authorizer,
        },
        "body": raw if raw is not None else (None if body is None else json.dumps(body)),
        "isBase64Encoded": False,
    }


def http_event(
    method: str, path: str, *, route: str = "$default", query: dict[str, list[str]] | None = None, body: Any = None
) -> dict[str, Any]:
    """An HTTP API event, payload 2.0."""
    return {
        "version": "2.0",
        "routeKey": route if route == "$default" else f"{method} {route}",
        "rawPath": path,
        "rawQueryString": urlencode(query or {}, doseq=True),
        "cookies": ["a=1", "b=2"],
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "127.0.0.1"},
            "stage": "$default",
            "requestId": "r-2",
            "authorizer": {"lambda": CALLER},
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }
