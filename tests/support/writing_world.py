"""A writing service over in-memory stores, and its readers, items and segments."""

from __future__ import annotations

from typing import Any

from feedsmith.domains import load_domains
from feedsmith.models import (
    Item,
    ItemStats,
    Profile,
    Reason,
    Recommendation,
    RecommendedItem,
    Rendition,
    Segment,
    TextRequest,
)
from feedsmith.settings import Settings
from feedsmith.stores.codec import item_point, segment_point
from feedsmith.writing.audience import LEAST_INTERACTIONS
from feedsmith.writing.prewriting import Prewriter, Written
from feedsmith.writing.service import WritingService
from support.decisions import Decided
from support.ledger import FakeClock, InMemoryLedger
from support.vectors import MemoryVectors
from support.writing import NOW, ScriptedWriter, WordEmbedder, indexed

EMBEDDER = WordEmbedder("profit", "google", "music", "speed")
GOOD = "TimeWarner profits jumped 76%"
ABOUT_GOOGLE = "Time Warner now owns 8% of search-engine Google"
READ = Item(id="read", domain="news", title="Google buys YouTube", body="Google paid for a profit.", language="en")


class World:
    """A service over in-memory stores, in which items, profiles, segments and reasons are what a test says."""

    def __init__(self, writer: ScriptedWriter | None = None, **settings: Any) -> None:
        self.vectors = MemoryVectors(dimension=EMBEDDER.dimension, embedder=EMBEDDER.name)
        self.clock = FakeClock(NOW)
        self.ledger = InMemoryLedger(clock=self.clock)
        self.script = writer or ScriptedWriter(GOOD)
        self.profiles: dict[str, Profile] = {}
        self.segment: Segment | None = None
        self.reasons: tuple[Reason, ...] = ()
        self.feed: list[str] = []
        self.decided = Decided()
        self.service = WritingService(
            vectors=self.vectors, ledger=self.ledger, profiles=self, segments=self, ranking=self,
            writer=lambda: self.script, embedder=lambda: EMBEDDER, domains=load_domains(),
            decisions=self.decided, settings=Settings(**settings), clock=self.clock,
        )  # fmt: skip

    def add(self, item: Item, *topics: str) -> None:
        vector = EMBEDDER.passages([f"{item.title} {item.body}"])[0]
        self.vectors.upsert("t", "items", [item_point(indexed(item, *topics), vector)])

    def join(self, segment: Segment) -> None:
        """Make it everybody's segment."""
        self.segment = segment
        self.vectors.upsert("t", "segments", [segment_point(segment)])

    def load(self, tenant: str, user: str, domain: str, /) -> Profile | None:
        return self.profiles.get(user)

    def nearest(self, tenant: str, domain: str, taste: Any, /) -> Segment | None:
        return self.segment

    def recommend(self, tenant: str, user: str, *, domain: str, limit: int, language: str) -> Recommendation:
        items = tuple(_place(item_id, position, ()) for position, item_id in enumerate(self.feed[:limit]))
        return Recommendation(slate_id="s", domain=domain, basis="general", model_version="1", items=items)

    def explain(self, tenant: str, user: str, item_id: str, language: str) -> RecommendedItem:
        return _place(item_id, 0, self.reasons)

    def write(self, user: str = "u", **request: Any) -> Rendition:
        return self.service.write("t", user, TextRequest(**{"kind": "headline", "item_id": "en1", **request}))


def _place(item_id: str, position: int, reasons: tuple[Reason, ...]) -> RecommendedItem:
    return RecommendedItem(item_id=item_id, title="x", position=position, score=0, terms=(), reasons=reasons)


def profile(likes: str, *, interactions: int = LEAST_INTERACTIONS, **fields: Any) -> Profile:
    taste = tuple(map(float, EMBEDDER.passages([likes])[0]))
    return Profile(
        user="u", domain="news", revision=1, interactions=interactions, taste=taste, updated_at=NOW, **fields
    )


def segment(likes: str, *, name: str = "s1", **fields: Any) -> Segment:
    centroid = tuple(map(float, EMBEDDER.passages([likes])[0]))
    return Segment(id=name, domain="news", label="x", size=9, share=1, centroid=centroid, computed_at=NOW, **fields)


class Head(World):
    """A world with trending items and segments, and a prewriter of its texts."""

    def __init__(self, *segments: Segment, items: int = 2, writer: ScriptedWriter | None = None, **more: Any) -> None:
        super().__init__(writer, **more)
        self.segments = segments
        self.prewriter = Prewriter(
            vectors=self.vectors, segments=self, drafting=self.service.drafting, domains=load_domains(),
            settings=Settings(prewrite_items=items, **more), clock=self.clock,
        )  # fmt: skip

    def list(self, tenant: str, domain: str, /) -> tuple[Segment, ...]:
        return self.segments

    def trend(self, one: Item, trend: float, **understood: Any) -> None:
        known = indexed(one)
        understanding = known.understanding.model_copy(update=understood)
        stored = known.model_copy(update={"stats": ItemStats(trend=trend), "understanding": understanding})
        self.vectors.upsert("t", "items", [item_point(stored, EMBEDDER.passages([f"{one.title} {one.body}"])[0])])

    def missing(self) -> list[tuple[str, str, str | None]]:
        return [(task.piece.indexed.item.id, task.kind, task.focus) for task in self.prewriter.missing("t", "news")]

    def write_all(self, seconds: float = 900) -> Written:
        return self.prewriter.write("t", self.prewriter.missing("t", "news"), lambda: seconds)
