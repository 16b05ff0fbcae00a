"""Events sent in the background, in batches, so that no page waits for its log.

Each event gets its id when it is recorded: however often it is sent, it counts once. What cannot be sent is kept and
tried again, less and less often, until the buffer is full; then the oldest events go, since a feed lives on the
newest. What the API will never take is dropped, and the rest of its batch is sent. Whatever is dropped is counted, and
a warning says how many; it says nothing of whose they were.
"""

from __future__ import annotations

import atexit
import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from threading import Condition, Thread

from feedsmith.client.errors import ApiError, InvalidRequest
from feedsmith.client.retries import Retries
from feedsmith.messages import MAX_ROWS
from feedsmith.models import Event, EventType, Recommendation, utcnow

logger = logging.getLogger(__name__)

CLOSE_S = 5.0


class EventBuffer:
    """A bounded queue of events, and the thread that empties it. Threads may share it.

    Parameters
    ----------
    send
        Posts up to 100 events in one try; raises ``ApiError``.
    max_events
        Most events kept, those under way included.
    flush_s
        Seconds that an event waits for others at most.
    backoff
        How long to wait after failures.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Event]], None],
        *,
        max_events: int = 10_000,
        flush_s: float = 1.0,
        backoff: Retries = Retries(first_wait_s=0.5, longest_wait_s=30.0),  # noqa: B008  immutable
    ) -> None:
        self._send = send
        self._max_events = max_events
        self._flush_s = flush_s
        self._backoff = backoff
        self._changed = Condition()
        self._waiting: deque[Event] = deque()
        self._sending: list[Event] = []
        self._flushing = 0
        self._try_now = False
        self._closed = False
        self._thread: Thread | None = None
        self.dropped = 0

    def __len__(self) -> int:
        """Events that are not known to have landed."""
        return len(self._waiting) + len(self._sending)

    def record(
        self,
        user_id: str,
        item_id: str,
        type: EventType,  # noqa: A002  the event's own word
        *,
        at: datetime | None = None,
        value: float | None = None,
        slate: Recommendation | None = None,
    ) -> Event:
        """Take an event and return at once.

        Parameters
        ----------
        at
            When it happened; by default, now.
        value
            A rating in [0, 5], the share watched in [0, 1], the price paid.
        slate
            The recommendation that it answers; place and propensity are looked up there.

        Raises
        ------
        pydantic.ValidationError
            This is no event.
        RuntimeError
            The client is closed.
        """
        place = next((item for item in slate.items if item.item_id == item_id), None) if slate else None
        event = Event(
            event_id=uuid.uuid4().hex,
            user_id=user_id,
            item_id=item_id,
            type=type,
            at=at or utcnow(),
            value=value,
            slate_id=slate.slate_id if slate else None,
            model_version=slate.model_version if slate else None,
            position=place.position if place else None,
            propensity=place.propensity if place else None,
        )
        self._add(event)
        return event

    def show(self, user_id: str, slate: Recommendation) -> None:
        """Record an impression of each item of a slate; rankers learn from these."""
        at = utcnow()
        for item in slate.items:
            self.record(user_id, item.item_id, "impression", at=at, slate=slate)

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing is left to send; whether that came true in time. In asyncio: ``asyncio.to_thread``."""
        with self._changed:
            if len(self):
                self._work()
            self._flushing += 1
            self._try_now = True
            self._changed.notify_all()
            try:
                return self._changed.wait_for(lambda: not len(self), timeout_s)
            finally:
                self._flushing -= 1

    def close(self, timeout_s: float = CLOSE_S) -> None:
        """Send what waits, for so many seconds at most; also called when the interpreter ends."""
        if self._closed:
            return
        until = time.monotonic() + timeout_s
        self.flush(timeout_s)
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            left = len(self)
            self.dropped += left
            self._waiting.clear()
        if self._thread is not None:
            self._thread.join(max(0.0, until - time.monotonic()))
            atexit.unregister(self.close)
        if left:
            logger.warning("%d events could not be sent within %g s and are lost", left, timeout_s)

    def _add(self, event: Event) -> None:
        with self._changed:
            if self._closed:
                raise RuntimeError("this client is closed; record events before")
            self._waiting.append(event)
            self._limit()
            self._work()
            self._changed.notify_all()

    def _work(self) -> None:
        """Have a thread that sends; also where a fork left it behind, with what it was about to send."""
        if self._thread is not None and self._thread.is_alive():
            return
        if self._thread is None:
            atexit.register(self.close)
        self._waiting.extendleft(reversed(self._sending))
        self._sending = []
        self._thread = Thread(target=self._run, name="feedsmith-events", daemon=True)
        self._thread.start()

    def _limit(self) -> None:
        over = len(self) - self._max_events
        for _ in range(min(over, len(self._waiting))):
            self._waiting.popleft()
            self._count(1, f"the buffer of {self._max_events} is full")

    def _count(self, events: int, why: str) -> None:
        # A long outage drops thousands: one line for each power of two.
        before, self.dropped = self.dropped, self.dropped + events
        if before.bit_length() != self.dropped.bit_length():
            logger.warning("%d events dropped so far; the last because %s", self.dropped, why)

    def _run(self) -> None:
        failures, error = 0, None
        while self._take(self._backoff.wait_s(failures, error) if failures else None):
            try:
                self._deliver(self._sending)
            except ApiError as raised:
                failures, error = failures + 1, raised
                if failures == 1:
                    logger.warning("events cannot be sent and are kept (%s)", raised)
                self._put_back()
            else:
                failures, error = 0, None
                with self._changed:
                    self._sending = []
                    self._changed.notify_all()

    def _take(self, pause_s: float | None) -> bool:
        """Wait until there is a batch to send; False: closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if pause_s is None:
                self._changed.wait_for(
                    lambda: self._flushing or self._closed or len(self._waiting) >= MAX_ROWS, self._flush_s
                )
            else:
                self._changed.wait_for(lambda: self._try_now or self._closed, pause_s)
            self._try_now = False
            if self._closed:
                return False
            self._sending = [self._waiting.popleft() for _ in range(min(MAX_ROWS, len(self._waiting)))]
            return True

    def _put_back(self) -> None:
        with self._changed:
            if not self._closed:
                self._waiting.extendleft(reversed(self._sending))
            self._sending = []
            self._limit()

    def _deliver(self, events: Sequence[Event]) -> None:
        """Send all but those that the API will never take; that it is sent in parts harms nothing."""
        if not events:
            return
        try:
            self._send(events)
        except InvalidRequest as error:
            named = set(_named(error))
            if not named and len(events) > 1:
                half = len(events) // 2
                self._deliver(events[:half])
                self._deliver(events[half:])
                return
            refused = named or {0}
            with self._changed:
                self._count(len(refused), f"the API refused them: {error}")
            self._deliver([event for place, event in enumerate(events) if place not in refused])


def _named(error: InvalidRequest) -> Iterator[int]:
    """Places of the events that a 422 names with paths like ``/events/3/type``."""
    for wrong in error.errors:
        _, rows, place, *_ = [*wrong.path.split("/"), "", ""]
        if rows == "events" and place.isdecimal():
            yield int(place)
