"""What API Gateway's REST API does between HTTP and a function: routes, the authorizer, the event, the answer.

Chalice's own local gateway stops at the parts that matter here: it runs authorizers that are declared in the Chalice
app, not the template's; it matches the app's routes, not the template's; and it answers an unknown method with 500.
Its policy matcher and Lambda context are used.
"""

from __future__ import annotations

import base64
import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from chalice.local import ARNMatcher

from feedsmith.errors import Unauthorized
from feedsmith_local.aws import ACCOUNT, REGION
from feedsmith_local.functions import LocalFunction, report_failure
from feedsmith_local.rates import Rates
from feedsmith_local.sources import Route
from feedsmith_local.template import Authorizer

STAGE = "local"
MAX_BODY_BYTES = 10 * 2**20  # API Gateway's limit
_API_ID = "feedsmith"
_API_ARN = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{_API_ID}"


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request; ``target`` is the request line's, ``headers`` in their order."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    client: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


@dataclass(slots=True)
class _Grants:
    """The authorizer's answers, kept as long as API Gateway keeps them."""

    ttl_s: int
    known: dict[tuple[str, ...], tuple[float, dict[str, Any]]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, identity: tuple[str, ...]) -> dict[str, Any] | None:
        with self.lock:
            until, grant = self.known.get(identity, (0.0, None))
            return grant if time.monotonic() < until else None

    def put(self, identity: tuple[str, ...], grant: dict[str, Any]) -> None:
        now = time.monotonic()
        with self.lock:
            self.known = {key: kept for key, kept in self.known.items() if now < kept[0]}
            self.known[identity] = (now + self.ttl_s, grant)


class Refused(Exception):
    """The gateway answers itself; no function runs, or none has an answer."""

    def __init__(self, status: HTTPStatus, detail: str, headers: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(detail)
        self.answer = problem(status, detail, headers)


class Gateway:
    """Answers requests by calling functions.

    Parameters
    ----------
    routes
        What each route calls.
    authorizer
        How guarded routes are guarded, and the function that does it; None: all is refused on them.
    after_write
        Called after each call that may have changed something.
    rates
        Each caller's; None: without limits.
    """

    def __init__(
        self,
        routes: Sequence[tuple[LocalFunction, Route]],
        authorizer: tuple[LocalFunction, Authorizer] | None,
        after_write: Callable[[], None] = lambda: None,
        rates: Rates | None = None,
    ) -> None:
        self._routes = [(route.path.strip("/").split("/"), route, function) for function, route in routes]
        # A fixed segment goes before a parameter, as in API Gateway.
        self._routes.sort(key=lambda entry: [part.startswith("{") for part in entry[0]])
        self._authorizer = authorizer
        self._grants = _Grants(authorizer[1].ttl_s if authorizer is not None else 0)
        self._after_write = after_write
        self._rates = rates or Rates(None)

    def answer(self, request: Request) -> Answer:
        """Answer one request; never raises."""
        try:
            url = urlsplit(request.target)
        except ValueError:
            return problem(HTTPStatus.BAD_REQUEST, "the request's target is no URL")
        try:
            route, function, parameters = self._match(request.method, url.path)
            event = _event(request, url, route, parameters)
            if route.guarded:
                event["requestContext"]["authorizer"] = self._authorize(event)
            return self._call(function, event)
        except Refused as refused:
            return refused.answer
        finally:
            if request.method != "GET":
                self._after_write()

    def _match(self, method: str, path: str) -> tuple[Route, LocalFunction, dict[str, str]]:
        parts = path.strip("/").split("/")
        allowed = set()
        for names, route, function in self._routes:
            if len(names) != len(parts):
                continue
            pairs = list(zip(names, parts, strict=True))
            if all(name == part or (name.startswith("{") and part) for name, part in pairs):
                if route.method.upper() in (method, "ANY"):
                    return route, function, {name[1:-1]: part for name, part in pairs if name[0] == "{"}
                allowed.add(route.method.upper())
        if allowed:
            options = ", ".join(sorted(allowed))
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, f"this path answers {options}", [("Allow", options)])
        raise Refused(HTTPStatus.NOT_FOUND, "no such path; the API lies under /v1")

    def _authorize(self, event: dict[str, Any]) -> dict[str, str]:
        """The authorizer's context, as the function behind it sees it."""
        unauthorized = Refused(HTTPStatus.UNAUTHORIZED, Unauthorized().detail, [("WWW-Authenticate", "Bearer")])
        if self._authorizer is None:
            raise unauthorized
        function, settings = self._authorizer
        sent: dict[str, list[str]] = {}
        for name, values in event["multiValueHeaders"].items():
            sent.setdefault(name.lower(), []).extend(values)
        # Of two, one may be known and the other not: they are not the header that was asked about before.
        identity = tuple("\n".join(sent.get(name.lower(), ())) for name in settings.headers)
        if not all(identity):
            raise unauthorized
        # Encoded, or a path with a line break would match no policy.
        arn = f"{_API_ARN}/{STAGE}/{event['httpMethod']}/{quote(event['path'].lstrip('/'))}"
        grant = self._grants.get(identity)
        if grant is None:
            try:
                grant = function({"type": "REQUEST", "methodArn": arn, **event, "body": None})
            except Exception as error:
                if str(error) == "Unauthorized":  # the one text that API Gateway knows
                    raise unauthorized from None
                report_failure(function.name, error)
                raise Refused(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    "the key could not be checked; call again later",
                    [("Retry-After", "2")],
                ) from error
            self._grants.put(identity, grant)
        if wait_s := self._rates.wait_s(grant.get("usageIdentifierKey", "")):
            raise Refused(
                HTTPStatus.TOO_MANY_REQUESTS, "call again later, and more slowly", [("Retry-After", str(wait_s))]
            )
        if not _allows(grant, arn):
            raise Refused(HTTPStatus.FORBIDDEN, "this API key may not call this route")
        context = {name: _text(value) for name, value in grant.get("context", {}).items()}
        return {"principalId": grant["principalId"], **context}

    def _call(self, function: LocalFunction, event: dict[str, Any]) -> Answer:
        try:
            answer = function(event)
            return _answer(answer)
        except Exception as error:
            report_failure(function.name, error)
            raise Refused(HTTPStatus.BAD_GATEWAY, "the function failed or gave no answer; it was logged") from error


def problem(status: HTTPStatus, detail: str, headers: Sequence[tuple[str, str]] = ()) -> Answer:
    """An answer of the gateway itself, as problem+json (RFC 9457)."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return Answer(status, [("Content-Type", "application/problem+json"), *headers], json.dumps(body).encode())


def _event(request: Request, url: SplitResult, route: Route, parameters: dict[str, str]) -> dict[str, Any]:
    """A REST API proxy event (payload 1.0)."""
    path = unquote(url.path)
    many_headers: dict[str, list[str]] = {}
    for name, value in request.headers:
        many_headers.setdefault(name, []).append(value)
    query = parse_qs(url.query, keep_blank_values=True)
    now = time.time()
    return {
        "resource": route.path,
        "path": path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in many_headers.items()},
        "multiValueHeaders": many_headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": _API_ID,
            "stage": STAGE,
            "requestId": str(uuid.uuid4()),
            "resourcePath": route.path,
            "httpMethod": request.method,
            "path": path,  # as with a domain of one's own: no stage lies before it
            "protocol": "HTTP/1.1",
            "requestTimeEpoch": int(now * 1000),
            "identity": {"sourceIp": request.client},
        },
        # API Gateway hands on text; bytes that are no UTF-8 do not survive it either.
        "body": request.body.decode("utf-8", "replace") if request.body else None,
        "isBase64Encoded": False,
    }


def _answer(result: Mapping[str, Any]) -> Answer:
    headers = [(name, _text(value)) for name, value in (result.get("headers") or {}).items()]
    for name, values in (result.get("multiValueHeaders") or {}).items():
        headers += [(name, _text(value)) for value in values]
    body = result.get("body") or ""
    content = base64.b64decode(body) if result.get("isBase64Encoded") else body.encode()
    return Answer(int(result["statusCode"]), headers, content)


def _allows(grant: Mapping[str, Any], arn: str) -> bool:
    """Whether a policy lets the call through: one Allow matches and no Deny does."""
    matcher = ARNMatcher(arn)
    effects = set()
    for statement in grant.get("policyDocument", {}).get("Statement", ()):
        resources = statement["Resource"]
        if matcher.does_any_resource_match([resources] if isinstance(resources, str) else resources):
            effects.add(statement["Effect"])
    return effects == {"Allow"}


def _text(value: Any) -> str:
    """Context values and headers reach the other side as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
