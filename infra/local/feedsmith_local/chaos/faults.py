"""Which faults happen, and how many did."""

from __future__ import annotations

import random
import threading
from collections import Counter
from typing import Final, Literal, TypeAlias, get_args

Kind: TypeAlias = Literal[
    "duplicates", "reordering", "delay", "partial_batches", "poison",
    "throttling", "timeouts", "unavailable", "crashes",
]  # fmt: skip
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


class Crash(BaseException):
    """The process died here. No handler's ``except Exception`` may hold it up, as it holds up no kill."""


class Died(Exception):
    """What the service that called the function sees of a crash."""


class Faults:
    """Decides by chance, from a seed, and counts what it decided.

    ``intensity`` multiplies all rates: a short run needs more of everything to have some of it.

    Each thread has a generator of its own, seeded with its name: the threads' order does not matter, only what each
    of them does.
    """

    def __init__(self, seed: int, intensity: float = 1.0) -> None:
        self.seed = seed
        self._intensity = intensity
        self.active = False
        self._counts: Counter[Kind] = Counter()
        self._lock = threading.Lock()
        self._local = threading.local()

    @property
    def counts(self) -> dict[Kind, int]:
        """Injected faults by kind: the calls that failed, the events that were moved, repeated or spoilt."""
        with self._lock:
            return {kind: self._counts[kind] for kind in KINDS}

    @property
    def chance(self) -> random.Random:
        """The generator of the thread that asks."""
        if not hasattr(self._local, "chance"):
            self._local.chance = random.Random(f"{self.seed} {threading.current_thread().name}")  # noqa: S311 - a seeded experiment
        chance: random.Random = self._local.chance
        return chance

    def strikes(self, rate: float) -> bool:
        """Whether something that happens at this rate happens now."""
        return self.active and self.chance.random() < rate * self._intensity

    def count(self, kind: Kind, number: int = 1) -> None:
        """Count faults that were injected."""
        with self._lock:
            self._counts[kind] += number
