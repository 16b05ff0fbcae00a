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
from feedsmith.models import SCOPES, USER_SCOPES, Caller, Segment
from feedsmith.stores.codec import segment_point
from feedsmith_local.gateway import Answer, Gateway, Request
from feedsmith_local.rates import Rates
from feedsmith_local.stack import LocalStack
from support.callers import issuer
from support.door import ACME, AUDIENCE, OTHER, OTHER_RSA, RSA, Published, public_jwk, token
from support.services import DIMENSION, BagOfWords

TENANTS = {"acme": ("ann", "bob"), "rival": ("rita",)}
TITLES = (
    "Striker scores twice as City win the cup final",
    "Bank lifts its interest rate to four per cent",
    "Champion beaten in the first round of the tennis open",
    "国家足球队赢得比赛",
)


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
    roles: list[Role] = field(default_factory=list)
    canaries: list[Canary] = field(default_factory=list)
    vocabulary: dict[str, list[Any]] = field(default_factory=dict)

    def ask(self, authorization: str, method: str, target: str, body: Any = None) -> Answer:
        """One good request."""
        headers = [("Content-Type", "application/json"), ("Authorization", authorization)]
        raw = b"" if body is None else json.dumps(body).encode()
        return self.gateway.answer(Request(method, target, headers, raw, "127.0.0.1"))

    def hide(self, rng: Random, tenant: str, user: str | None = None) -> str:
        """A fresh canary."""
        canary = Canary(f"cnry{rng.getrandbits(64):016x}", tenant, user)
        self.canaries.append(canary)
        return canary.text


@contextlib.contextmanager
def world(rng: Random) -> Iterator[World]:
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
        made = World(stack, stack.gateway, log)
        made.gateway._rates = Rates(None)  # how much one may call is not the matter here
        _let_in(made, services)
        plant(made, rng)
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
        caller = Caller(tenant=tenant, role="user", subject=subject, scopes=USER_SCOPES)
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


def plant(made: World, rng: Random) -> None:
    """Put canaries in every store; again and again, since requests delete things."""
    services = bootstrap.services()
    made.vocabulary |= {
        "domain": ["news"] * 8 + ["commerce", "weather"],
        "language": ["en", "en", "zh", "de"],
        "user_id": ["ann", "ann", "bob", "rita", "nobody-yet"],
        "limit": [1, 5, 10, 100],
        "item_id": ["unknown"],
        "name": ["items.jsonl", "control", "variant", "other"],
        "tag": ["sport", "business"],
        "experiment_id": ["trial-acme", "trial-rival", "no-trial"],
    }
    for tenant, users in TENANTS.items():
        operator = next(str(role.authorization) for role in made.roles if role.name == f"operator of {tenant}")

        def ask(method: str, target: str, body: Any = None, who: str = operator) -> None:
            answer = made.ask(who, method, target, body)
            assert answer.status < 300, (method, target, answer)

        ids = [f"{tenant}-{n}" for n in range(len(TITLES))]
        made.vocabulary["item_id"] += ids
        ask("POST", "/v1/items", {"items": [_item(made, rng, tenant, *pair) for pair in zip(ids, TITLES, strict=True)]})
        _upload(made, rng, tenant)
        now = datetime.now(UTC).isoformat()
        for user in users:
            hidden = [made.hide(rng, tenant, user) for _ in range(5)]
            click = {"user_id": user, "type": "click", "at": now}
            ask("POST", "/v1/events", {"events": [
                *(
                    click | {"item_id": item, "slate_id": hidden[0], "event_id": f"{hidden[1]}-{item}"}
                    for item in ids[:2]
                ),
                click | {"item_id": hidden[2], "type": "like"},
            ]})  # fmt: skip
            ask("POST", f"/v1/users/{user}/not-interested", {"tag": hidden[3]})
            ask("DELETE", f"/v1/users/{user}/tags/{hidden[4]}")
            pseudonym = services.pseudonym(tenant, user)
            made.canaries.append(Canary(pseudonym, "nobody at all"))
            text, until = made.hide(rng, tenant, user), datetime.now(UTC) + timedelta(days=1)
            services.ledger.cache_text(tenant, f"{rng.getrandbits(64):x}", text, expires_at=until, user=pseudonym)
        made.stack.settle()
        for user in users:
            ask("POST", f"/v1/users/{user}/texts", {"kind": "headline", "item_id": ids[2]})
        plan = {"domain": "news", "variants": [{"name": made.hide(rng, tenant)}, {"name": "other"}]}
        ask("PUT", f"/v1/experiments/trial-{tenant}", plan)
        services.access.create(tenant, scopes=["items:write"], label=made.hide(rng, tenant))
        segment = Segment(
            id="s1", domain="news", label=made.hide(rng, tenant), size=9, share=1, computed_at=datetime.now(UTC),
            centroid=(1.0, *[0.0] * (DIMENSION - 1)), liked={made.hide(rng, tenant): 1},
        )  # fmt: skip
        services.vectors().upsert(tenant, "segments", [segment_point(segment)])


def _item(made: World, rng: Random, tenant: str, item_id: str, title: str) -> dict[str, Any]:
    hidden = [made.hide(rng, tenant) for _ in range(5)]
    return {
        "id": item_id,
        "domain": "news",
        "title": f"{title} {hidden[0]}",
        "body": f"{title}. {hidden[1]} was there, and the players cheered.",
        "provider": hidden[2],
        "categories": ["Local", hidden[3]],
        "attributes": {"internal": hidden[4]},
    }


def _upload(made: World, rng: Random, tenant: str) -> None:
    """Objects in S3: an upload, its staged chunk, and a rejected row."""
    bad = {"id": made.hide(rng, tenant), "title": ""}
    rows = [_item(made, rng, tenant, f"{tenant}-u", TITLES[0]), bad]
    content = "\n".join(json.dumps(row) for row in rows).encode()
    ingestion = made.stack.upload(content, domain="news", name=f"{made.hide(rng, tenant)}.jsonl", tenant=tenant)
    made.stack.settle()
    made.vocabulary.setdefault("ingestion_id", ["unknown"]).append(ingestion)
