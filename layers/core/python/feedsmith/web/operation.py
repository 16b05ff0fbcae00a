"""What a route takes and gives, read from its view's own annotations.

A view's parameters are the path's, each validated as its type, and where it has them ``query`` and ``body``, models
that the request is read into. What it returns is the answer: a model, or nothing. What is declared so is what the
OpenAPI document says.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_origin, get_type_hints
from urllib.parse import unquote

from chalice.app import Response
from pydantic import BaseModel, TypeAdapter, ValidationError

from feedsmith.errors import ConfigurationError, FeedsmithError, InvalidRequest, ValidationFailed
from feedsmith.models import Scope

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    ``parameters`` are the path's, with their types. ``answer`` is None where there is no body (204), or one that is no
    JSON, of ``media_type``. ``raises`` are the errors that the view itself may raise, besides those that come with
    having a scope, a query or a body.
    """

    method: str
    path: str
    name: str
    summary: str
    description: str
    scope: Scope | None
    parameters: Mapping[str, Any]
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    answer: type[BaseModel] | None
    status: int
    media_type: str
    raises: tuple[type[FeedsmithError], ...]

    def arguments(
        self, path: Mapping[str, str], query: Mapping[str, Sequence[str]], body: Callable[[], bytes]
    ) -> dict[str, Any]:
        """What the view is called with.

        Parameters
        ----------
        path
            As it came, percent-encoded: API Gateway hands path parameters on like that.
        query
            All values of each parameter.
        body
            Gives the body's bytes; called where the view takes a body only.

        Raises
        ------
        InvalidRequest
            The body is not JSON in UTF-8.
        ValidationFailed
            A parameter or a field is wrong, missing or unknown.
        """
        found = {name: _validated(name, kind, unquote(path[name])) for name, kind in self.parameters.items()}
        try:
            if self.query is not None:
                found["query"] = self.query.model_validate(_single(query, self.query))
            if self.body is not None:
                found["body"] = self.body.model_validate_json(body())
        except ValidationError as error:
            raise invalid(error) from error
        return found


def operation(
    view: Callable[..., Any],
    method: str,
    path: str,
    *,
    scope: Scope | None,
    status: int | None,
    media_type: str,
    raises: Sequence[type[FeedsmithError]],
) -> Operation:
    """Read a view's declaration.

    Raises
    ------
    ConfigurationError
        The view does not take what the path names, or takes what no request has.
    """
    kinds = get_type_hints(view, include_extras=True)
    returned = kinds.pop("return", Response)
    answer = returned if isinstance(returned, type) and issubclass(returned, BaseModel) else None
    empty = returned is type(None)
    query, body = kinds.pop("query", None), kinds.pop("body", None)
    named = set(re.findall(r"{(\w+)}", path))
    if set(kinds) != named:
        raise ConfigurationError(
            f"{method} {path}: the view {view.__name__!r} takes {sorted(kinds)}; it must take the path's "
            f"{sorted(named)}, and may take 'query' and 'body'"
        )
    summary, _, description = (inspect.getdoc(view) or "").partition("\n\n")
    return Operation(
        method=method,
        path=path,
        name=view.__name__,
        summary=" ".join(summary.split()),
        description=description,
        scope=scope,
        parameters=kinds,
        query=query,
        body=body,
        answer=answer,
        status=status or (204 if empty else 200),
        media_type=media_type,
        raises=tuple(raises),
    )


def invalid(error: ValidationError, *prefix: str) -> InvalidRequest:
    """What pydantic found, as the problem that the caller gets."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    if any(problem["type"] == "json_invalid" for problem in problems):
        return InvalidRequest(f"the body is not valid JSON in UTF-8: {problems[0]['msg']}")
    return ValidationFailed(
        [{"path": "".join(f"/{part}" for part in (*prefix, *p["loc"])), "message": p["msg"]} for p in problems]
    )


def _validated(name: str, kind: Any, raw: str) -> Any:
    try:
        return _adapter(kind).validate_python(raw)
    except ValidationError as error:
        raise invalid(error, name) from error


@lru_cache(maxsize=64)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _single(query: Mapping[str, Sequence[str]], model: type[BaseModel]) -> dict[str, Any]:
    """A parameter that is repeated is a sequence where the model has one, and its last value elsewhere."""
    many = {
        field.alias or name
        for name, field in model.model_fields.items()
        if get_origin(field.annotation) in (tuple, frozenset)
    }
    return {name: values if name in many else values[-1] for name, values in query.items()}
