"""People, data keys and a signer in memory: they pass the same contracts as those in DynamoDB and KMS."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from threading import RLock

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from feedsmith.errors import ConfigurationError
from feedsmith.stores.keyring import Keyring
from feedsmith.stores.people import DataKeys, Erasure, Handle, People, Signer, WrappedKey, erased_mark


class InMemoryPeople(People):
    """People in dictionaries."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._keys: dict[str, dict[int, WrappedKey]] = {}
        self._bound: dict[tuple[str, Handle], str] = {}
        self._erasures: dict[tuple[str, str], Erasure] = {}

    def tenant_keys(self, tenant: str) -> list[WrappedKey]:
        with self._lock:
            return [key for _, key in sorted(self._keys.get(tenant, {}).items(), reverse=True)]

    def add_tenant_key(self, tenant: str, key: WrappedKey) -> bool:
        with self._lock:
            return self._keys.setdefault(tenant, {}).setdefault(key.version, key) is key

    def drop_tenant_key(self, tenant: str, version: int) -> None:
        with self._lock:
            self._keys.get(tenant, {}).pop(version, None)

    def subject(self, tenant: str, handle: Handle) -> str | None:
        return self._bound.get((tenant, handle))

    def bind(self, tenant: str, handle: Handle, user: str) -> str:
        with self._lock:
            return self._bound.setdefault((tenant, handle), user)

    def unbind(self, tenant: str, handle: Handle, user: str) -> bool:
        with self._lock:
            if self._bound.get((tenant, handle)) != user:
                return False
            del self._bound[tenant, handle]
            return True

    def bound(self, tenant: str, version: int) -> Iterator[tuple[Handle, str]]:
        with self._lock:
            held = list(self._bound.items())
        for (owner, handle), user in held:
            if owner == tenant and handle.version == version:
                yield handle, user

    def begin_erasure(self, erasure: Erasure) -> None:
        with self._lock:
            self._erasures[erasure.tenant, erasure.mark] = erasure

    def finish_erasure(self, tenant: str, mark: str) -> None:
        with self._lock:
            if (tenant, mark) in self._erasures:
                self._erasures[tenant, mark] = replace(self._erasures[tenant, mark], done=True)

    def forget_erasure(self, tenant: str, mark: str) -> None:
        with self._lock:
            self._erasures.pop((tenant, mark), None)

    def erasures(self, tenant: str | None = None) -> list[Erasure]:
        with self._lock:
            return [erasure for (owner, _), erasure in self._erasures.items() if tenant in (None, owner)]

    def erased(self, tenant: str, users: Iterable[str]) -> set[str]:
        with self._lock:
            return {user for user in users if (tenant, erased_mark(tenant, user)) in self._erasures}

    def drop_tenant(self, tenant: str) -> None:
        """Forget all of a tenant, as the ledger's table does."""
        with self._lock:
            self._keys.pop(tenant, None)
            self._bound = {key: user for key, user in self._bound.items() if key[0] != tenant}
            self._erasures = {key: erasure for key, erasure in self._erasures.items() if key[0] != tenant}


class InMemoryDataKeys(DataKeys):
    """Data keys under a random key of this object; ``calls`` counts what KMS would charge for."""

    def __init__(self) -> None:
        self._cipher = AESGCM(os.urandom(32))
        self.calls = 0

    def generate(self, tenant: str) -> tuple[bytes, bytes]:
        self.calls += 1
        key, nonce = os.urandom(32), os.urandom(12)
        return key, nonce + self._cipher.encrypt(nonce, key, tenant.encode())

    def unwrap(self, tenant: str, wrapped: bytes) -> bytes:
        self.calls += 1
        try:
            return self._cipher.decrypt(wrapped[:12], wrapped[12:], tenant.encode())
        except InvalidTag:
            raise ConfigurationError("not a data key of this tenant: set FEEDSMITH_TENANT_KEY") from None


class InMemorySigner(Signer):
    """Signs with a fresh key."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message, ec.ECDSA(SHA256()))

    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sealer() -> Keyring:
    """A keyring of its own, for stores that only need to seal."""
    data_keys = InMemoryDataKeys()
    return Keyring(InMemoryPeople(), lambda: data_keys)
