"""Values that are made when they are first needed."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Lazy(Generic[T]):
    """A value made on the first call, by one thread, once; a failure is not remembered."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.RLock()
        self._made: list[T] = []

    def __call__(self) -> T:
        """The value."""
        if not self._made:
            with self._lock:
                if not self._made:
                    self._made.append(self._make())
                    # What is made here lives as long as the process. The garbage collector need not walk it again and
                    # again: with all that libraries bring, one full collection takes longer than ten requests.
                    gc.freeze()
        return self._made[0]

    @property
    def made(self) -> bool:
        """Whether there is a value yet."""
        return bool(self._made)
