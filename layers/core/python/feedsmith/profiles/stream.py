"""The ledger's stream, absorbed into profiles and counters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from aws_lambda_powertools import Logger

from feedsmith.errors import ConfigurationError, FeedsmithError, StoreUnavailable
from feedsmith.insight.counters import CounterService, redriven
from feedsmith.privacy.anonymous import is_anonymous
from feedsmith.privacy.wishes import Decisions
from feedsmith.profiles.service import ProfileService
from feedsmith.stores.ledger import Ledger, StreamRecord
from feedsmith.stores.letters import DeadLetter, DeadLetters

logger = Logger(child=True)


class _Recomputed(NamedTuple):
    """Sequence of the first record whose user's profile waits for a store, and letters on those that cannot be."""

    waiting: str | None
    dead: list[DeadLetter]


class StreamConsumer:
    """Absorbs batches of stream records; absorbing a record again changes nothing.

    What a store's silence or a wrong setting holds up is delivered again. What would fail each time is set aside with
    its reason, so that it holds up nothing: an event of another version, data that a profile or counter breaks on.
    Events of users who refuse analytics are not counted, and those of erased users do nothing at all.
    """

    def __init__(
        self,
        profiles: ProfileService,
        counters: CounterService,
        letters: DeadLetters,
        ledger: Ledger,
        *,
        decisions: Decisions,
        remaining: Callable[[Sequence[StreamRecord]], list[StreamRecord]],
    ) -> None:
        self._profiles = profiles
        self._decisions = decisions
        self._remaining = remaining
        self._counters = counters
        self._letters = letters
        self._ledger = ledger

    def absorb(self, records: Sequence[StreamRecord], unreadable: Sequence[DeadLetter] = ()) -> str | None:
        """Recompute the profiles of the users who did something, then count the events.

        Parameters
        ----------
        records
            In the order of the stream, all of one shard.
        unreadable
            Letters on those records of the same batch that are no event of this version.

        Returns
        -------
        str or None
            Sequence number of the first record that was not absorbed: it and all after it must be delivered again,
            though some of those may be absorbed already. None: all were absorbed or set aside.
        """
        places = sorted(
            [*((r.sequence, r.shard) for r in records), *((u.sequence, u.shard) for u in unreadable)], key=_at
        )
        if not places:
            return None
        (first, shard), (last, _) = places[0], places[-1]
        try:
            noted = self._letters.noted(shard, first, last)
            # Before any counter reads on past them; see DeadLetters.
            self._letters.note([letter for letter in unreadable if letter.sequence not in noted])
            failed, dead = self._absorb([record for record in records if record.sequence not in noted])
            dead += [*unreadable, *(_letter(r, noted[r.sequence]) for r in records if r.sequence in noted)]
            # What comes again brings its letter again; sent now, a long outage would fill the queue with copies.
            self._letters.send([letter for letter in dead if failed is None or int(letter.sequence) < int(failed)])
        except (StoreUnavailable, ConfigurationError) as error:
            logger.warning("the batch will be delivered again", extra={"reason": error.detail})
            return first
        for letter in dead:
            logger.error("an event was set aside", extra={"reason": letter.reason})
        return failed

    def redrive(self, letter: DeadLetter) -> str | None:
        """Absorb the event of a dead letter, read from the ledger; it counts once, however often its letter comes.

        Returns
        -------
        str or None
            Why it could not be absorbed, and the letter is to be kept; None: it was, or its event was erased.
        """
        try:
            event = self._ledger.event(letter.tenant, letter.user, letter.identity)
            if event is None:
                return None
            record = redriven(StreamRecord(letter.tenant, letter.user, event, letter.shard, letter.sequence))
            failed, dead = self._absorb([record], count=not letter.counted)
            if letter.counted:
                self._counters.mirror(letter.tenant, [event.item_id])
        except FeedsmithError as error:
            return error.detail
        if dead:
            return dead[0].reason
        return None if failed is None else "a store does not answer; try again"

    def _absorb(self, records: Sequence[StreamRecord], *, count: bool = True) -> tuple[str | None, list[DeadLetter]]:
        """Sequence of the first record to be delivered again, and letters on those that never can be absorbed."""
        records = self._remaining(records)
        waiting, dead = self._recompute(records)
        if count:
            uncounted = self._counters.absorb(self._countable(records))
            letters = [_letter(record, reason, counted=counted) for record, reason, counted in uncounted]
            self._letters.note([letter for letter in letters if not letter.counted])
            # One letter a record: it redrives the profile too.
            told = {letter.sequence for letter in letters}
            dead = [*letters, *(letter for letter in dead if letter.sequence not in told)]
        return waiting, dead

    def _countable(self, records: Sequence[StreamRecord]) -> list[StreamRecord]:
        users = {(record.tenant, record.user) for record in records}
        agreed = {user for user in users if self._decisions.in_effect(*user).consent.analytics}
        return [record for record in records if (record.tenant, record.user) in agreed]

    def _recompute(self, records: Sequence[StreamRecord]) -> _Recomputed:
        """Recompute each user once."""
        users: dict[tuple[str, str], StreamRecord] = {}
        for record in records:
            if record.event.type != "impression" and not is_anonymous(record.user):
                users.setdefault((record.tenant, record.user), record)
        dead: list[DeadLetter] = []
        for (tenant, user), record in users.items():
            try:
                self._profiles.recompute(tenant, user)
            except (StoreUnavailable, ConfigurationError) as error:
                logger.warning("profiles not written, records will be delivered again", extra={"reason": error.detail})
                return _Recomputed(record.sequence, dead)
            except Exception as error:  # noqa: BLE001 - set aside; one user's data must not stop others
                # Its message may quote the data, so that only its kind is told.
                dead.append(_letter(record, f"its profile cannot be computed ({type(error).__name__})", counted=True))
        return _Recomputed(None, dead)


def _letter(record: StreamRecord, reason: str, *, counted: bool = False) -> DeadLetter:
    identity = record.event.identity
    return DeadLetter(record.tenant, record.user, identity, record.shard, record.sequence, reason, counted)


def _at(place: tuple[str, str]) -> int:
    return int(place[0])
