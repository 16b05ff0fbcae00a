"""A tenant as a whole: new keys, everything it has, and its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from feedsmith.errors import NotFound
from feedsmith.models import JsonObject
from feedsmith.privacy.erasure import ErasureService
from feedsmith.stores.keyring import Keyring
from feedsmith.stores.ledger import Ledger
from feedsmith.stores.objects import Blobs
from feedsmith.stores.people import People
from feedsmith.stores.vectors import Collection, VectorStore

COLLECTIONS: Final[tuple[Collection, ...]] = ("items", "users", "segments")
_PAGE: Final = 256


@dataclass(frozen=True, slots=True)
class Retired:
    """What retiring the old keys took: events sealed anew, users kept, and users who had not come since and went."""

    resealed: int
    erased: int


class TenantService:
    """Rotates, exports and deletes tenants. All of it can be cut short and begun again.

    Parameters
    ----------
    buckets
        Of uploads, work and models; a tenant's objects lie under ``[kind/]tenant/``.
    """

    def __init__(
        self,
        ledger: Ledger,
        vectors: Callable[[], VectorStore],
        blobs: Blobs,
        people: People,
        keyring: Keyring,
        erasure: ErasureService,
        *,
        buckets: tuple[str, str, str],
    ) -> None:
        self._ledger = ledger
        self._vectors = vectors
        self._blobs = blobs
        self._people = people
        self._keyring = keyring
        self._erasure = erasure
        uploads, work, models = buckets
        self._places = (
            (uploads, ""), (work, "staging/"), (work, "rejected/"), (work, "prewriting/"), (work, "insight/"),
            (models, "models/"),
        )  # fmt: skip

    def rotate_key(self, tenant: str) -> int:
        """Make a new version of a tenant's key; its number.

        New records are sealed under it at once, and each user is found under it from their next request on.
        """
        self._known(tenant)
        return self._keyring.rotate(tenant).version

    def retire_keys(self, tenant: str) -> Retired:
        """Delete all versions of a tenant's key but the newest.

        What is sealed under an old one is sealed anew. Users who made no request since the rotation can be found by
        nobody afterwards, so that they are erased.
        """
        self._known(tenant)
        newest, *old = self._keyring.keys(tenant, fresh=True)
        erased = 0
        for key in old:
            for handle, user in list(self._people.bound(tenant, key.version)):
                if self._people.subject(tenant, handle) == user:  # nobody asked for them meanwhile
                    self._erasure.erase_pseudonym(tenant, user, (handle,))
                    erased += 1
        for erasure in self._people.erasures(tenant):
            note = self._keyring.open(tenant, erasure.note, erasure.mark)
            self._people.begin_erasure(replace(erasure, note=newest.seal(note, erasure.mark)))
        resealed = self._ledger.reseal(tenant) if old else 0
        for key in old:
            self._people.drop_tenant_key(tenant, key.version)
        self._keyring.keys(tenant, fresh=True)
        return Retired(resealed, erased)

    def export(self, tenant: str) -> Iterator[JsonObject]:
        """Everything that is held of a tenant but its uploads' bytes, each thing with its ``store``."""
        self._known(tenant)
        for record in self._ledger.tenant_records(tenant):
            yield {"store": "ledger", **record}
        for collection in COLLECTIONS:
            cursor: str | None = None
            while True:
                page = self._vectors().scroll(tenant, collection, limit=_PAGE, cursor=cursor, with_vectors=True)
                for hit in page.hits:
                    vector = None if hit.vector is None else hit.vector.tolist()
                    yield {"store": collection, "key": hit.key, "payload": hit.payload, "vector": vector}
                if (cursor := page.cursor) is None:
                    break
        for bucket, kind in self._places:
            for key in self._blobs.keys(bucket, f"{kind}{tenant}/"):
                yield {"store": "objects", "bucket": bucket, "key": key}

    def delete(self, tenant: str) -> dict[str, int]:
        """Delete everything that is held of a tenant; counts by store.

        Its keys and issuers go first, so that nobody is let in once the authorizer forgets them, some minutes later:
        call again then, to be sure of what was still under way.
        """
        self._known(tenant)
        counts: Counter[str] = Counter()
        counts["ledger"] = self._ledger.erase_tenant(tenant)
        for collection in COLLECTIONS:
            counts[collection] = self._vectors().drop(tenant, collection)
        for bucket, kind in self._places:
            counts["objects"] += self._blobs.delete(bucket, f"{kind}{tenant}/")
        # While its name is there, a second run finds what a first one left.
        self._ledger.forget_tenant(tenant)
        return dict(counts)

    def _known(self, tenant: str) -> None:
        if tenant not in self._ledger.tenants():
            raise NotFound(f"there is no tenant {tenant!r}: check its spelling")
