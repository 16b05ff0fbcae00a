"""Events on their way into the ledger: kept under their user, counted as nobody's, or not taken at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from feedsmith.models import Event
from feedsmith.privacy.anonymous import anonymized
from feedsmith.privacy.wishes import Decisions


class EventLedger(Protocol):
    """What keeps events; a ledger does."""

    def append(self, tenant: str, user: str, event: Event) -> bool:
        """As :meth:`feedsmith.stores.ledger.Ledger.append`."""


class Naming(Protocol):
    """Names users; :class:`feedsmith.privacy.pseudonyms.Pseudonyms` does."""

    def __call__(self, tenant: str, user_id: str, /) -> str:
        """A user's pseudonym."""

    def digest(self, tenant: str, text: str, /) -> str:
        """A keyed hash of a text."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How many events were new, how many were there already, and how many their users' wishes forbid to keep."""

    accepted: int = 0
    duplicates: int = 0
    ignored: int = 0


class EventIntake:
    """Appends events as far as their users allow.

    With consent to profiling, an event lies under its user's pseudonym. With consent to analytics alone, it counts
    for its item and lies under a pseudonym of its own. With neither it is not stored.
    """

    def __init__(
        self,
        ledger: EventLedger,
        decisions: Decisions,
        pseudonym: Naming,
        present: Callable[[str, str], bool],
    ) -> None:
        self._ledger = ledger
        self._decisions = decisions
        self._pseudonym = pseudonym
        self._present = present

    def take(self, tenant: str, events: Iterable[Event]) -> Taken:
        """Append the events; what was accepted is durable.

        Raises
        ------
        StoreUnavailable
            The ledger does not answer; some of the events may be in it. Send all of them again.
        """
        by_user: dict[str, list[Event]] = {}
        for event in events:
            by_user.setdefault(event.user_id, []).append(event)
        outcomes: Counter[Literal["accepted", "duplicates", "ignored"]] = Counter()
        for user_id, own in by_user.items():
            user, said = self._append(tenant, user_id, own)
            # An erasure that went on meanwhile is over; these events come after it, and start the user anew.
            while not self._present(tenant, user):
                user, said = self._append(tenant, user_id, own)
            outcomes.update(said)
        return Taken(outcomes["accepted"], outcomes["duplicates"], outcomes["ignored"])

    def _append(
        self, tenant: str, user_id: str, events: Iterable[Event]
    ) -> tuple[str, Counter[Literal["accepted", "duplicates", "ignored"]]]:
        """The pseudonym of one user, and what became of their events."""
        user = self._pseudonym(tenant, user_id)
        consent = self._decisions.in_effect(tenant, user).consent
        said: Counter[Literal["accepted", "duplicates", "ignored"]] = Counter()
        for event in events:
            if consent.profiling:
                new = self._ledger.append(tenant, user, event)
            elif consent.analytics:
                new = self._ledger.append(tenant, *anonymized(tenant, event, self._pseudonym.digest))
            else:
                said["ignored"] += 1
                continue
            said["accepted" if new else "duplicates"] += 1
        return user, said
