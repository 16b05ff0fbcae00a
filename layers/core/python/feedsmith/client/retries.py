"""When a call is made again, and how long after."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tenacity import RetryCallState, retry_if_exception, stop_after_attempt

from feedsmith.client.errors import ApiError, NoAnswer

# The API, or API Gateway before it, did not begin the work.
_REFUSED = (429, 503)
_FAILED = (500, 502, 504)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often, and how patiently.

    Parameters
    ----------
    attempts
        Calls in all; 1: no retry.
    first_wait_s, longest_wait_s
        Before the first retry, doubled for each further one, up to the longest; each is drawn from the upper half of
        that, so that clients do not come back all at once. ``Retry-After`` makes a wait longer; where it asks for more
        than the longest, the error is raised instead.
    """

    attempts: int = 4
    first_wait_s: float = 0.25
    longest_wait_s: float = 30.0

    def policy(self, *, idempotent: bool) -> dict[str, Any]:
        """Arguments of tenacity's ``Retrying`` and ``AsyncRetrying``."""

        def again(error: BaseException) -> bool:
            return isinstance(error, ApiError) and self.worthwhile(error, idempotent=idempotent)

        return {
            "retry": retry_if_exception(again),
            "wait": self._wait,
            "stop": stop_after_attempt(self.attempts),
            "reraise": True,
        }

    def worthwhile(self, error: ApiError, *, idempotent: bool) -> bool:
        """Whether the same call may end well next time, and does no harm if it was carried out before."""
        if (error.retry_after_s or 0) > self.longest_wait_s:
            return False
        if isinstance(error, NoAnswer):
            return idempotent or not error.sent
        return error.problem.status in _REFUSED or (idempotent and error.problem.status in _FAILED)

    def wait_s(self, failures: int, error: BaseException | None, draw: Callable[[], float] = random.random) -> float:
        """Seconds to wait after so many failures in a row, the last of them ``error``."""
        wait = min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(failures - 1, 32)) * (0.5 + draw() / 2)
        asked = error.retry_after_s if isinstance(error, ApiError) else None
        return max(wait, asked or 0.0)

    def _wait(self, state: RetryCallState) -> float:
        return self.wait_s(state.attempt_number, state.outcome.exception() if state.outcome else None)
