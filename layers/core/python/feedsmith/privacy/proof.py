"""Proofs of erasure: signed statements that name nobody, and that whoever knows the user id can check."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from feedsmith.errors import InvalidRequest
from feedsmith.models import Model, Utc
from feedsmith.stores.people import Signer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

_HEADER: Final = {"alg": "ES256", "typ": "feedsmith-erasure+jwt"}
_COORDINATE: Final = 32  # bytes of r and of s; RFC 7518, 3.4


class Statement(Model):
    """What a proof says: at ``at``, nothing was held of this user of this tenant any more.

    ``erased`` counts what the erasure deleted, by kind. ``commitment`` is scrypt of the user id with ``salt``.
    """

    tenant: str
    at: Utc
    erased: dict[str, int]
    salt: str
    commitment: str


def sign(tenant: str, user_id: str, erased: dict[str, int], at: datetime, signer: Signer) -> str:
    """A proof as a compact JWS (RFC 7515)."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    salt = os.urandom(16)
    commitment = _commitment(tenant, user_id, salt)
    said = Statement(tenant=tenant, at=at, erased=erased, salt=salt.hex(), commitment=commitment.hex())
    signed = f"{_encode(json.dumps(_HEADER).encode())}.{_encode(said.model_dump_json().encode())}"
    r, s = decode_dss_signature(signer.sign(signed.encode()))
    return f"{signed}.{_encode(r.to_bytes(_COORDINATE, 'big') + s.to_bytes(_COORDINATE, 'big'))}"


def verify(proof: str, user_id: str, public_key: bytes) -> Statement:
    """What a proof says, if it is genuine and about this user.

    Parameters
    ----------
    public_key
        DER, as :meth:`feedsmith.stores.people.Signer.public_key` gives it.

    Raises
    ------
    InvalidRequest
        It is no proof, was changed, is not signed by this key, or is about somebody else.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    signed, _, signature = proof.strip().rpartition(".")
    header, _, payload = signed.partition(".")
    try:
        raw = _decode(signature)
        if json.loads(_decode(header)) != _HEADER or len(raw) != 2 * _COORDINATE:
            raise ValueError("another kind of token")
        r, s = (int.from_bytes(half, "big") for half in (raw[:_COORDINATE], raw[_COORDINATE:]))
        _public(public_key).verify(encode_dss_signature(r, s), signed.encode(), ECDSA(SHA256()))
        said = Statement.model_validate_json(_decode(payload))
        expected = _commitment(said.tenant, user_id, bytes.fromhex(said.salt)).hex()
    except (ValueError, InvalidSignature, ValidationError) as error:
        raise InvalidRequest("not a genuine proof: it was changed, or another deployment signed it") from error
    if not hmac.compare_digest(expected, said.commitment):
        raise InvalidRequest("a genuine proof, but about another user id")
    return said


def _commitment(tenant: str, user_id: str, salt: bytes) -> bytes:
    # User ids are often guessable, so that each guess is made to cost some 50 ms and 16 MB (RFC 7914).
    return hashlib.scrypt(f"{tenant}\0{user_id}".encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


def _public(key: bytes) -> EllipticCurvePublicKey:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    loaded = load_der_public_key(key)
    if not isinstance(loaded, EllipticCurvePublicKey) or not isinstance(loaded.curve, SECP256R1):
        raise ValueError("no key on P-256")
    return loaded


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
