"""Everything that is held of a user, readable, page by page."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from pydantic import Field

from feedsmith.models import JsonObject, Model, Profile, Segment
from feedsmith.privacy.pseudonyms import Pseudonyms
from feedsmith.stores import codec
from feedsmith.stores.ledger import Ledger
from feedsmith.stores.vectors import VectorStore

PAGE: Final = 1_000


class ExportPage(Model):
    """Part of what is held of a user.

    The first page brings the profiles, the others records only. ``cursor`` is given back for the next page, and is
    null on the last.
    """

    user_id: str
    profiles: tuple[JsonObject, ...] = Field(
        (), description="By domain: interests, topics, history, their vectors as numbers, and the segment nearest to it"
    )
    records: tuple[JsonObject, ...] = Field(
        (), description="Events, wishes and consent, texts written for this user, and how often the profile was made"
    )
    cursor: str | None = None


class UserExport:
    """Reads all that lies under a user.

    Parameters
    ----------
    nearest
        The segment that a taste belongs to: tenant, domain and taste -> segment. Membership is stored nowhere.
    domains
        Names of all domains.
    """

    def __init__(
        self,
        ledger: Ledger,
        vectors: Callable[[], VectorStore],
        pseudonym: Pseudonyms,
        nearest: Callable[[str, str, tuple[float, ...]], Segment | None],
        domains: Collection[str],
    ) -> None:
        self._ledger = ledger
        self._vectors = vectors
        self._pseudonym = pseudonym
        self._nearest = nearest
        self._domains = tuple(domains)

    def page(self, tenant: str, user_id: str, *, limit: int = PAGE, cursor: str | None = None) -> ExportPage:
        """A page of at most ``limit`` records and about a megabyte beside the profiles.

        Raises
        ------
        InvalidRequest
            The cursor is none that a page returned.
        """
        user = self._pseudonym.known(tenant, user_id)
        found = self._ledger.records(tenant, user, limit=limit, cursor=cursor)
        profiles = self._profiles(tenant, user) if cursor is None else ()
        return ExportPage(user_id=user_id, profiles=profiles, records=tuple(found.records), cursor=found.cursor)

    def _profiles(self, tenant: str, user: str) -> tuple[JsonObject, ...]:
        keys = [codec.profile_key(user, domain) for domain in self._domains]
        hits = self._vectors().retrieve(tenant, "users", keys, with_vectors=True)
        return tuple(self._shown(tenant, codec.profile_of(hit)) for hit in hits.values())

    def _shown(self, tenant: str, profile: Profile) -> JsonObject:
        segment = self._nearest(tenant, profile.domain, profile.taste) if profile.taste else None
        membership = None if segment is None else {"id": segment.id, "label": segment.label}
        shown = profile.model_dump(mode="json", exclude={"user"})
        return shown | {"history_vectors": codec.history_rows(profile), "segment": membership}
