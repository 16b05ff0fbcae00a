"""A Chalice app whose errors are problem+json (RFC 9457) and whose bodies are pydantic models."""

from __future__ import annotations

import functools
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools import Logger
from chalice.app import Chalice, Response

from feedsmith.errors import (
    FeedsmithError,
    Forbidden,
    NotFound,
    StoreUnavailable,
    TooLarge,
    Unauthorized,
    ValidationFailed,
)
from feedsmith.insight import metrics
from feedsmith.models import Caller, Scope
from feedsmith.web.operation import JSON, Operation, operation
from feedsmith.web.payload import is_version_2, to_version_1

View = Callable[..., Any]

logger = Logger(child=True)

_REFUSALS = {
    405: ("Method not allowed", "this path answers other methods; the Allow header names them"),
    415: ("Unsupported media type", "send the body with Content-Type: application/json"),
}


class Api(Chalice):
    """The app object is the Lambda handler; views return a pydantic model, nothing or a ``Response``.

    ``operations`` are the routes as declared, in order.
    """

    def __init__(self, app_name: str, *, max_body_bytes: int) -> None:
        # Lambda runs one request at a time, but a local server runs one a thread on the same app object.
        self._local = threading.local()
        super().__init__(app_name=app_name)
        self._max_body_bytes = max_body_bytes
        self.operations: list[Operation] = []

    @property
    def current_request(self) -> Any:
        """The request that this thread answers."""
        return getattr(self._local, "request", None)

    @current_request.setter
    def current_request(self, request: Any) -> None:
        self._local.request = request

    @property
    def lambda_context(self) -> Any:
        """The Lambda context of the request that this thread answers."""
        return getattr(self._local, "context", None)

    @lambda_context.setter
    def lambda_context(self, context: Any) -> None:
        self._local.context = context

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Answer one API Gateway event, payload 1.0 or 2.0."""
        if is_version_2(event):
            event = to_version_1(event, self.routes)
        resource = event["requestContext"]["resourcePath"]
        if resource not in self.routes:
            return _problem(NotFound("no such path; the API lies under /v1")).to_dict()
        begun = time.perf_counter()
        answer: dict[str, Any] = super().__call__(event, context)
        status = answer["statusCode"]
        metrics.request(resource, status, 1_000 * (time.perf_counter() - begun))
        if status in _REFUSALS:
            # Chalice's own refusals come in its own JSON form.
            title, detail = _REFUSALS[status]
            answer["body"] = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail})
            answer["headers"]["Content-Type"] = "application/problem+json"
        return answer

    # Chalice's own takes anything; here no route may forget who may call it.
    def route(  # type: ignore[override]
        self,
        path: str,
        *,
        methods: Sequence[str],
        scope: Scope | None,
        status: int | None = None,
        raises: Sequence[type[FeedsmithError]] = (),
        media_type: str = JSON,
        **kwargs: Any,
    ) -> Callable[[View], View]:
        """Declare a route by its view's annotations; see :mod:`feedsmith.web.operation`.

        The view gets the path's parameters, ``query`` and ``body`` read and checked. What it returns, or raises, is
        turned into a ``Response``.

        Parameters
        ----------
        scope
            What the caller needs; None lets everybody in. Where the path names a ``user_id``, a user is let in to
            their own, and to nobody else's. Before anything is looked up, so that the answer does not tell what exists.
        status
            Of a good answer; by default 200, or 204 where there is none.
        raises
            Errors that the view may raise, for the OpenAPI document. Those that come with having a scope, a query or a
            body, and those of broken stores, need no mention.
        media_type
            Of an answer that the view makes itself, as a ``Response``.
        """
        route = super().route

        def wrap(view: View) -> View:
            declared = [
                operation(view, method, path, scope=scope, status=status, media_type=media_type, raises=raises)
                for method in methods
            ]
            self.operations += declared

            @functools.wraps(view)
            def answer(**raw: str) -> Response:
                try:
                    if scope is not None:
                        user_id = raw.get("user_id")
                        self.require(scope, None if user_id is None else unquote(user_id))
                    return _response(view(**declared[0].arguments(raw, self._query(), self._body)), declared[0])
                except FeedsmithError as error:
                    if error.status >= 500:
                        what = {"route": path, "error": type(error).__name__, "reason": error.detail}
                        logger.warning("request failed", extra=what)
                    return _problem(error)
                except Exception as error:  # noqa: BLE001  nothing may reach the caller but a problem
                    # The last line before the caller: the log has the type and the place, never the request's content.
                    logger.error(
                        "request broke", extra={"route": path, "error": type(error).__name__, "at": _place(error)}
                    )
                    return _problem(FeedsmithError())

            # Chalice holds any Content-Type against a route, even where no body is read.
            route(path, methods=list(methods), content_types=[JSON] if declared[0].body else [], **kwargs)(answer)
            return view

        return wrap

    def _query(self) -> dict[str, list[str]]:
        parameters = self.current_request.query_params
        return {name: parameters.getlist(name) for name in parameters} if parameters is not None else {}

    def _body(self) -> bytes:
        raw: bytes = self.current_request.raw_body
        if len(raw) > self._max_body_bytes:
            raise TooLarge(f"the body has {len(raw)} bytes; send at most {self._max_body_bytes} at once")
        return raw

    @property
    def caller(self) -> Caller:
        """Who calls, as the authorizer found out.

        Raises
        ------
        Unauthorized
            No authorizer ran before this request.
        """
        context = self.current_request.context.get("authorizer") or {}
        if "tenant" not in context:
            raise Unauthorized
        known = {name: context[name] for name in ("tenant", "role", "subject") if name in context}
        # API Gateway hands on strings only.
        return Caller.model_validate(known | {"scopes": context.get("scopes", "").split()})

    def require(self, scope: Scope, user_id: str | None = None) -> None:
        """Let only those go on who may make a call of ``scope`` about ``user_id``.

        Raises
        ------
        Unauthorized, Forbidden
            Nobody known calls; or somebody who may not.
        """
        if not self.caller.may(scope, user_id):
            raise Forbidden


def at_most(rows: Sequence[Any], limit: int, what: str) -> None:
    """Refuse more rows than one request may bring."""
    if len(rows) > limit:
        raise TooLarge(f"{len(rows)} {what} in one request; send at most {limit} at once")


def _response(result: Any, declared: Operation) -> Response:
    if isinstance(result, Response):
        return result
    if declared.answer is None and result is None:
        return Response(body="", status_code=declared.status)
    if declared.answer is None or not isinstance(result, declared.answer):
        raise TypeError(f"the view {declared.name!r} returned a {type(result).__name__}, which it does not declare")
    return Response(
        body=result.model_dump_json(), status_code=declared.status, headers={"Content-Type": declared.media_type}
    )


def _problem(error: FeedsmithError) -> Response:
    body: dict[str, Any] = {"type": "about:blank", "title": error.title, "status": error.status, "detail": error.shown}
    if isinstance(error, ValidationFailed):
        body["errors"] = error.errors
    headers: dict[str, str | list[str]] = {"Content-Type": "application/problem+json"}
    if isinstance(error, StoreUnavailable):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    return Response(body=json.dumps(body, ensure_ascii=False), status_code=error.status, headers=headers)


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
