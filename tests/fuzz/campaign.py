"""Sends the requests and writes down what came of them."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from random import Random
from typing import Any

from fuzz.grammar import Grammar, Operation, operations
from fuzz.invariants import Invariants, refusal
from fuzz.mutations import spoil
from fuzz.outage import OUTAGES
from fuzz.plants import EXPENDABLE, plant
from fuzz.requests import Draft
from fuzz.transport import by_call, by_socket
from fuzz.world import Role, World, world

BY_SOCKET = 0.05  # share of requests
IN_OUTAGES = 0.02  # share of requests with one store down, for each store
REPLANT = 500  # requests between two plantings
MUTATIONS = (0, 0, 0, 0, 1, 1, 1, 1, 2, 3)
SLOW_S = 5.0
MOST_FINDINGS = 200


@dataclass
class Report:
    """What a campaign found; ``by_route``: operation -> status -> answers."""

    seed: int
    requests: int = 0
    in_outages: int = 0
    accepted: int = 0
    unspoiled: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    by_route: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    by_status: Counter[str] = field(default_factory=Counter)
    by_role: Counter[str] = field(default_factory=Counter)
    canaries: int = 0
    findings: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> str:
        """For a file; ``accepted_share`` is that of 2xx, ``unspoiled_share`` of requests without a mutation."""
        total = max(1, self.requests)
        shares = {"accepted_share": self.accepted / total, "unspoiled_share": self.unspoiled / total}
        return json.dumps({**vars(self), **shares}, indent=2, sort_keys=False)


def run(seed: int, requests: int) -> Report:
    """Fuzz a fresh stack; the same seed sends the same requests, but for the times in them."""
    with world(seed) as made:
        return Campaign(made, seed).run(requests)


class Campaign:
    """One run against one world."""

    def __init__(self, made: World, seed: int) -> None:
        self._world = made
        document = json.loads(made.ask("", "GET", "/openapi.json").body)
        self._operations = operations(document)
        self._grammar = Grammar(document, made.vocabulary)
        self._invariants = Invariants(document, made.canaries)
        self._report = Report(seed)

    def run(self, requests: int) -> Report:
        """Send so many requests."""
        report, begun = self._report, time.monotonic()
        for number in range(requests):
            if number % REPLANT == REPLANT - 1:
                plant(self._world)
            self._one(Random(f"{report.seed}:{number}"), number)
        for outage in OUTAGES:
            with outage():
                for number in range(requests, requests + max(1, int(requests * IN_OUTAGES))):
                    self._one(Random(f"{report.seed}:{outage.__name__}:{number}"), number, outage=outage.__name__)
        report.requests, report.seconds = sum(report.by_role.values()), round(time.monotonic() - begun, 1)
        report.canaries = len(self._world.canaries)
        return report

    def _one(self, rng: Random, number: int, outage: str = "") -> None:
        operation = rng.choice(self._operations)
        role = self._role(rng, operation)
        draft = self._grammar.draft(rng, operation, prefer=f"{role.caller.tenant}-" if role.caller else "")
        self._aim(rng, role, draft)
        if role.authorization is not None:
            draft.headers.append(("Authorization", role.authorization))
        spoil(rng, draft, rng.choice(MUTATIONS))
        socket, begun = rng.random() < BY_SOCKET, time.monotonic()
        answer = by_socket(self._world.stack.base_url, draft) if socket else by_call(self._world.gateway, draft)
        took = time.monotonic() - begun
        report = self._report
        report.by_role[role.name] += 1
        report.in_outages += bool(outage)
        report.unspoiled += not draft.mutations
        report.slowest_s = max(report.slowest_s, round(took, 2))
        if answer is None:
            self._note(number, operation, role, draft, ["the server hung up"], b"")
            return
        report.accepted += 200 <= answer.status < 300
        report.by_route[operation.name][str(answer.status)] += 1
        report.by_status[str(answer.status)] += 1
        broken = self._invariants.broken(operation, role, draft, answer, outage=bool(outage))
        if took > SLOW_S:
            broken.append(f"took {took:.1f} s")
        self._note(number, operation, role, draft, broken, answer.body)

    @staticmethod
    def _aim(rng: Random, role: Role, draft: Draft) -> None:
        """At the caller's own, mostly; and where something is deleted, at what may go."""
        caller, parameters = role.caller, draft.parameters
        if draft.method == "DELETE" and "tag" not in parameters:
            expendable = {name: EXPENDABLE[name] for name in parameters if name in EXPENDABLE}
            draft.parameters |= expendable if rng.random() < 0.95 else {}
        elif caller is not None and caller.role == "user" and "user_id" in parameters and rng.random() < 0.7:
            parameters["user_id"] = caller.subject

    def _role(self, rng: Random, operation: Operation) -> Role:
        """Mostly somebody who is let in, or what lies behind would see little."""
        roles = self._world.roles
        if rng.random() < 0.7:
            roles = [role for role in roles if refusal(operation, role.caller, None) is None] or roles
        return rng.choice(roles)

    def _note(
        self, number: int, operation: Operation, role: Role, draft: Draft, broken: list[str], body: bytes
    ) -> None:
        if broken and len(self._report.findings) < MOST_FINDINGS:
            self._report.findings.append({
                "number": number,
                "broken": broken,
                "route": operation.name,
                "role": role.name,
                "mutations": draft.mutations,
                "request": f"{draft.method} {draft.target[:300]}",
                "sent": repr(draft.content[:400]),
                "answer": repr(body[:600]),
                "log": self._world.log.lines[-1][:600] if self._world.log.lines else "",
            })  # fmt: skip
