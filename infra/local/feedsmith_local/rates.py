"""The usage plan here: a token bucket for each key, as API Gateway throttles."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from feedsmith_local.template import Throttle

_MOST = 10_000  # keys of an account in API Gateway


class Rates:
    """Holds each usage key to the plan's rate.

    Parameters
    ----------
    throttle
        The plan's limits; None lets all through.
    exempt
        Usage keys without a limit.
    clock
        Seconds that only grow.
    """

    def __init__(
        self,
        throttle: Throttle | None,
        exempt: frozenset[str] = frozenset(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._throttle = throttle
        self._exempt = exempt
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # usage key -> tokens left, when
        self._lock = threading.Lock()

    def wait_s(self, usage_key: str) -> int:
        """0: one more call is within the rate, and counted; otherwise whole seconds until one will be."""
        if self._throttle is None or usage_key in self._exempt:
            return 0
        rate, burst = self._throttle.rate, float(self._throttle.burst)
        with self._lock:
            now = self._clock()
            tokens, then = self._buckets.pop(usage_key, (burst, now))
            tokens = min(burst, tokens + (now - then) * rate)
            admitted = tokens >= 1
            self._buckets[usage_key] = (tokens - admitted, now)
            if len(self._buckets) > _MOST:
                del self._buckets[next(iter(self._buckets))]  # the one unused for longest
        return 0 if admitted else math.ceil((1 - tokens) / rate)
