"""Events that count, and that are nobody's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from feedsmith.models import Event

_PREFIX: Final = "anon-"


def is_anonymous(user: str) -> bool:
    """Whether a pseudonym is one event's alone, and no person's."""
    return user.startswith(_PREFIX)


def anonymized(tenant: str, event: Event, pseudonym: Callable[[str, str], str]) -> tuple[str, Event]:
    """A pseudonym for this event alone, and the event without what ties it to others of its user.

    The pseudonym is a keyed hash of user and event: no two events share one, and without the key none can be traced
    to its user; yet the same event, sent again, gets the same one and is a duplicate. The caller's ``event_id``, which
    may name the user, and ``slate_id``, which events of one visit share, are left out.
    """
    # No user id contains a NUL, so this is nobody's own pseudonym.
    user = _PREFIX + pseudonym(tenant, f"{event.user_id}\0{event.identity}")
    return user, event.model_copy(update={"event_id": None, "slate_id": None})
