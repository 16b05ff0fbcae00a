"""Two tenants with something in every store, canaries in all of it, and every kind of caller."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from feedsmith import bootstrap
from feedsmith.access.keys import KeyRing, new_key
from feedsmith.access.keysets import KeySets
from feedsmith.access.service import Authenticator
from feedsmith.access.tokens import Tokens
from feedsmith.models import OWN_SCOPES, SCOPES, Caller
from feedsmith_local.gateway import Answer, Gateway, Request
from feedsmith_local.rates import Rates
from feedsmith_local.stack import LocalStack
from fuzz.plants import VOCABULARY, plant, plant_once
from support.callers import issuer
from support.door import ACME, AUDIENCE, OTHER, OTHER_RSA, RSA, Published, public_jwk, token
from support.services import BagOfWords


@dataclass(frozen=True, slots=True)
class Canary:
    """A string that only its tenant may see, and of its tenant's users only ``user``; None: all of them."""

    text: str
    tenant: str
    user: str | None = None

    def may_reach(self, caller: Caller | None) -> bool:
        """Whether an answer to this caller may hold it."""
        if caller is None or caller.tenant != self.tenant:
            return False
        return self.user is None or caller.role != "user" or caller.subject == self.user


@dataclass(frozen=True, slots=True)
class Role:
    """A kind of caller: its Authorization header, and who it is; None: nobody."""

    name: str
    authorization: str | None
    caller: Caller | None


class Tail(io.TextIOBase):
    """The last lines that were written."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=50)

    def write(self, text: str) -> int:
        """Keep them."""
        self.lines.extend(line for line in text.splitlines() if "request " in line and '"level"' in line)
        return len(text)


@dataclass(slots=True)
class World:
    """The local stack, its callers and what is hidden in it."""

    stack: LocalStack
    gateway: Gateway
    log: Tail
    seed: int
    roles: list[Role] = field(default_factory=list)
    canaries: dict[str, Canary] = field(default_factory=dict)
    vocabulary: dict[str, tuple[Any, ...]] = field(default_factory=lambda: dict(VOCABULARY))

    def ask(self, authorization: str, method: str, target: str, body: Any = None) -> Answer:
        """One request."""
        headers = [("Content-Type", "application/json"), ("Authorization", authorization)]
        raw = b"" if body is None else json.dumps(body).encode()
        return self.gateway.answer(Request(method, target, headers, raw, "127.0.0.1"))

    def ask_as(self, tenant: str, method: str, target: str, body: Any = None) -> None:
        """One good request of a tenant's operator."""
        operator = next(role for role in self.roles if role.name == f"operator of {tenant}")
        answer = self.ask(str(operator.authorization), method, target, body)
        assert answer.status < 300, (method, target, answer)

    def hide(self, slot: str, tenant: str, user: str | None = None) -> str:
        """A canary for one place; the same place has the same one."""
        drawn = Random(f"{self.seed}:{slot}:{tenant}:{user}").getrandbits(64)
        canary = Canary(f"cnry{drawn:016x}", tenant, user)
        self.canaries[canary.text] = canary
        return canary.text

    def hide_from_all(self, text: str) -> None:
        """A string that nobody may see."""
        self.canaries[text] = Canary(text, "nobody at all")


@contextlib.contextmanager
def world(seed: int) -> Iterator[World]:
    """A stack of its own, from entering to leaving."""
    memory = Path("/dev/shm")
    log = Tail()
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        contextlib.redirect_stdout(log),
        LocalStack(Path(folder), port=0, environment={"FEEDSMITH_WRITER": "extractive"}) as stack,
    ):
        services = bootstrap.services()
        services.embedder = bootstrap.Lazy(_embedder)
        made = World(stack, stack.gateway, log, seed)
        made.gateway._rates = Rates(None)  # how much one may call is not the matter here
        _let_in(made, services)
        plant_once(made)
        plant(made)
        yield made


def _embedder() -> BagOfWords:
    made = BagOfWords()
    bootstrap.services().vectors().prepare(dimension=made.dimension, embedder=made.name)
    return made


def _let_in(made: World, services: bootstrap.Services) -> None:
    published = Published()
    published.publish(f"{ACME}/jwks.json", public_jwk(RSA, "k1"))
    published.publish(f"{OTHER}/jwks.json", public_jwk(OTHER_RSA, "k1"))
    tokens = Tokens(services.ledger, KeySets(published))
    services.authenticator = Authenticator(KeyRing(services.ledger), lambda: tokens)
    for url, tenant in ((ACME, "acme"), (OTHER, "rival")):
        services.access.save_issuer(issuer(url, tenant, audiences=(AUDIENCE,)))

    def key(tenant: str, **more: Any) -> str:
        return f"Bearer {services.access.create(tenant, **more).text}"

    def user(tenant: str, subject: str, **changed: Any) -> Role:
        later = int((datetime.now(UTC) + timedelta(hours=3)).timestamp())
        who = {"iss": ACME if tenant == "acme" else OTHER, "sub": subject, "exp": later, **changed}
        text = token(RSA if tenant == "acme" else OTHER_RSA, **who)
        caller = Caller(tenant=tenant, role="user", subject=subject, scopes=OWN_SCOPES)
        return Role(f"user {subject} of {tenant}", f"Bearer {text}", caller)

    revoked = services.access.create("acme", role="operator")
    services.access.revoke(revoked.key.id)
    good = services.access.create("acme", role="operator")
    made.roles += [
        Role("nobody", None, None),
        Role("garbage key", "Bearer garbage", None),
        Role("unknown key", f"Bearer {new_key()}", None),
        Role("revoked key", f"Bearer {revoked.text}", None),
        Role("cut key", f"Bearer {good.text[:-1]}", None),
        Role("other scheme", f"Basic {good.text}", None),
        Role("expired token", user("acme", "ann", exp=1).authorization, None),
        Role("foreign signature", f"Bearer {token(OTHER_RSA)}", None),
        *(
            Role(f"service {scope}", key("acme", scopes=[scope]), Caller(tenant="acme", scopes=frozenset({scope})))
            for scope in SCOPES
        ),
        Role("operator of acme", f"Bearer {good.text}", Caller(tenant="acme", role="operator")),
        Role("operator of rival", key("rival", role="operator"), Caller(tenant="rival", role="operator")),
        user("acme", "ann"),
        user("acme", "bob"),
        user("rival", "rita"),
    ]
