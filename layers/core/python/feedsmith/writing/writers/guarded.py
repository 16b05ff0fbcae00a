"""Spares a writer that fails the calls, and its callers the waiting."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from feedsmith.errors import ConfigurationError, FeedsmithError, WriterError, WriterUnavailable
from feedsmith.models import utcnow
from feedsmith.writing.base import Draft, Prompt, StructuredWriter, Writer

_logger = logging.getLogger(__name__)


class CircuitBreaker:
    """Counts failures in a row: after enough of them nobody may call for a while, then one caller at a time may try.

    Libraries for this hold a lock through the call (pybreaker), so that one call waits for another, or hold none.

    Parameters
    ----------
    failures
        In a row, after which the circuit opens.
    open_s
        Seconds until one call may try again; also what that call may take before another one may.
    clock
        The time of day: the monotonic clock can stand still where a sandbox is frozen.
    """

    def __init__(self, failures: int = 5, open_s: float = 30.0, clock: Callable[[], datetime] = utcnow) -> None:
        self._most = failures
        self._open = timedelta(seconds=open_s)
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._until = datetime.min.replace(tzinfo=UTC)
        self._reason = ""

    @contextmanager
    def calling(self, name: str) -> Iterator[None]:
        """Let a call through and note how it ends.

        A :class:`WriterError` that is no :class:`WriterUnavailable` is about one prompt, and its service works.

        Raises
        ------
        WriterUnavailable
            The circuit is open.
        """
        self._admit(name)
        try:
            yield
        except WriterUnavailable as error:
            self._failed(name, str(error))
            raise
        except ConfigurationError:
            self._failed(name, "it is not set up")  # the reason reaches callers, who need not know the settings
            raise
        except WriterError:
            self._worked()
            raise
        except Exception as error:  # whatever a model's library raises counts, and goes on to the caller
            self._failed(name, f"it broke with {type(error).__name__}")
            raise
        self._worked()

    def _admit(self, name: str) -> None:
        with self._lock:
            if self._failures < self._most:
                return
            now = self._clock()
            if now < self._until:
                raise WriterUnavailable(
                    f"{name} is not called, circuit open until {self._until:%H:%M:%S} UTC: {self._reason}",
                    billed=False,
                )
            self._until = now + self._open  # for all but this caller

    def _failed(self, name: str, reason: str) -> None:
        with self._lock:
            self._failures += 1
            self._until = self._clock() + self._open
            self._reason = reason
            if self._failures == self._most:
                _logger.warning("%s failed %d times in a row: circuit open", name, self._failures)

    def _worked(self) -> None:
        with self._lock:
            self._failures = 0


class GuardedWriter(Writer, StructuredWriter):
    """A writer behind a circuit breaker, made when it is first asked; what goes wrong in the making is its failure.

    Parameters
    ----------
    name
        The name of the writer that ``make`` gives, known before it is made.
    make
        Gives the writer, each time the same one.
    """

    def __init__(
        self, name: str, make: Callable[[], Writer], breaker: CircuitBreaker, *, is_model: bool = True
    ) -> None:
        self._name = name
        self._make = make
        self._breaker = breaker
        self._is_model = is_model

    @property
    def name(self) -> str:
        return self._name

    @property
    def is_model(self) -> bool:
        return self._is_model

    def write(self, prompt: Prompt, n: int) -> list[Draft]:
        with self._breaker.calling(self._name):
            return self._writer().write(prompt, n)

    def structured(self, system: str, user: str, schema: Mapping[str, Any], *, max_tokens: int = 512) -> dict[str, Any]:
        with self._breaker.calling(self._name):
            writer = self._writer()
            if isinstance(writer, StructuredWriter):
                return writer.structured(system, user, schema, max_tokens=max_tokens)
        raise ConfigurationError(f"{self._name} cannot answer by a schema: use gguf:, bedrock: or openai:")

    def _writer(self) -> Writer:
        try:
            return self._make()
        except (WriterError, ConfigurationError):
            raise
        except FeedsmithError as error:  # such as a secret that cannot be read just now
            _logger.error("%s cannot be set up: %s", self._name, error)
            raise WriterUnavailable(f"{self._name} cannot be set up: {type(error).__name__}") from error
