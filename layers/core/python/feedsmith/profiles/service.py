"""Keeps the profiles in the vector store in step with the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import numpy as np

from feedsmith.domains.loader import Domain
from feedsmith.models import Profile, utcnow
from feedsmith.profiles.build import KnownItems, build_profile
from feedsmith.profiles.interests import MIN_SIMILARITY
from feedsmith.stores import codec
from feedsmith.stores.base import Ledger, Vector, VectorStore


class ProfileService:
    """Computes profiles from the ledger, and reads them.

    Parameters
    ----------
    history_length
        Newest interactions, over all domains, that make a user's profiles.
    min_similarity
        See :func:`feedsmith.profiles.interests.min_similarity_of`.
    """

    def __init__(
        self,
        vectors: VectorStore,
        ledger: Ledger,
        domains: Mapping[str, Domain],
        *,
        history_length: int,
        min_similarity: float = MIN_SIMILARITY,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._vectors = vectors
        self._ledger = ledger
        self._domains = domains
        self._history_length = history_length
        self._dimension: int | None = None
        self._min_similarity = min_similarity
        self._clock = clock

    def recompute(self, tenant: str, user: str, *, asked: str | None = None) -> dict[str, Profile]:
        """Compute and store the user's profiles anew; the answer is by domain.

        There is one for each domain that the interactions' items are in, for each that had one before (empty, if
        nothing is left in it), and for ``asked``. Nothing in the ledger (any more): none, and none stay stored. A
        tenant without any item has no place for profiles either; they are answered, and not stored.

        The revision is drawn before the ledger is read: who holds the higher one has read no less, so that the stale
        writer may lose. An erasure clears the ledger before the profiles; the look at the ledger after the write
        keeps a recompute that began before from bringing a profile back.

        Raises
        ------
        StoreUnavailable
            A store does not answer; what is stored is as before, or new for some of the domains.
        """
        keys = {codec.profile_key(user, name): name for name in self._domains}
        if not self._ledger.history(tenant, user, 1):  # before a revision would leave a trace of an erased user
            self._vectors.delete(tenant, "users", list(keys))
            return {}
        revision = self._ledger.next_revision(tenant, user)
        events = self._ledger.history(tenant, user, self._history_length)
        items = self._items(tenant, sorted({event.item_id for event in events}))
        stored = {keys[key] for key in self._vectors.retrieve(tenant, "users", list(keys), fields=())}
        wanted = {known.item.domain for known, _ in items.values()} | stored | {asked}
        profiles = {
            name: build_profile(
                user,
                domain,
                events,
                items,
                revision=revision,
                now=self._clock(),
                min_similarity=self._min_similarity,
            )
            for name, domain in self._domains.items()
            if name in wanted
        }
        dimension = self._known_dimension(tenant, items)
        if not profiles or dimension is None:
            return profiles
        points = [codec.profile_point(profile, dimension) for profile in profiles.values()]
        self._vectors.upsert(tenant, "users", points, newer="revision")
        if not self._ledger.history(tenant, user, 1):
            self._vectors.delete(tenant, "users", list(keys))
            return {}
        return profiles

    def load(self, tenant: str, user: str, domain: str) -> Profile | None:
        """The user's profile in a domain; None: the ledger knows nothing of this user.

        One read where the profile is there and complete. One whose items were unknown is computed again once any of
        them is there, and so is one that is absent although the user did something, or that an earlier version left
        without its history.

        Raises
        ------
        NotFound
            There is no such domain.
        StoreUnavailable
            A store does not answer.
        """
        key = codec.profile_key(user, self._domains[domain].name)
        hit = self._vectors.retrieve(tenant, "users", [key], with_vectors=True).get(key)
        if hit is None:
            known = self._ledger.history(tenant, user, 1)
            return self.recompute(tenant, user, asked=domain).get(domain) if known else None
        profile = codec.profile_of(hit)
        if profile.liked and not profile.history:
            return self.recompute(tenant, user, asked=domain).get(domain)
        if profile.missing and self._vectors.retrieve(tenant, "items", profile.missing):
            return self.recompute(tenant, user, asked=domain).get(domain)
        return profile

    def _items(self, tenant: str, item_ids: list[str]) -> KnownItems:
        hits = self._vectors.retrieve(tenant, "items", item_ids, with_vectors=True)
        return {
            key: (codec.item_of(hit), np.asarray(hit.vector, dtype=np.float32))
            for key, hit in hits.items()
            if hit.vector is not None
        }

    def _known_dimension(self, tenant: str, items: KnownItems) -> int | None:
        """Length of the vectors, as some item has it; None: the tenant has no items."""
        if self._dimension is None:
            known: list[Vector | None] = [vector for _, vector in items.values()]
            if not known:
                page = self._vectors.scroll(tenant, "items", limit=1, with_vectors=True)
                known = [hit.vector for hit in page.hits]
            self._dimension = next((len(vector) for vector in known if vector is not None), None)
        return self._dimension
