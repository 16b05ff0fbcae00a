"""Python client of feedsmith's HTTP API, sync and async: ``pip install feedsmith[client]``.

::

    from feedsmith.client import Feedsmith

    with Feedsmith("https://api.example.com/prod", key) as feedsmith:
        slate = feedsmith.recommendations("ann", "news", limit=5)
        feedsmith.events.show("ann", slate)
        feedsmith.events.record("ann", slate.items[0].item_id, "click", slate=slate)

Answers are the models of :mod:`feedsmith.models` and :mod:`feedsmith.messages`; fields that a newer API adds are
ignored. Errors are those of :mod:`feedsmith.client.errors`.
"""

from feedsmith.client.clients import AsyncFeedsmith, Feedsmith
from feedsmith.client.errors import (
    ApiError,
    Conflict,
    Forbidden,
    InvalidRequest,
    NoAnswer,
    NotFound,
    ServerFailed,
    TooManyRequests,
    Unauthorized,
    ValidationFailed,
)
from feedsmith.client.events import EventBuffer
from feedsmith.client.retries import Retries

__all__ = [
    "ApiError",
    "AsyncFeedsmith",
    "Conflict",
    "EventBuffer",
    "Feedsmith",
    "Forbidden",
    "InvalidRequest",
    "NoAnswer",
    "NotFound",
    "Retries",
    "ServerFailed",
    "TooManyRequests",
    "Unauthorized",
    "ValidationFailed",
]
