"""Time limits and retries of calls to a model."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import tenacity

TRIES = 3

T = TypeVar("T")


class Deadline:
    """The end of the time that a caller waits.

    Parameters
    ----------
    seconds
        From now.
    clock
        Seconds that only grow.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    @property
    def left(self) -> float:
        """Seconds left, at least zero."""
        return max(0.0, self._end - self._clock())


def retrying(
    call: Callable[[], T], pause: Callable[[BaseException], float | None], deadline: Deadline,
    sleep: Callable[[float], None],
) -> T:  # fmt: skip
    """Call up to three times, as long as the time allows, with jittered, growing pauses.

    Parameters
    ----------
    pause
        The least seconds until a call that failed so may succeed; None: it never will.
    """
    jitter = tenacity.wait_random_exponential(multiplier=0.2, max=2)

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return max(jitter(state), (pause(error) if error else None) or 0.0)

    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: pause(error) is not None),
        wait=wait,
        stop=lambda state: state.attempt_number >= TRIES or state.upcoming_sleep >= deadline.left,
        sleep=sleep,
        reraise=True,
    )
    return attempts(call)
