"""Who calls."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Final, Literal, get_args

from pydantic import Field, StringConstraints

from feedsmith.models.base import Domain, Model, Utc

Scope = Literal["items:write", "events:write", "recommend:read", "texts:write", "users:admin", "insight:read"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
USER_SCOPES: Final[frozenset[Scope]] = frozenset({"events:write", "recommend:read", "texts:write"})
OWN_SCOPES: Final[frozenset[Scope]] = USER_SCOPES | {"users:admin"}
"""What a user may have: consent, tags, export and erasure are ``users:admin``, and of themselves only."""


class Caller(Model):
    """Who calls: what the authorizer found out.

    A ``service`` acts for all users of its tenant, within its scopes; a ``user`` for themselves, ``subject`` being
    their own user id. ``operator`` is a service with every scope.
    """

    tenant: Domain
    role: Literal["service", "user", "operator"] = "service"
    subject: str = ""
    scopes: frozenset[Scope] = frozenset()

    def may(self, scope: Scope, user_id: str | None = None) -> bool:
        """Whether a call that needs ``scope`` is allowed; ``user_id``: whom it is about, None for nobody.

        A user reaches nothing of another's, and what is about nobody only by :data:`USER_SCOPES`.
        """
        if self.role == "user":
            reached = scope in USER_SCOPES if user_id is None else user_id == self.subject
            return reached and scope in self.scopes
        return self.role == "operator" or scope in self.scopes


KeyId = Annotated[str, StringConstraints(pattern=r"^[a-z2-7]{20}$")]
# Without TLS, whoever sits on the way could give us keys; only this very machine needs none.
IssuerUrl = Annotated[
    str, StringConstraints(max_length=500, pattern=r"^(https://|http://(127\.0\.0\.1|localhost)[:/])[\x21-\x7e]+$")
]
SigningAlgorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


class ApiKey(Model):
    """A service's API key, as the ledger keeps it: all but the secret.

    ``secret_hash`` is the secret's SHA-256 in hex. ``revision`` grows with each change.
    """

    id: KeyId
    tenant: Domain
    role: Literal["service", "operator"] = "service"
    scopes: frozenset[Scope] = frozenset()
    label: Annotated[str, StringConstraints(max_length=100)] = ""
    secret_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(repr=False)
    created_at: Utc
    expires_at: Utc | None = Field(None, description="Not let in from this time on")
    revoked_at: Utc | None = None
    revision: int = Field(0, ge=0)

    def valid_at(self, now: datetime) -> bool:
        """Whether the key lets its holder in."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class Issuer(Model):
    """An OIDC issuer whose access tokens let a tenant's users in.

    ``url`` is the tokens' ``iss``, letter by letter. ``audiences``: the ``aud`` values that mean this API; for Cognito,
    whose access tokens have none, the ids of the app clients. ``algorithms``: those that the issuer signs with; never
    a symmetric one, for which the public key would be the secret. ``revision`` grows with each change.
    """

    url: IssuerUrl
    tenant: Domain
    audiences: tuple[Annotated[str, StringConstraints(min_length=1, max_length=500)], ...] = Field(
        min_length=1, max_length=20
    )
    jwks_uri: IssuerUrl = Field(description="Where the issuer publishes its keys")
    algorithms: tuple[SigningAlgorithm, ...] = Field(("RS256",), min_length=1)
    revision: int = Field(0, ge=0)

    @property
    def id(self) -> str:
        """A short name of the url, 32 hex digits."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:32]
