"""A chaos run: post events to a stack under faults, mend, redrive, and compare with what should be."""

from __future__ import annotations

import json
import logging
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, cast
from unittest.mock import patch

import boto3
import httpx
import numpy as np

from feedsmith import bootstrap
from feedsmith.bootstrap import Lazy, Services
from feedsmith.profiles.build import KnownItems
from feedsmith.stores import aws, codec
from feedsmith.stores.vectors import VectorStore
from feedsmith_local.chaos.audit import audit
from feedsmith_local.chaos.deliveries import ChaosStack, read_letters
from feedsmith_local.chaos.faults import KINDS, Faults
from feedsmith_local.chaos.ports import FaultyClient, FaultyVectors
from feedsmith_local.chaos.world import DIMENSION, TENANT, Post, World, make_posts, make_world, post_body
from feedsmith_local.stack import LocalStack

POISON_RATE: Final = 0.012
LEAST_RATE: Final = 0.01
POSTERS: Final = 2
SETTLE_S: Final = 3_600
MAX_ERROR: Final = 1e-6
_ROUNDS = 50


@dataclass(slots=True)
class Report:
    """What a run found; :attr:`passed` says whether it is as promised."""

    seed: int
    events: int
    users: int
    items: int
    faults: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    double_counted: int = 0
    poisoned: int = 0
    dead_lettered: int = 0
    set_aside_wrongly: int = 0
    without_reason: int = 0
    redriven: int = 0
    left_in_queue: int = 0
    max_profile_error: float = 0.0
    max_trend_error: float = 0.0
    profiles: int = 0
    seconds: float = 0.0

    @property
    def failures(self) -> list[str]:
        """What is not as promised; empty when all is."""
        least = LEAST_RATE * self.events
        promises = {
            f"{self.lost} events were lost": self.lost == 0,
            f"{self.double_counted} were counted twice": self.double_counted == 0,
            f"a profile is {self.max_profile_error:g} off": self.max_profile_error <= MAX_ERROR,
            f"a trend is {self.max_trend_error:g} off": self.max_trend_error <= MAX_ERROR,
            f"{self.dead_lettered} of {self.poisoned} poison records were set aside": (
                self.dead_lettered == self.poisoned
            ),
            f"{self.set_aside_wrongly} good records were set aside": self.set_aside_wrongly == 0,
            f"{self.without_reason} dead letters have no reason": self.without_reason == 0,
            f"{self.left_in_queue} dead letters could not be redriven": self.left_in_queue == 0,
            **{
                f"only {self.faults.get(kind, 0)} faults of {kind}": self.faults.get(kind, 0) >= least for kind in KINDS
            },
        }
        return [what for what, kept in promises.items() if not kept]


def run(
    *,
    seed: int,
    events: int,
    state_dir: Path,
    users: int | None = None,
    items: int = 40,
    intensity: float = 1.0,
    prepare: Callable[[Services], None] = lambda wired: None,
    progress: Callable[[str], None] = lambda said: None,
) -> Report:
    """Post ``events`` under faults, and report.

    Parameters
    ----------
    users
        By default one for each 50 events.
    intensity
        Multiplies the rates of all faults.
    prepare
        Changes the services before anything is posted: a check that finds nothing in a broken consumer is none.
    progress
        Is told where the run is.
    """
    begun = time.monotonic()
    users = users or max(9, events // 50)
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    world = make_world(seed, events, users, items, now, POISON_RATE)
    faults, report = Faults(seed, intensity), Report(seed, events, users, items)
    faults.count("poison", len(world.poison))
    environment = {"LOG_LEVEL": "CRITICAL", "POWERTOOLS_METRICS_DISABLED": "true"}
    with (
        ChaosStack(faults, world.damaged, state_dir=state_dir, port=0, tenant=TENANT, environment=environment) as stack,
        _quiet(),
        _prompt_threads(),
        _faulty(faults, world) as (wired, ledgers),
    ):
        known = _put_items(wired, world)
        prepare(wired)
        posts, held = make_posts(world, faults)
        faults.active = True
        _post_all(stack, posts, progress)
        _post_all(stack, held, progress)
        progress("posted; settling")
        stack.settle(timeout_s=SETTLE_S)
        faults.active = False
        stack.settle(timeout_s=SETTLE_S)

        letters = read_letters(boto3.client("sqs"), wired.settings.profiles_dead_letter_queue_url, wired.keyring)
        report.without_reason = sum(not letter.reason for letter in letters)
        identities = {letter.identity for letter in letters}
        report.poisoned, report.dead_lettered = len(world.poison), len(identities & world.poison)
        report.set_aside_wrongly = len(identities - world.poison)
        progress(f"{len(letters)} dead letters; mending and redriving")
        for ledger in ledgers:
            ledger.mend(wired.settings.table)
        faults.active = True
        for attempt in range(_ROUNDS):
            faults.active = attempt < _ROUNDS // 2
            done = stack.redrive(["profiles"])["profiles"]
            report.redriven += done["redriven"]
            if not done["found"]:
                break
        faults.active = False
        report.left_in_queue = stack.redrive(["profiles"], dry_run=True)["profiles"]["found"]

        progress("comparing")
        found = audit(wired, world, known, now)
        report.lost, report.double_counted, report.profiles = found.lost, found.double_counted, found.profiles
        report.max_profile_error, report.max_trend_error = found.max_profile_error, found.max_trend_error
    report.faults = {str(kind): number for kind, number in faults.counts.items()}
    report.seconds = round(time.monotonic() - begun, 1)
    return report


@contextmanager
def _faulty(faults: Faults, world: World) -> Iterator[tuple[Services, list[FaultyClient]]]:
    """Services whose every AWS client and vector store is faulty, and the clients of the ledger among them."""
    ledgers: list[FaultyClient] = []
    make = aws.client

    def faulty(service: str) -> FaultyClient:
        made = FaultyClient(make(service), faults, world.strange)
        if service == "dynamodb":
            ledgers.append(made)
        return made

    with patch.object(aws, "client", faulty):
        bootstrap.reset()
        wired = bootstrap.services()
        vectors = wired.vectors()
        wired.vectors = Lazy(lambda: cast(VectorStore, FaultyVectors(vectors, faults)))
        wired.vectors()
        yield wired, ledgers


def _put_items(wired: Services, world: World) -> KnownItems:
    """Index the items; what is read of them then."""
    vectors = wired.vectors()
    vectors.prepare(dimension=DIMENSION, embedder="chaos@1")
    vectors.upsert(TENANT, "items", [codec.item_point(indexed, vector) for indexed, vector in world.items])
    hits = vectors.retrieve(TENANT, "items", [indexed.item.id for indexed, _ in world.items], with_vectors=True)
    return {key: (codec.item_of(hit), np.asarray(hit.vector, dtype=np.float32)) for key, hit in hits.items()}


def _post_all(stack: LocalStack, posts: Sequence[Post], progress: Callable[[str], None]) -> None:
    """Post from several threads; each request until it is answered with 202, as a good client does."""
    waiting: queue.SimpleQueue[Post] = queue.SimpleQueue()
    for post in posts:
        waiting.put(post)
    failures: list[Exception] = []

    def work() -> None:
        headers = {"Authorization": f"Bearer {stack.key}"}
        try:
            with httpx.Client(base_url=stack.base_url, headers=headers, timeout=600, trust_env=False) as http:
                while not failures:
                    try:
                        post = waiting.get_nowait()
                    except queue.Empty:
                        return
                    _post(http, post)
                    if (left := waiting.qsize()) % 500 == 0:
                        progress(f"{left} requests to go")
        except httpx.HTTPError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, name=f"poster-{n}") for n in range(POSTERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _post(http: httpx.Client, post: Post) -> None:
    body = post_body(post)
    for attempt in range(200):
        time.sleep(min(0.5, attempt**2 / 1_000))
        answer = http.post("/v1/events", json=body)
        if answer.status_code == httpx.codes.ACCEPTED:
            return
        if answer.status_code < 500 and answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
            break
    answer.raise_for_status()


@contextmanager
def _prompt_threads() -> Iterator[None]:
    """Let threads take turns sooner: whoever makes a system call waits up to this long to go on, at each of them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def _quiet() -> Iterator[None]:
    """Log nothing meanwhile: thousands of failures are what a run is about."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def write(report: Report, path: Path) -> None:
    """Write the report as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**asdict(report), "failures": report.failures}, indent=2) + "\n")
