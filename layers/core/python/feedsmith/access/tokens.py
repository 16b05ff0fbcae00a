"""Access tokens of end users: JWTs (RFC 7519) of a tenant's own OIDC issuer, checked as RFC 8725 asks.

PyJWT and cryptography load with the first token: services, which call with API keys, don't pay for them.
"""

from __future__ import annotations

import base64
import json
import logging
import re
from typing import Any

import jwt
from pydantic import TypeAdapter, ValidationError

from feedsmith.access.base import Admitted
from feedsmith.access.keysets import KeySets
from feedsmith.errors import Unauthorized
from feedsmith.models import OWN_SCOPES, Caller, Id, Issuer, IssuerUrl, JsonObject, Scope
from feedsmith.stores.ledger import Ledger

logger = logging.getLogger(__name__)

LEEWAY_S = 30
MIN_RSA_BITS = 2048
_MAX_KID = 200
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_CURVES = {"ES256": ("P-256",), "ES384": ("P-384",), "ES512": ("P-521",), "EdDSA": ("Ed25519", "Ed448")}
_REQUIRED = ["exp", "iat", "iss", "sub"]
_URL: TypeAdapter[str] = TypeAdapter(IssuerUrl)
_SUBJECT: TypeAdapter[str] = TypeAdapter(Id)


class _Refused(Exception):
    """Why a token does not let its bearer in; for the log, and not for the bearer."""


class Tokens:
    """Lets the bearers of access tokens in."""

    def __init__(self, ledger: Ledger, key_sets: KeySets) -> None:
        self._ledger = ledger
        self._key_sets = key_sets

    def admit(self, token: str) -> Admitted:
        """Whose token this is.

        Raises
        ------
        Unauthorized
            It is no token of a known issuer for this API, or not valid now.
        StoreUnavailable
            The ledger or the issuer does not answer.
        """
        try:
            return self._admit(token)
        except _Refused as refused:
            logger.info("token refused: %s", refused)
        # Outside the handler, so that no traceback carries a token's content.
        raise Unauthorized

    def _admit(self, token: str) -> Admitted:
        header, claimed = _unverified(token)
        issuer = self._issuer(claimed.get("iss"))
        algorithm = next((known for known in issuer.algorithms if known == header.get("alg")), None)
        if algorithm is None:
            raise _Refused("the issuer does not sign with this algorithm")
        claims = _verified(token, issuer, algorithm, self._key(issuer, algorithm, header))
        _check_audience(claims, issuer)
        try:
            subject = _SUBJECT.validate_python(claims["sub"])
        except ValidationError:
            raise _Refused("the subject is no user id") from None
        caller = Caller(tenant=issuer.tenant, role="user", subject=subject, scopes=_scopes(claims))
        return Admitted(caller, issuer.id)

    def _issuer(self, url: object) -> Issuer:
        try:
            issuer = self._ledger.issuer(_URL.validate_python(url, strict=True))
        except ValidationError:
            issuer = None
        if issuer is None:
            raise _Refused("the issuer is not known")
        return issuer

    def _key(self, issuer: Issuer, algorithm: str, header: JsonObject) -> jwt.PyJWK:
        """The issuer's own key of the token's key id; keys and addresses that a header brings are not looked at."""
        kid = header.get("kid")
        if not isinstance(kid, str) or len(kid) > _MAX_KID:
            raise _Refused("no key id")
        published = self._key_sets.find(issuer.jwks_uri, kid)
        if published is None:
            raise _Refused("the issuer has no such key")
        if published.get("alg", algorithm) != algorithm:
            raise _Refused("the key is for another algorithm")
        if published.get("crv") not in _CURVES.get(algorithm, (None,)):
            raise _Refused("the key lies on another curve")
        try:
            key = jwt.PyJWK(published, algorithm)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
            raise _Refused(f"the published key cannot be read ({type(error).__name__})") from None
        if published.get("kty") == "RSA" and key.key.key_size < MIN_RSA_BITS:
            raise _Refused(f"the published key has under {MIN_RSA_BITS} bits")
        return key


def _unverified(token: str) -> tuple[JsonObject, JsonObject]:
    """Header and claims as they stand there; nothing of them is true yet."""
    segments = token.split(".")
    if len(segments) != 3:
        raise _Refused("not three segments")
    header, claims, _ = map(_decoded, segments)
    found = _object(header), _object(claims)
    if "crit" in found[0]:
        raise _Refused("an extension that we do not understand is critical")
    if str(found[0].get("typ", "JWT")).lower() not in _TYPES:
        raise _Refused("a token of another type")
    return found


def _decoded(segment: str) -> bytes:
    """Base64url in its one canonical form, or the same signature could be written in several ways."""
    if not _SEGMENT.fullmatch(segment) or len(segment) % 4 == 1:
        raise _Refused("not base64url")
    raw = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != segment.encode():
        raise _Refused("not base64url")
    return raw


def _object(raw: bytes) -> JsonObject:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _Refused("not a JSON object")
    return found


def _verified(token: str, issuer: Issuer, algorithm: str, key: jwt.PyJWK) -> dict[str, Any]:
    try:
        return jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=issuer.url,
            leeway=LEEWAY_S,
            # The audience is checked below: Cognito's access tokens carry it in a claim of their own.
            options={"require": _REQUIRED, "verify_aud": False},
        )
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
        raise _Refused(type(error).__name__) from None


def _check_audience(claims: JsonObject, issuer: Issuer) -> None:
    """Refuse a token that is not for this API; an ID token is for the app that asked for it.

    https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
    """
    use = claims.get("token_use")
    if use not in (None, "access"):
        raise _Refused("not an access token")
    named = claims.get("aud", claims.get("client_id") if use == "access" else None)
    if not any(audience in issuer.audiences for audience in (named if isinstance(named, list) else [named])):
        raise _Refused("for another audience")


def _scopes(claims: JsonObject) -> frozenset[Scope]:
    """What the token names of a user's scopes, with or without a resource server before a slash; if none, all of them.

    Most issuers put scopes of their own there, such as ``openid``, and do not know ours.
    """
    claimed = claims.get("scope")
    named = {name.rpartition("/")[2] for name in claimed.split()} if isinstance(claimed, str) else set()
    return frozenset(scope for scope in OWN_SCOPES if scope in named) or OWN_SCOPES
