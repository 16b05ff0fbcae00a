"""Erasing a user from every store, whatever else goes on meanwhile."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from feedsmith.models import utcnow
from feedsmith.privacy import proof
from feedsmith.privacy.pseudonyms import Pseudonyms
from feedsmith.stores import codec
from feedsmith.stores.keyring import Keyring
from feedsmith.stores.ledger import Ledger, StreamRecord
from feedsmith.stores.people import ERASED_KEPT, Erasure, Handle, People, Signer, erased_mark
from feedsmith.stores.vectors import VectorStore

BUDGET_S: Final = 20.0  # of API Gateway's 29


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure deleted, by kind; ``proof`` None: it goes on, call again."""

    counts: dict[str, int]
    proof: str | None


@dataclass(frozen=True, slots=True)
class _Note:
    user: str
    handles: tuple[Handle, ...]


class ErasureService:
    """Erases users.

    The order makes it hold under concurrency and crashes. The note and the mark come first: from then on, writes under
    the pseudonym are taken back by whoever made them. Then the user id is unbound, so that the user's next request
    starts anew under another pseudonym. Then the ledger, then the vectors, since a recompute writes vectors and looks
    at the ledger after. :meth:`sweep` goes over each erasure again until the stream can bring nothing late any more.

    Parameters
    ----------
    domains
        Names of all domains.
    clock, timer
        Now, timezone-aware; monotonic seconds.
    """

    def __init__(
        self,
        ledger: Ledger,
        vectors: Callable[[], VectorStore],
        people: People,
        keyring: Keyring,
        signer: Callable[[], Signer],
        domains: Collection[str],
        *,
        clock: Callable[[], datetime] = utcnow,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._vectors = vectors
        self._people = people
        self._keyring = keyring
        self._signer = signer
        self._domains = tuple(domains)
        self._clock = clock
        self._timer = timer

    def erase(self, tenant: str, user_id: str, *, budget_s: float = BUDGET_S) -> Erased:
        """Erase all that is held of a user; somebody unknown is erased the same way.

        An erasure that was cut short goes on. What does not fit into ``budget_s`` seconds is left to the next call or
        to :meth:`sweep`, and there is no proof yet.
        """
        handles = Pseudonyms(self._people, self._keyring).handles(tenant, user_id)
        begun = [note for note, done in self._notes(tenant) if not done and set(note.handles) & set(handles)]
        found = {user for handle in handles if (user := self._people.subject(tenant, handle)) is not None}
        counts = self._erase_users(tenant, found | {note.user for note in begun}, handles, budget_s)
        if counts is None:
            return Erased({}, None)
        return Erased(counts, proof.sign(tenant, user_id, counts, self._clock(), self._signer()))

    def erase_pseudonym(self, tenant: str, user: str, handles: tuple[Handle, ...]) -> dict[str, int]:
        """Erase a user of whom only pseudonym and handles are known, however long it takes."""
        return self._erase_users(tenant, {user}, handles, float("inf")) or {}

    def present(self, tenant: str, user: str) -> bool:
        """Whether a pseudonym that something was just written under is still a user's; if not, it is cleared again.

        Whoever appends events asks this after.
        """
        if not self._people.erased(tenant, [user]):
            return True
        self._clear(tenant, user, lambda: False)
        return False

    def remaining(self, records: Sequence[StreamRecord]) -> list[StreamRecord]:
        """The records whose users were not erased; what lies in the ledger of the others goes."""
        users: dict[str, set[str]] = {}
        for record in records:
            users.setdefault(record.tenant, set()).add(record.user)
        gone = {(tenant, user) for tenant, some in users.items() for user in self._people.erased(tenant, some)}
        for tenant, user in gone:
            self._clear(tenant, user, lambda: False)
        return [record for record in records if (record.tenant, record.user) not in gone]

    def sweep(self) -> int:
        """Go over all noted erasures again, end those cut short, and forget the old; how many there are still."""
        now, kept = self._clock(), 0
        for erasure in self._people.erasures():
            note = self._opened(erasure)
            self._unbind(erasure.tenant, note)
            self._clear(erasure.tenant, note.user, lambda: False)
            self._people.finish_erasure(erasure.tenant, erasure.mark)
            if now - erasure.begun_at >= ERASED_KEPT:
                self._people.forget_erasure(erasure.tenant, erasure.mark)
            else:
                kept += 1
        return kept

    def _erase_users(
        self, tenant: str, users: Iterable[str], handles: tuple[Handle, ...], budget_s: float
    ) -> dict[str, int] | None:
        """Counts by kind; None: the time was not enough."""
        end = self._timer() + budget_s
        counts: Counter[str] = Counter()
        for user in users:
            note, mark = _Note(user, handles), erased_mark(tenant, user)
            sealed = self._keyring.seal(tenant, _written(note), mark)
            self._people.begin_erasure(Erasure(tenant, mark, sealed, self._clock()))
            self._unbind(tenant, note)
            cleared = self._clear(tenant, user, lambda: self._timer() >= end)
            if cleared is None:
                return None
            counts.update(cleared)
            self._people.finish_erasure(tenant, mark)
        return dict(counts)

    def _unbind(self, tenant: str, note: _Note) -> None:
        for handle in note.handles:
            self._people.unbind(tenant, handle, note.user)

    def _clear(self, tenant: str, user: str, until: Callable[[], bool]) -> Counter[str] | None:
        counts = Counter(self._ledger.erase(tenant, user, until=until))
        if self._ledger.records(tenant, user, limit=1).records and until():
            return None
        keys = [codec.profile_key(user, domain) for domain in self._domains]
        held = self._vectors().retrieve(tenant, "users", keys, fields=())
        self._vectors().delete(tenant, "users", keys)
        if held:
            counts["profile"] += len(held)
        return counts

    def _notes(self, tenant: str) -> list[tuple[_Note, bool]]:
        return [(self._opened(erasure), erasure.done) for erasure in self._people.erasures(tenant)]

    def _opened(self, erasure: Erasure) -> _Note:
        said = json.loads(self._keyring.open(erasure.tenant, erasure.note, erasure.mark))
        return _Note(said["user"], tuple(Handle(version, digest) for version, digest in said["handles"]))


def _written(note: _Note) -> str:
    return json.dumps({"user": note.user, "handles": [[handle.version, handle.digest] for handle in note.handles]})
