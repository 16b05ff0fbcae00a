"""Keeps the profiles in the vector store in step with the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import numpy as np

from feedsmith.domains.loader import Domain
from feedsmith.models import Profile, utcnow
from feedsmith.privacy.wishes import Decisions
from feedsmith.profiles.build import KnownItems, build_profile, positive_history
from feedsmith.profiles.interests import MIN_SIMILARITY
from feedsmith.profiles.tags import Tag, Unheeded, domain_tags
from feedsmith.stores import codec
from feedsmith.stores.ledger import Ledger
from feedsmith.stores.vectors import Vector, VectorStore


class ProfileService:
    """Computes profiles from the ledger, and reads them: of users who allow it, and of nobody else.

    Parameters
    ----------
    decisions
        What users allow and wish.
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
        decisions: Decisions,
        history_length: int,
        min_similarity: float = MIN_SIMILARITY,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._vectors = vectors
        self._ledger = ledger
        self._domains = domains
        self._decisions = decisions
        self._history_length = history_length
        self._dimension: int | None = None
        self._min_similarity = min_similarity
        self._clock = clock

    def recompute(self, tenant: str, user: str, *, asked: str | None = None) -> dict[str, Profile]:
        """Compute and store the user's profiles anew; the answer is by domain.

        There is one for each domain that the interactions' items are in, for each that had one before (empty, if
        nothing is left in it), and for ``asked``. Nothing in the ledger (any more), or no consent to profiling: none,
        and none stay stored. A tenant without any item has no place for profiles either; they are answered, and not
        stored.

        The revision is drawn before the ledger is read: who holds the higher one has read no less, so that the stale
        writer may lose. An erasure clears the ledger before the profiles, and a withdrawal is written before they go;
        the look at the ledger after the write keeps a recompute that began before from bringing a profile back.

        Raises
        ------
        StoreUnavailable
            A store does not answer; what is stored is as before, or new for some of the domains.
        """
        keys = {codec.profile_key(user, name): name for name in self._domains}
        if not self._may_profile(tenant, user):  # before a revision would leave a trace of an erased user
            self._vectors.delete(tenant, "users", list(keys))
            return {}
        revision = self._ledger.next_revision(tenant, user)
        unheeded = Unheeded.of(self._decisions.in_effect(tenant, user).wishes)
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
                unheeded=unheeded,
            )
            for name, domain in self._domains.items()
            if name in wanted
        }
        dimension = self._known_dimension(tenant, items)
        if not profiles or dimension is None:
            return profiles
        points = [codec.profile_point(profile, dimension) for profile in profiles.values()]
        self._vectors.upsert(tenant, "users", points, newer="revision")
        if not self._may_profile(tenant, user):
            self._vectors.delete(tenant, "users", list(keys))
            return {}
        return profiles

    def tags(self, tenant: str, user: str) -> dict[str, tuple[Tag, ...]]:
        """What a user's interactions say of their interests, by domain; domains without any are left out.

        Computed from the ledger, as the profile is; nothing is stored.
        """
        if not self._may_profile(tenant, user):
            return {}
        unheeded = Unheeded.of(self._decisions.in_effect(tenant, user).wishes)
        events = self._ledger.history(tenant, user, self._history_length)
        items = self._items(tenant, sorted({event.item_id for event in events}))
        found = {
            name: domain_tags(positive_history(domain, events, items, unheeded=unheeded))
            for name, domain in self._domains.items()
        }
        return {name: tags for name, tags in found.items() if tags}

    def drop_refused(self, tenant: str) -> int:
        """Remove the profiles of all users who do not allow them (any more); returns how many were removed.

        For after a change of the tenant's default; when users decide themselves, their profiles go at once.
        """
        dropped, cursor = 0, None
        while True:
            page = self._vectors.scroll(tenant, "users", cursor=cursor, fields=())
            users = {hit.key: hit.key.partition(":")[2] for hit in page.hits}
            refused = {user for user in set(users.values()) if not self._allowed(tenant, user)}
            keys = [key for key, user in users.items() if user in refused]
            self._vectors.delete(tenant, "users", keys)
            dropped += len(keys)
            if (cursor := page.cursor) is None:
                return dropped

    def load(self, tenant: str, user: str, domain: str) -> Profile | None:
        """The user's profile in a domain; None: the ledger knows nothing of this user.

        Whoever uses the profile has asked for the user's consent, with what else they wish; it is not asked again.

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

    def _may_profile(self, tenant: str, user: str) -> bool:
        return bool(self._ledger.history(tenant, user, 1)) and self._allowed(tenant, user)

    def _allowed(self, tenant: str, user: str) -> bool:
        return self._decisions.in_effect(tenant, user).consent.profiling

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
