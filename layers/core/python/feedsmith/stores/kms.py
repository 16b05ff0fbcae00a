"""Data keys and signatures from KMS."""

from __future__ import annotations

from typing import Any

from feedsmith.errors import ConfigurationError
from feedsmith.stores.aws import error_code, translated
from feedsmith.stores.people import DataKeys, Signer


class KmsDataKeys(DataKeys):
    """Data keys under a symmetric KMS key; the tenant is the encryption context, so that KMS logs and checks it.

    Parameters
    ----------
    client
        Low-level ``kms`` client.
    key_id
        Id, ARN or alias of the key.
    """

    def __init__(self, client: Any, key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def generate(self, tenant: str) -> tuple[bytes, bytes]:
        with translated(f"KMS key {self._key_id!r}", "FEEDSMITH_TENANT_KEY"):
            made = self._client.generate_data_key(
                KeyId=self._key_id, KeySpec="AES_256", EncryptionContext={"tenant": tenant}
            )
        return bytes(made["Plaintext"]), bytes(made["CiphertextBlob"])

    def unwrap(self, tenant: str, wrapped: bytes) -> bytes:
        from botocore.exceptions import ClientError

        with translated(f"KMS key {self._key_id!r}", "FEEDSMITH_TENANT_KEY"):
            try:
                opened = self._client.decrypt(
                    KeyId=self._key_id, CiphertextBlob=wrapped, EncryptionContext={"tenant": tenant}
                )
            except ClientError as error:
                if error_code(error) not in ("InvalidCiphertextException", "IncorrectKeyException"):
                    raise
                raise ConfigurationError(
                    f"a data key of this tenant was not made by KMS key {self._key_id!r}: set FEEDSMITH_TENANT_KEY to "
                    "the key that made it"
                ) from error
        return bytes(opened["Plaintext"])


class KmsSigner(Signer):
    """Signatures of an asymmetric KMS key (``ECC_NIST_P256``, ``SIGN_VERIFY``)."""

    def __init__(self, client: Any, key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def sign(self, message: bytes) -> bytes:
        with translated(f"KMS key {self._key_id!r}", "FEEDSMITH_PROOF_KEY"):
            signed = self._client.sign(
                KeyId=self._key_id, Message=message, MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256"
            )
        return bytes(signed["Signature"])

    def public_key(self) -> bytes:
        with translated(f"KMS key {self._key_id!r}", "FEEDSMITH_PROOF_KEY"):
            return bytes(self._client.get_public_key(KeyId=self._key_id)["PublicKey"])
