"""What a call may raise, after all retries.

::

    ApiError
    ├── NoAnswer              -    nothing answered, or not in time
    ├── InvalidRequest        4xx  the request cannot be taken: 400, 405, 413, 415
    │   └── ValidationFailed  422  ``errors`` names each wrong field by its path
    ├── Unauthorized          401  no valid credentials
    ├── Forbidden             403  valid credentials, for something else
    ├── NotFound              404  there is no such thing
    ├── Conflict              409  somebody else changed it at the same time
    ├── TooManyRequests       429  ``retry_after_s`` says when to come back
    └── ServerFailed          5xx  ``retry_after_s`` where the API gives it
"""

from __future__ import annotations

from http import HTTPStatus

import httpx
from pydantic import ValidationError

from feedsmith.errors import FeedsmithError
from feedsmith.messages import FieldError, Problem


class ApiError(FeedsmithError):
    """The API answered with a problem, or not at all.

    Attributes
    ----------
    problem
        As the API told it (RFC 9457); ``problem.detail`` says how to mend it.
    errors
        Of a 422: each field that is wrong.
    retry_after_s
        Seconds to wait before the next try, where the API gives them.
    """

    def __init__(self, problem: Problem, retry_after_s: float | None = None) -> None:
        super().__init__(problem.detail or f"{problem.status} {problem.title}")
        self.problem = problem
        self.errors: tuple[FieldError, ...] = problem.errors
        self.retry_after_s = retry_after_s


class NoAnswer(ApiError):
    """Nothing answered, or not in time.

    Attributes
    ----------
    sent
        Whether the request may have reached the API.
    """

    def __init__(self, url: str, error: httpx.TransportError) -> None:
        super().__init__(
            Problem(
                title="No answer",
                status=HTTPStatus.SERVICE_UNAVAILABLE,
                detail=f"{url} does not answer ({type(error).__name__}); check the address and the network",
            )
        )
        self.sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)


class InvalidRequest(ApiError):
    """The request cannot be taken as it is."""


class ValidationFailed(InvalidRequest):
    """A field or parameter is wrong, missing or unknown; ``errors`` names each."""


class Unauthorized(ApiError):
    """No valid credentials."""


class Forbidden(ApiError):
    """Valid credentials, for something else."""


class NotFound(ApiError):
    """There is no such thing."""


class Conflict(ApiError):
    """Somebody else changed the same thing at the same time."""


class TooManyRequests(ApiError):
    """Too many requests."""


class ServerFailed(ApiError):
    """The API failed, or a store behind it."""


_CLASSES: dict[int, type[ApiError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    422: ValidationFailed,
    429: TooManyRequests,
}


def error_of(response: httpx.Response) -> ApiError:
    """The error that a response other than 2xx stands for; what is no problem+json becomes one."""
    status = response.status_code
    try:
        problem = Problem.model_validate_json(response.content, extra="ignore")
    except ValidationError:
        at_all = min(max(status, 400), 599)
        what = f"answered {status} {response.reason_phrase} without a problem+json; is this feedsmith's address?"
        problem = Problem(title=response.reason_phrase, status=at_all, detail=f"{response.url.host} {what}")
    after = response.headers.get("Retry-After", "")
    # The other form of the header, a date, is none that feedsmith or API Gateway sends.
    retry_after_s = float(after) if after.isdecimal() else None
    kind = _CLASSES.get(status, ServerFailed if status >= HTTPStatus.INTERNAL_SERVER_ERROR else InvalidRequest)
    return kind(problem, retry_after_s)
