"""Dead letters in memory."""

from __future__ import annotations

from collections.abc import Sequence

from feedsmith.errors import StoreUnavailable
from feedsmith.stores.letters import DeadLetter, DeadLetters


class InMemoryDeadLetters(DeadLetters):
    """``sent`` is the queue; ``down``: while True, every call raises ``StoreUnavailable``."""

    def __init__(self) -> None:
        self.sent: list[DeadLetter] = []
        self.down = False
        self._notes: dict[tuple[str, int], DeadLetter] = {}

    def noted(self, shard: str, first: str, last: str) -> dict[str, str]:
        self._check()
        within = range(int(first), int(last) + 1)
        return {
            letter.sequence: letter.reason
            for (owner, place), letter in self._notes.items()
            if owner == shard and place in within
        }

    def note(self, letters: Sequence[DeadLetter]) -> None:
        self._check()
        self._notes.update({(letter.shard, int(letter.sequence)): letter for letter in letters})

    def send(self, letters: Sequence[DeadLetter]) -> None:
        self._check()
        self.sent += letters

    def _check(self) -> None:
        if self.down:
            raise StoreUnavailable("the test's dead letters cannot be sent")
