"""The ports behind a person's rights: who is who, which users are being erased, and the tenants' keys."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

ERASED_KEPT: Final = timedelta(hours=26)
"""How long an erased pseudonym is refused: the stream gives nothing again after 24 hours."""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A tenant's data key as it is stored: encrypted, and numbered from 1."""

    version: int
    wrapped: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Handle:
    """What a user id becomes under one version of its tenant's key."""

    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure that was begun.

    ``note`` is sealed under the tenant's key and says what is erased. ``done``: nothing is known to be left.
    """

    tenant: str
    mark: str
    note: str = field(repr=False)
    begun_at: datetime
    done: bool = False


def erased_mark(tenant: str, user: str) -> str:
    """What remains of a pseudonym for a day: SHA-256. It cannot be tried out, the pseudonym being 160 random bits."""
    return hashlib.sha256(f"erased\0{tenant}\0{user}".encode()).hexdigest()


class People(ABC):
    """Small records about people and keys; each call is read consistently."""

    @abstractmethod
    def tenant_keys(self, tenant: str) -> list[WrappedKey]:
        """A tenant's data keys, newest first."""

    @abstractmethod
    def add_tenant_key(self, tenant: str, key: WrappedKey) -> bool:
        """Store a data key; False: somebody else stored that version."""

    @abstractmethod
    def drop_tenant_key(self, tenant: str, version: int) -> None:
        """Delete a data key, and with it the way to all that was sealed under it."""

    @abstractmethod
    def subject(self, tenant: str, handle: Handle) -> str | None:
        """The pseudonym that a handle is bound to."""

    @abstractmethod
    def bind(self, tenant: str, handle: Handle, user: str) -> str:
        """Bind a handle to a pseudonym, unless it is bound; the pseudonym that it is bound to now."""

    @abstractmethod
    def unbind(self, tenant: str, handle: Handle, user: str) -> bool:
        """Forget a handle if it is bound to this pseudonym; False: it is not."""

    @abstractmethod
    def bound(self, tenant: str, version: int) -> Iterator[tuple[Handle, str]]:
        """All handles of one version of a key, with their pseudonyms. It walks over the whole table."""

    @abstractmethod
    def begin_erasure(self, erasure: Erasure) -> None:
        """Note an erasure, then refuse its pseudonym; again, it changes nothing but the note."""

    @abstractmethod
    def finish_erasure(self, tenant: str, mark: str) -> None:
        """Mark an erasure as done."""

    @abstractmethod
    def forget_erasure(self, tenant: str, mark: str) -> None:
        """Delete the note and the mark."""

    @abstractmethod
    def erasures(self, tenant: str | None = None) -> list[Erasure]:
        """The noted erasures of a tenant, or of all, done ones too."""

    @abstractmethod
    def erased(self, tenant: str, users: Iterable[str]) -> set[str]:
        """Those of the pseudonyms that are refused."""


class DataKeys(ABC):
    """Makes and decrypts data keys under a key that never leaves its service."""

    @abstractmethod
    def generate(self, tenant: str) -> tuple[bytes, bytes]:
        """A random data key of 32 bytes, and the same encrypted for this tenant alone."""

    @abstractmethod
    def unwrap(self, tenant: str, wrapped: bytes) -> bytes:
        """The data key again.

        Raises
        ------
        ConfigurationError
            It was encrypted for another tenant, under another key, or was changed.
        """


class Signer(ABC):
    """Signs with a key that never leaves its service: ECDSA on P-256 with SHA-256 (ES256)."""

    @abstractmethod
    def sign(self, message: bytes) -> bytes:
        """The signature, DER."""

    @abstractmethod
    def public_key(self) -> bytes:
        """The public key, DER (SubjectPublicKeyInfo)."""
