"""The way in, as the template wires it: local gateway, authorizer and API over fakes, and issuers of tokens."""

from __future__ import annotations

import base64
import functools
import json
import time
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from feedsmith import bootstrap
from feedsmith.access.base import Download
from feedsmith.access.keys import KeyRing
from feedsmith.access.keysets import KeySets
from feedsmith.access.service import Authenticator
from feedsmith.access.tokens import Tokens
from feedsmith.errors import StoreUnavailable
from feedsmith.models import Scope
from feedsmith_local import sources
from feedsmith_local.aws import PSEUDO_PARAMETERS
from feedsmith_local.functions import LocalFunction, load_handlers
from feedsmith_local.gateway import Answer, Gateway, Request
from feedsmith_local.rates import Rates
from feedsmith_local.template import Authorizer, Template, Throttle
from support.callers import issuer
from support.ledger import FakeClock
from support.services import fake_services

AUDIENCE = "feedsmith-app"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WEAK_RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # to be refused
P256 = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())

ACME = "https://id.example.com/acme"
OTHER = "https://id.example.com/other"


def public_jwk(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    """The public part of a key as an issuer publishes it."""
    kind: Any = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return {**kind.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig", **more}


class Published(Download):
    """Documents by URL; None: nothing answers there. ``asked`` are the URLs asked for."""

    def __init__(self, **_: Any) -> None:
        self.documents: dict[str, bytes | None] = {}
        self.asked: list[str] = []

    def publish(self, url: str, *keys: Mapping[str, Any]) -> None:
        self.documents[url] = json.dumps({"keys": keys}).encode()

    def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        document = self.documents.get(url)
        if document is None:
            raise StoreUnavailable(f"{url} cannot be reached")
        return document


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsigned(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """The signed part of a token."""
    return ".".join(b64(json.dumps(part).encode()) for part in (header, claims))


def claims(**changed: Any) -> dict[str, Any]:
    """Claims of a good token of acme's user ann; None takes one out."""
    now = int(time.time())
    good = {"iss": ACME, "aud": AUDIENCE, "sub": "ann", "iat": now, "nbf": now, "exp": now + 600}
    return {name: value for name, value in (good | changed).items() if value is not None}


def token(key: Any = RSA, algorithm: str = "RS256", header: Mapping[str, Any] | None = None, **changed: Any) -> str:
    """A signed token; ``header`` over the usual one."""
    return jwt.encode(claims(**changed), key, algorithm, headers={"kid": "k1", **(header or {})})


@functools.cache
def _wired() -> tuple[list[tuple[LocalFunction, sources.Route]], tuple[LocalFunction, Authorizer]]:
    """The API's routes and its guard, as the template has them, but nothing is kept of what the guard said."""
    template = Template(parameters={**PSEUDO_PARAMETERS, "QdrantUrl": "", "ReauthorizeSeconds": "0"})
    functions = template.functions()
    handlers = load_handlers({name: functions[name] for name in ("ApiFunction", "AuthorizerFunction")})
    found = functions["ApiFunction"].sources.values()
    routes = [(handlers["ApiFunction"], route) for route in found if isinstance(route, sources.Route)]
    guard = template.authorizer()
    assert guard is not None
    return routes, (handlers["AuthorizerFunction"], guard)


class Door:
    """Everything between an HTTP request and an answer, with two tenants and an issuer for each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, throttle: Throttle | None = None) -> None:
        self.services = fake_services()
        self.clock = FakeClock()
        self.published = Published()
        self.published.publish(
            f"{ACME}/jwks.json",
            public_jwk(RSA, "k1"),
            public_jwk(WEAK_RSA, "weak"),
            public_jwk(P256, "p256"),
            public_jwk(P384, "p384"),
            public_jwk(RSA, "encrypts", use="enc"),
            public_jwk(RSA, "rs512", alg="RS512"),
            {"kty": "RSA", "kid": "broken", "e": "AQAB"},
            {"kty": "oct", "kid": "secret", "k": b64(b"s" * 32)},
        )
        self.published.publish(f"{OTHER}/jwks.json", public_jwk(OTHER_RSA, "k1"))
        ledger = self.services.ledger
        self.key_sets = KeySets(self.published)
        tokens = Tokens(ledger, self.key_sets)
        keys = KeyRing(ledger, self.clock)
        self.services.authenticator = Authenticator(keys, lambda: tokens)
        self.access = self.services.access
        self.access._clock = self.clock
        for url, tenant in ((ACME, "acme"), (OTHER, "other")):
            self.access.save_issuer(issuer(url, tenant, audiences=(AUDIENCE,), algorithms=("RS256", "ES256")))
        monkeypatch.setattr(bootstrap, "_current", lambda: self.services)

        routes, guard = _wired()
        self.routes = [route for _, route in routes]
        self.gateway = Gateway(routes, guard, rates=Rates(throttle))

    def key(self, *scopes: Scope, tenant: str = "acme", **more: Any) -> str:
        """A fresh API key."""
        return self.access.create(tenant, scopes=scopes, **more).text

    def send(self, method: str, target: str, *headers: tuple[str, str], body: Any = None) -> Answer:
        raw = b"" if body is None else json.dumps(body).encode()
        sent = [("Content-Type", "application/json"), *headers]
        return self.gateway.answer(Request(method, target, sent, raw, "127.0.0.1"))

    def call(self, credentials: str, method: str = "GET", target: str | None = None, body: Any = None) -> Answer:
        """A call with a bearer's credentials, by default for the feed of ann."""
        target = target or "/v1/users/ann/recommendations?domain=news"
        return self.send(method, target, ("Authorization", f"Bearer {credentials}"), body=body)
