"""Threads that take turns at every call of a port, in an order that a test decides."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any


class Turns:
    """Lets one of several threads make its next call, as ``order`` says; whoever is done is passed over.

    Parameters
    ----------
    order
        Numbers of threads; begun anew at its end.
    """

    def __init__(self, order: Sequence[int]) -> None:
        self._order = order
        self._place = 0
        self._alive: set[int] = set()
        self._changed = threading.Condition()
        self._me = threading.local()

    def guard(self, port: Any) -> Any:
        """The port, each call of which waits for its thread's turn."""
        return _Guarded(port, self)

    def run(self, *jobs: Callable[[], object]) -> None:
        """Run the jobs, each in a thread of its own; raises what one of them raised."""
        failures: list[BaseException] = []

        def work(number: int, job: Callable[[], object]) -> None:
            self._me.number = number
            try:
                job()
            except BaseException as error:  # noqa: BLE001 - raised below, in the test's own thread
                failures.append(error)
            finally:
                with self._changed:
                    self._alive.discard(number)
                    self._changed.notify_all()

        self._alive = set(range(len(jobs)))
        threads = [threading.Thread(target=work, args=each) for each in enumerate(jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def wait(self) -> None:
        """Wait for this thread's turn, and take it."""
        number = getattr(self._me, "number", None)
        if number is None:
            return
        with self._changed:
            while self._next() != number:
                self._changed.wait(5)
            self._place += 1
            self._changed.notify_all()

    def _next(self) -> int:
        for step in range(len(self._order)):
            number = self._order[(self._place + step) % len(self._order)]
            if number in self._alive:
                return number
        return min(self._alive)


class _Guarded:
    def __init__(self, port: Any, turns: Turns) -> None:
        self._port = port
        self._turns = turns

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._turns.wait()
            return method(*args, **kwargs)

        return call
