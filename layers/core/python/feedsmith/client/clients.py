"""The two clients: how calls travel, with retries. What can be called is in :mod:`feedsmith.client.calls`."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, ParamSpec, Self, TypeVar, cast

import httpx
from pydantic import BaseModel, ValidationError
from tenacity import AsyncRetrying, Retrying

from feedsmith.client import calls, calls_insight, calls_privacy
from feedsmith.client.calls import Call
from feedsmith.client.errors import NoAnswer, ServerFailed, error_of
from feedsmith.client.events import EventBuffer
from feedsmith.client.retries import Retries
from feedsmith.messages import Problem
from feedsmith.models import Event

P = ParamSpec("P")
T = TypeVar("T", bound=BaseModel | None)

# A text may take as long as API Gateway waits for it, 29 s.
TIMEOUT = httpx.Timeout(30, connect=5)


class _Sync(Generic[P, T]):
    """A call of :mod:`~feedsmith.client.calls` as a method that sends it."""

    def __init__(self, make: Callable[P, Call[T]]) -> None:
        self._make = make

    def __get__(self, client: Feedsmith | None, owner: type[Feedsmith]) -> Callable[P, T]:
        @functools.wraps(self._make)
        def method(*args: P.args, **kwargs: P.kwargs) -> T:
            return cast(Feedsmith, client).send(self._make(*args, **kwargs))

        return method


class _Async(Generic[P, T]):
    """The same, to be awaited."""

    def __init__(self, make: Callable[P, Call[T]]) -> None:
        self._make = make

    def __get__(self, client: AsyncFeedsmith | None, owner: type[AsyncFeedsmith]) -> Callable[P, Awaitable[T]]:
        @functools.wraps(self._make)
        async def method(*args: P.args, **kwargs: P.kwargs) -> T:
            return await cast(AsyncFeedsmith, client).send(self._make(*args, **kwargs))

        return method


class Feedsmith:
    """The API at ``base_url``, called with ``key``. Threads may share it.

    Parameters
    ----------
    base_url
        Where the API's paths begin, such as ``https://abc.execute-api.eu-west-1.amazonaws.com/prod``.
    key
        An API key, or a user's access token.
    timeout
        Seconds, or an ``httpx.Timeout``, of each try.
    retries
        How often a call that failed is made again.
    max_events
        Events that :attr:`events` keeps while they cannot be sent.
    transport
        In place of the network, such as ``httpx.MockTransport``.
    """

    def __init__(
        self,
        base_url: str,
        key: str = "",
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        retries: Retries = Retries(),  # noqa: B008  immutable
        max_events: int = 10_000,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(**_options(base_url, key, timeout), transport=transport)
        self._retries = retries
        self.events = EventBuffer(self._post, max_events=max_events)

    put_items = _Sync(calls.put_items)
    get_item = _Sync(calls.get_item)
    delete_item = _Sync(calls.delete_item)
    similar_items = _Sync(calls.similar_items)
    post_events = _Sync(calls.post_events)
    recommendations = _Sync(calls.recommendations)
    texts = _Sync(calls.texts)
    profile = _Sync(calls.profile)
    segments = _Sync(calls.segments)
    ingestion = _Sync(calls.ingestion)
    domains = _Sync(calls.domains)
    items = _Sync(calls.items)
    upload = _Sync(calls.upload)
    rejects = _Sync(calls.rejects)
    why = _Sync(calls.why)
    segment_map = _Sync(calls.segment_map)
    get_consent = _Sync(calls_privacy.get_consent)
    put_consent = _Sync(calls_privacy.put_consent)
    get_tags = _Sync(calls_privacy.get_tags)
    remove_tag = _Sync(calls_privacy.remove_tag)
    restore_tag = _Sync(calls_privacy.restore_tag)
    not_interested = _Sync(calls_privacy.not_interested)
    export_user = _Sync(calls_privacy.export_user)
    erase_user = _Sync(calls_privacy.erase_user)
    get_settings = _Sync(calls_privacy.get_settings)
    put_settings = _Sync(calls_privacy.put_settings)
    get_metrics = _Sync(calls_insight.get_metrics)
    get_results = _Sync(calls_insight.get_results)
    get_result = _Sync(calls_insight.get_result)
    get_experiment = _Sync(calls_insight.get_experiment)
    put_experiment = _Sync(calls_insight.put_experiment)
    delete_experiment = _Sync(calls_insight.delete_experiment)
    live = _Sync(calls.live)
    ready = _Sync(calls.ready)

    def send(self, call: Call[T]) -> T:
        """Make a call.

        Raises
        ------
        ApiError
            The API refused, failed or did not answer, on the last try as well.
        """
        return cast(T, Retrying(**self._retries.policy(idempotent=call.idempotent))(self._once, call))

    def close(self) -> None:
        """Send the events that wait, for some seconds at most, and close all connections."""
        self.events.close()
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _once(self, call: Call[T]) -> T:
        try:
            response = self._http.request(call.method, call.path, params=_query(call), json=call.body)
        except httpx.TransportError as error:
            raise NoAnswer(str(self._http.base_url), error) from error
        return _read(response, call)

    def _post(self, events: Sequence[Event]) -> None:
        """One try: the buffer has a patience of its own."""
        self._once(calls.post_events(events))


class AsyncFeedsmith:
    """:class:`Feedsmith` for asyncio: the same methods, to be awaited.

    ``events.record`` returns at once and is not awaited; a thread of its own sends.
    """

    def __init__(
        self,
        base_url: str,
        key: str = "",
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        retries: Retries = Retries(),  # noqa: B008  immutable
        max_events: int = 10_000,
        transport: httpx.AsyncBaseTransport | None = None,
        events_transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(**_options(base_url, key, timeout), transport=transport)
        self._retries = retries
        self._background = Feedsmith(base_url, key, timeout=timeout, max_events=max_events, transport=events_transport)
        self.events = self._background.events

    put_items = _Async(calls.put_items)
    get_item = _Async(calls.get_item)
    delete_item = _Async(calls.delete_item)
    similar_items = _Async(calls.similar_items)
    post_events = _Async(calls.post_events)
    recommendations = _Async(calls.recommendations)
    texts = _Async(calls.texts)
    profile = _Async(calls.profile)
    segments = _Async(calls.segments)
    ingestion = _Async(calls.ingestion)
    domains = _Async(calls.domains)
    items = _Async(calls.items)
    upload = _Async(calls.upload)
    rejects = _Async(calls.rejects)
    why = _Async(calls.why)
    segment_map = _Async(calls.segment_map)
    get_consent = _Async(calls_privacy.get_consent)
    put_consent = _Async(calls_privacy.put_consent)
    get_tags = _Async(calls_privacy.get_tags)
    remove_tag = _Async(calls_privacy.remove_tag)
    restore_tag = _Async(calls_privacy.restore_tag)
    not_interested = _Async(calls_privacy.not_interested)
    export_user = _Async(calls_privacy.export_user)
    erase_user = _Async(calls_privacy.erase_user)
    get_settings = _Async(calls_privacy.get_settings)
    put_settings = _Async(calls_privacy.put_settings)
    get_metrics = _Async(calls_insight.get_metrics)
    get_results = _Async(calls_insight.get_results)
    get_result = _Async(calls_insight.get_result)
    get_experiment = _Async(calls_insight.get_experiment)
    put_experiment = _Async(calls_insight.put_experiment)
    delete_experiment = _Async(calls_insight.delete_experiment)
    live = _Async(calls.live)
    ready = _Async(calls.ready)

    async def send(self, call: Call[T]) -> T:
        """Make a call.

        Raises
        ------
        ApiError
            The API refused, failed or did not answer, on the last try as well.
        """
        return await AsyncRetrying(**self._retries.policy(idempotent=call.idempotent))(self._once, call)

    async def close(self) -> None:
        """Send the events that wait, for some seconds at most, and close all connections."""
        await asyncio.to_thread(self._background.close)
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _once(self, call: Call[T]) -> T:
        try:
            response = await self._http.request(call.method, call.path, params=_query(call), json=call.body)
        except httpx.TransportError as error:
            raise NoAnswer(str(self._http.base_url), error) from error
        return _read(response, call)


def _options(base_url: str, key: str, timeout: float | httpx.Timeout) -> dict[str, Any]:
    return {
        "base_url": base_url,
        "headers": {"User-Agent": "feedsmith-python"} | ({"Authorization": f"Bearer {key}"} if key else {}),
        "timeout": timeout,
        # An address of this machine must not go through a proxy that the environment names.
        "trust_env": httpx.URL(base_url).host not in ("127.0.0.1", "localhost", "::1"),
    }


def _query(call: Call[Any]) -> dict[str, Any] | None:
    return None if call.query is None else {name: value for name, value in call.query.items() if value is not None}


def _read(response: httpx.Response, call: Call[T]) -> T:
    if not response.is_success:
        raise error_of(response)
    if call.answer is None:
        return cast(T, None)
    try:
        # A newer API may say more than this client knows.
        return cast(T, cast(type[BaseModel], call.answer).model_validate_json(response.content, extra="ignore"))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        what = f"{'/'.join(map(str, first['loc']))}: {first['msg']}"
        detail = f"{response.url.host} answered what this client cannot read ({what}); is it feedsmith, and newer?"
        raise ServerFailed(Problem(title="Unreadable answer", status=502, detail=detail)) from None
