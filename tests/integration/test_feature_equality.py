"""Training sees the numbers that serving saw: the same events, through the services and through the replay."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pytest

from feedsmith.content.base import Embedder, Matrix
from feedsmith.content.service import ContentService
from feedsmith.content.understanding import Understander
from feedsmith.domains import load_domains
from feedsmith.insight.counters import CounterService
from feedsmith.models import Event, Item
from feedsmith.privacy.wishes import WishesService
from feedsmith.profiles.segments import SegmentService
from feedsmith.profiles.service import ProfileService
from feedsmith.profiles.stream import StreamConsumer
from feedsmith.ranking.base import PROJECTIONS, FeatureSpace
from feedsmith.ranking.features import FEATURES, feature_matrix
from feedsmith.ranking.retrieval import Request, Retriever, candidate
from feedsmith.ranking.signals import signals_of
from feedsmith.stores.codec import CANDIDATE_FIELDS
from feedsmith.stores.export import all_items
from feedsmith_training.events import catalogues_of, log_of
from feedsmith_training.replay import K_ANONYMITY, HalfLives, feature_table
from support.ledger import FakeClock, InMemoryLedger
from support.letters import InMemoryDeadLetters
from support.vectors import MemoryVectors

DOMAINS = load_domains()
NEWS = DOMAINS["news"]
TENANT = "acme"
START = datetime(2026, 3, 1, 6, tzinfo=UTC)
DIMENSION = 16
ITEMS, USERS, SLATES, PLACES = 40, 12, 80, 8

# What a log does not hold: interest clusters, search texts, dislikes. All others must be equal.
UNKNOWN_TO_REPLAY = {"interest", "query", "disliked"}


class RandomDirections(Embedder):
    """Each text is a direction of its own."""

    name = "random@1"
    dimension = DIMENSION

    def passages(self, texts: Sequence[str]) -> Matrix:
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts]
        rows = np.array([np.random.default_rng(seed).normal(size=DIMENSION) for seed in seeds], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    queries = passages


@dataclass(frozen=True)
class Slate:
    """What one user was shown at one time, and which of it was clicked at once."""

    user: str
    at: datetime
    items: list[str]
    clicked: list[str]


class World:
    """The real services over stores in memory."""

    def __init__(self) -> None:
        self.clock = FakeClock(START)
        self.vectors = MemoryVectors(dimension=DIMENSION)
        self.ledger = InMemoryLedger(self.clock)
        self.content = ContentService(
            self.vectors, self.ledger, lambda: Understander(RandomDirections(), DOMAINS), DOMAINS, clock=self.clock
        )
        decisions = WishesService(self.ledger)
        self.profiles = ProfileService(
            self.vectors, self.ledger, DOMAINS, decisions=decisions, history_length=200, clock=self.clock
        )
        self.segments = SegmentService(self.vectors, DOMAINS, k_anonymity=K_ANONYMITY, clock=self.clock)
        self.stream = StreamConsumer(
            self.profiles,
            CounterService(self.ledger, self.vectors, DOMAINS, clock=self.clock),
            InMemoryDeadLetters(),
            self.ledger,
            decisions=decisions,
            remaining=list,
        )
        self.retriever = Retriever(self.vectors, self.segments)
        self._absorbed = 0
        self._clustered_at = -np.inf

    def features(self, slate: Slate, space: FeatureSpace) -> npt.NDArray[np.float32]:
        """What the ranker would be given for these items, at the time of the slate."""
        self.clock.now = slate.at
        request = Request(NEWS, slate.at)
        reader = self.retriever.reader(TENANT, self.profiles.load(TENANT, slate.user, NEWS.name), request)
        hits = self.vectors.retrieve(TENANT, "items", slate.items, with_vectors=True, fields=CANDIDATE_FIELDS)
        candidates = [candidate(hits[key]) for key in slate.items]
        signals = signals_of(candidates, self.retriever.trending(TENANT, request), reader, request)
        return feature_matrix(signals, space).values

    def happen(self, slate: Slate) -> None:
        """The slate is shown and answered, and the stream absorbed; segments are made anew once a day."""
        for position, key in enumerate(slate.items):
            self._post(slate, key, "impression", position if position else None)  # the first one forgot its place
        for key in slate.clicked:
            self._post(slate, key, "click", None)
        assert self.stream.absorb(self.ledger.stream[self._absorbed :]) is None
        self._absorbed = len(self.ledger.stream)
        due = slate.at.timestamp() - self._clustered_at >= 86_400.0  # the trend half-life of news
        if due and self.segments.recluster(TENANT, NEWS.name).segments:
            self._clustered_at = slate.at.timestamp()

    def _post(self, slate: Slate, key: str, kind: str, position: int | None) -> None:
        event = Event.model_validate({
            "user_id": slate.user,
            "item_id": key,
            "type": kind,
            "at": slate.at,
            "slate_id": f"{slate.user}-{slate.at:%m%d%H%M%S}",
            "position": position,
        })  # fmt: skip
        assert self.ledger.append(TENANT, slate.user, event)


@pytest.fixture(scope="module")
def matrices() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Features of all slates, (N, f) each: computed before each slate happened, and replayed from the ledger."""
    rng = np.random.default_rng(7)
    world = World()
    topics = list(NEWS.taxonomy)
    # GIVEN items of known and unknown age, the half of them in an owner's category
    world.content.index(
        TENANT,
        [
            Item(
                id=f"i{number:02d}",
                domain=NEWS.name,
                title=f"Story {number}",
                language="en",
                categories=(topics[number % len(topics)],) if number % 2 else (),
                published_at=START - timedelta(hours=int(rng.integers(1, 200))) if number % 3 else None,
            )
            for number in range(ITEMS)
        ],
    )
    dimensions = DIMENSION + len(topics)
    space = FeatureSpace(
        projections=tuple(rng.normal(size=(dimensions, 4)).astype(np.float32) for _ in range(PROJECTIONS)),
        topic_prior=tuple(rng.dirichlet(np.ones(len(topics))).tolist()),
        base_rate=0.2,
    )
    # WHEN slates are shown some twenty minutes to two hours apart, to users who first come in the order of their names
    served, at = [], START
    for number in range(SLATES):
        at += timedelta(seconds=int(rng.integers(1_200, 7_200)))
        user = number if number < USERS else int(rng.integers(USERS))
        items = [f"i{row:02d}" for row in rng.choice(ITEMS, size=PLACES, replace=False)]
        clicks = int(rng.integers(1 if number < USERS else 0, 4))
        slate = Slate(f"u{user:02d}", at, items, items[:clicks] if number % 2 else items[PLACES - clicks :])
        served.append(world.features(slate, space))
        world.happen(slate)
    # THEN the ledger holds the log of it
    catalogues = catalogues_of(all_items(world.vectors, TENANT), "random@1", [NEWS])
    log = log_of(world.ledger.events(TENANT), catalogues, NEWS)
    assert not log.left_out.total()
    assert len(log) == SLATES
    for impression in log.impressions:  # served in order of places, the unplaced one first
        assert len(impression.candidates) == PLACES
    half_lives = HalfLives(NEWS.trend_half_life_hours, NEWS.freshness_half_life_hours)
    replayed = feature_table(log, half_lives, space).values
    # The log puts what has no position last.
    order = np.concatenate([np.r_[PLACES - 1, : PLACES - 1] + PLACES * slate for slate in range(SLATES)])
    return np.concatenate(served), replayed[order]


@pytest.mark.parametrize("name", [name for name in FEATURES if name not in UNKNOWN_TO_REPLAY])
def test_training_and_serving_compute_the_same(
    matrices: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]], name: str
) -> None:
    served, replayed = (matrix[:, list(FEATURES).index(name)] for matrix in matrices)
    assert np.ptp(served) > 1e-3, "the world is too dull to tell"
    np.testing.assert_allclose(served, replayed, rtol=0, atol=1e-5)
