"""Random histories of a vector store, crashes among them, against the plain store of dictionaries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import count
from typing import ClassVar

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from feedsmith.stores.vectors import Collection, Filter, Payload, Point, Query, VectorStore
from support.points import (
    DIMENSION,
    KEYS,
    filters,
    keys,
    payloads,
    points,
    queries,
    revised_points,
    same_point,
    same_ranking,
)
from support.vectors import MemoryVectors

EMBEDDER = "test@1"
BETWEEN_CRASHES = 12  # steps; opening the files again takes a hundred times as long as any other
tenants = st.sampled_from(["acme", "rival"])
# Users are written on a condition, items without one; one collection would do, and two can be mixed up.
collections: st.SearchStrategy[Collection] = st.sampled_from(["items", "users"])
_runs = count()
# A failing history is long: shrinking it may take minutes, and its blob replays it as it is.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


class Holder(ABC):
    """A store, and the process that holds it."""

    @property
    @abstractmethod
    def store(self) -> VectorStore:
        """The store as it is now."""

    @abstractmethod
    def lose_the_process(self) -> None:
        """End the process, without a word to the store, and begin another on what is left."""

    @abstractmethod
    def close_and_open(self) -> None:
        """End it in good order, and begin again."""


class HeldMachine(RuleBasedStateMachine):
    """A machine on a store that crashes now and then. All runs share it, each with tenants of its own."""

    holder: ClassVar[Holder]
    steps: ClassVar[int] = 0
    crashes: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.number = next(_runs)
        self.since = 0

    @invariant()
    def count_steps(self) -> None:
        type(self).steps += 1
        self.since += 1

    @property
    def store(self) -> VectorStore:
        return self.holder.store

    def own(self, tenant: str) -> str:
        """The tenant's name in this run."""
        return f"{tenant}-{self.number}"

    def end_the_process(self, *, killed: bool) -> None:
        type(self).crashes += killed
        self.since = 0
        if killed:
            self.holder.lose_the_process()
        else:
            self.holder.close_and_open()


class VectorMachine(HeldMachine):
    """Does the same to a store and to its model, and asks both."""

    def __init__(self) -> None:
        super().__init__()
        self.model = MemoryVectors(dimension=DIMENSION, embedder=EMBEDDER)

    # -- writes ----------------------------------------------------------------------------------------------

    @rule(tenant=tenants, collection=collections, batch=st.lists(points, max_size=8))
    def upsert(self, tenant: str, collection: Collection, batch: list[Point]) -> None:
        for store in (self.store, self.model):
            store.upsert(self.own(tenant), collection, batch)

    @rule(tenant=tenants, collection=collections, batch=st.lists(revised_points, max_size=8))
    def upsert_newer(self, tenant: str, collection: Collection, batch: list[Point]) -> None:
        for store in (self.store, self.model):
            store.upsert(self.own(tenant), collection, batch, newer="revision")

    @rule(tenant=tenants, collection=collections, key=keys, payload=payloads)
    def patch(self, tenant: str, collection: Collection, key: str, payload: Payload) -> None:
        for store in (self.store, self.model):
            store.patch(self.own(tenant), collection, key, payload)

    @rule(tenant=tenants, collection=collections, some=st.lists(keys, max_size=3))
    def delete(self, tenant: str, collection: Collection, some: list[str]) -> None:
        for store in (self.store, self.model):
            store.delete(self.own(tenant), collection, some)

    # -- reads -----------------------------------------------------------------------------------------------

    @rule(tenant=tenants, collection=collections)
    def read_all(self, tenant: str, collection: Collection) -> None:
        """Everything of everybody: what one tenant writes, the other never sees."""
        expected = self.model.retrieve(self.own(tenant), collection, KEYS, with_vectors=True)
        found = self.store.retrieve(self.own(tenant), collection, KEYS, with_vectors=True)
        assert found.keys() == expected.keys()
        for key, hit in found.items():
            same_point(hit, expected[key])

    @rule(tenant=tenants, collection=collections, asked=st.lists(queries, min_size=1, max_size=3))
    def query(self, tenant: str, collection: Collection, asked: list[Query]) -> None:
        found = self.store.query(self.own(tenant), collection, asked)
        for ours, theirs in zip(found, self.model.query(self.own(tenant), collection, asked), strict=True):
            same_ranking(ours, theirs)

    @rule(tenant=tenants, collection=collections, where=filters)
    def count(self, tenant: str, collection: Collection, where: Filter) -> None:
        expected = self.model.count(self.own(tenant), collection, where)
        assert self.store.count(self.own(tenant), collection, where) == expected

    @rule(tenant=tenants, collection=collections, where=filters, limit=st.integers(1, 7))
    def scroll(self, tenant: str, collection: Collection, where: Filter, limit: int) -> None:
        """The pages together are each matching point, once."""
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = self.store.scroll(self.own(tenant), collection, where=where, limit=limit, cursor=cursor)
            assert len(page.hits) <= limit
            seen += [hit.key for hit in page.hits]
            cursor = page.cursor
            if cursor is None:
                break
        expected = self.model.scroll(self.own(tenant), collection, where=where, limit=len(KEYS)).hits
        assert sorted(seen) == sorted(hit.key for hit in expected)

    # -- ends ------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.since > BETWEEN_CRASHES)
    @rule(killed=st.booleans())
    def restart(self, killed: bool) -> None:
        """Whatever was written is there afterwards; `read_all` and the queries see to that."""
        self.end_the_process(killed=killed)
        for tenant in ("acme", "rival"):
            self.read_all(tenant, "items")
            self.read_all(tenant, "users")

    def teardown(self) -> None:
        """Give the room back: no later run reads these tenants."""
        for tenant in ("acme", "rival"):
            for collection in ("items", "users"):
                self.store.delete(self.own(tenant), collection, KEYS)


def machine_settings(examples: int) -> settings:
    """Fifty steps each."""
    return settings(max_examples=examples, stateful_step_count=50, deadline=None, print_blob=True, phases=PHASES)
