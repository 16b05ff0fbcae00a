"""A Chalice app whose errors are problem+json (RFC 9457) and whose bodies are pydantic models."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import unquote

from aws_lambda_powertools import Logger
from chalice.app import Chalice, Response
from pydantic import BaseModel, TypeAdapter, ValidationError

from feedsmith.errors import (
    FeedsmithError,
    Forbidden,
    InvalidRequest,
    NotFound,
    StoreUnavailable,
    TooLarge,
    Unauthorized,
    ValidationFailed,
)
from feedsmith.models import Caller, Scope
from feedsmith.web.payload import is_version_2, to_version_1

M = TypeVar("M", bound=BaseModel)
View = Callable[..., Any]

logger = Logger(child=True)

_REFUSALS = {
    405: ("Method not allowed", "this path answers other methods; the Allow header names them"),
    415: ("Unsupported media type", "send the body with Content-Type: application/json"),
}


class Api(Chalice):
    """The app object is the Lambda handler; views return a pydantic model, a dict or a ``Response``."""

    def __init__(self, app_name: str, *, max_body_bytes: int) -> None:
        # Lambda runs one request at a time, but a local server runs one a thread on the same app object.
        self._local = threading.local()
        super().__init__(app_name=app_name)
        self._max_body_bytes = max_body_bytes

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
        answer: dict[str, Any] = super().__call__(event, context)
        status = answer["statusCode"]
        if status in _REFUSALS:
            # Chalice's own refusals come in its own JSON form.
            title, detail = _REFUSALS[status]
            answer["body"] = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail})
            answer["headers"]["Content-Type"] = "application/problem+json"
        return answer

    # Chalice's own takes anything; here no route may forget who may call it.
    def route(  # type: ignore[override]
        self, path: str, *, scope: Scope | None, **kwargs: Any
    ) -> Callable[[View], View]:
        """Chalice's ``route``; what the view returns or raises is turned into a ``Response``.

        Parameters
        ----------
        scope
            What the caller needs; None lets everybody in. Where the path names a ``user_id``, a user is let in to
            their own, and to nobody else's. Before anything is looked up, so that the answer does not tell what exists.
        """
        register = super().route(path, **kwargs)

        def wrap(view: View) -> View:
            @functools.wraps(view)
            def answer(*args: Any, **view_kwargs: Any) -> Response:
                try:
                    if scope is not None:
                        user_id = view_kwargs.get("user_id")
                        self.require(scope, None if user_id is None else unquote(user_id))
                    return _response(view(*args, **view_kwargs))
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
                    return _problem(FeedsmithError("an unexpected error; it was logged"))

            register(answer)
            return answer

        return wrap

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
            raise Unauthorized("send an API key as 'Authorization: Bearer KEY'")
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

    def body(self, model: type[M]) -> M:
        """The request's body as a model.

        Raises
        ------
        TooLarge
            More bytes than this API takes.
        InvalidRequest
            Not JSON in UTF-8.
        ValidationFailed
            JSON, but a field is wrong, missing or unknown.
        """
        raw = self.current_request.raw_body
        if len(raw) > self._max_body_bytes:
            raise TooLarge(f"the body has {len(raw)} bytes; send at most {self._max_body_bytes} at once")
        try:
            return model.model_validate_json(raw)
        except ValidationError as error:
            raise _invalid(error) from error

    def query(self, name: str, kind: Any, default: Any) -> Any:
        """A query parameter read as ``kind`` (anything pydantic reads from a string); sequences may repeat the name."""
        parameters = self.current_request.query_params
        values = parameters.getlist(name) if parameters is not None and name in parameters else []
        if not values:
            return default
        raw: Any = values if isinstance(default, tuple) else values[-1]
        return validated(name, kind, raw)

    def required(self, name: str, kind: Any) -> Any:
        """A query parameter that must be there."""
        value = self.query(name, kind, None)
        if value is None:
            raise ValidationFailed([{"path": f"/{name}", "message": f"give ?{name}="}])
        return value


def validated(name: str, kind: Any, raw: Any) -> Any:
    """``raw`` as ``kind``; a wrong one is a ``ValidationFailed`` that names ``name``."""
    try:
        return TypeAdapter(kind).validate_python(raw)
    except ValidationError as error:
        raise _invalid(error, name) from error


def at_most(rows: Sequence[Any], limit: int, what: str) -> None:
    """Refuse more rows than one request may bring."""
    if len(rows) > limit:
        raise TooLarge(f"{len(rows)} {what} in one request; send at most {limit} at once")


def _invalid(error: ValidationError, *prefix: str) -> InvalidRequest:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    if any(problem["type"] == "json_invalid" for problem in problems):
        return InvalidRequest(f"the body is not valid JSON in UTF-8: {problems[0]['msg']}")
    return ValidationFailed(
        [{"path": "".join(f"/{part}" for part in (*prefix, *p["loc"])), "message": p["msg"]} for p in problems]
    )


def _response(result: Any) -> Response:
    if isinstance(result, Response):
        return result
    body = result.model_dump_json() if isinstance(result, BaseModel) else json.dumps(result, ensure_ascii=False)
    return Response(body=body, headers={"Content-Type": "application/json"})


def _problem(error: FeedsmithError) -> Response:
    body: dict[str, Any] = {"type": "about:blank", "title": error.title, "status": error.status, "detail": error.detail}
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
