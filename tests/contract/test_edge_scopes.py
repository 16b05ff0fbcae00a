"""Qdrant Edge asks for the nearest of a scope first: the answers are those of asking for all at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import qdrant_edge as engine

from contract.vector_store_contract import SHELF, X, Y, keys
from feedsmith.stores.edge import EdgeVectorStore
from feedsmith.stores.vectors import Filter, Point, Query


@pytest.fixture
def store(folder: Path) -> Iterator[EdgeVectorStore]:
    store = opened(folder)
    yield store
    store.close()


def opened(folder: Path) -> EdgeVectorStore:
    store = EdgeVectorStore(folder, "test")
    store.prepare(dimension=3, embedder="test@1")
    return store


def fan(count: int) -> list[Point]:
    """Points 0, 1, 2 ... of the domain news, the first one at X, each a little further from it; every other expires."""
    angles = np.linspace(0.0, 1.5, count)
    return [
        Point(
            str(n),
            np.array([np.cos(angle), np.sin(angle), 0.0], dtype=np.float32),
            {"domain": "news"} | ({"expires": 10.0} if n % 2 else {}),
        )
        for n, angle in enumerate(angles)
    ]


NEWS = {"domain": ["news"]}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        # what is left out lies nearest
        (Filter(any_of=NEWS, keys_not=["0", "1", "3"]), ["2", "4", "5"]),
        # the odd ones have expired
        (Filter(any_of=NEWS, greater={"expires": 10.0}, or_absent=frozenset({"expires"})), ["0", "2", "4"]),
        # and all of them are in time
        (Filter(any_of=NEWS, at_least={"expires": 10.0}), ["1", "3", "5"]),
        # nothing fits nearby, so that it is looked for everywhere
        (Filter(any_of=NEWS, keys_not=["0"], greater={"expires": 10.0}), []),
        (Filter(any_of=NEWS, none_of={"domain": ["shop"]}), ["0", "1", "2"]),
        (Filter(any_of={"domain": ["shop"]}, keys_not=["0"]), []),
    ],
)
def test_the_nearest_that_a_filter_leaves(store: EdgeVectorStore, where: Filter, expected: list[str]) -> None:
    store.upsert("acme", "items", fan(200))

    (hits,) = store.query("acme", "items", [Query(3, vector=X, where=where)])

    assert keys(hits) == expected


def test_what_fits_is_found_however_far_away(store: EdgeVectorStore) -> None:
    # GIVEN 100 points, of which the two furthest alone are in time
    points = [Point(p.key, p.vector, {"domain": "news", "expires": float(n)}) for n, p in enumerate(fan(100))]
    store.upsert("acme", "items", points)

    # WHEN three are asked for, besides others of the same batch
    late = Filter(any_of=NEWS, at_least={"expires": 98.0})
    first, far, newest = store.query(
        "acme",
        "items",
        [
            Query(2, vector=X, where=Filter(any_of=NEWS, keys_not=["0"])),
            Query(3, vector=X, where=late, with_vectors=True, fields=["expires"]),
            Query(1, order_by="expires", where=late),
        ],
    )

    # THEN each query has its own answer
    assert keys(first) == ["1", "2"]
    assert [(hit.key, hit.payload) for hit in far] == [("98", {"expires": 98.0}), ("99", {"expires": 99.0})]
    assert far[0].vector is not None
    assert keys(newest) == ["99"]


def test_names_cannot_be_made_to_look_like_another_scope(store: EdgeVectorStore) -> None:
    store.upsert('a", "b', "items", [Point("1", X, {"domain": "c"})])
    store.upsert("a", "items", [Point("2", X, {"domain": 'b", "c'})])

    def found(tenant: str, domain: str) -> list[str]:
        (hits,) = store.query(tenant, "items", [Query(9, vector=X, where=Filter(any_of={"domain": [domain]}))])
        return keys(hits)

    assert found("a", 'b", "c') == ["2"]
    assert found('a", "b', "c") == ["1"]
    assert found("a", "c") == []


def test_a_point_moves_with_its_domain(store: EdgeVectorStore) -> None:
    store.upsert("acme", "items", [Point("1", X, {"domain": "news"})])

    store.patch("acme", "items", "1", {"domain": "shop"})

    assert store.count("acme", "items", Filter(any_of=NEWS)) == 0
    assert store.count("acme", "items", Filter(any_of={"domain": ["shop"]})) == 1
    assert store.retrieve("acme", "items", ["1"])["1"].payload == {"domain": "shop"}


def test_what_an_earlier_version_wrote_is_found(folder: Path) -> None:
    # GIVEN a folder without scopes, as earlier versions left it, of two tenants
    store = opened(folder)
    store.upsert("acme", "items", SHELF)
    store.upsert("other", "items", [Point("x", Y, {"domain": "news"}), Point("y", Y, {"title": "of no domain"})])
    store.close()
    shard = engine.EdgeShard.load(str(folder / "test_items"))
    shard.update(engine.UpdateOperation.delete_field_index("_scope"))
    shard.update(engine.UpdateOperation.delete_payload_by_filter(engine.Filter(), ["_scope"]))
    shard.flush()
    shard.close()

    # WHEN this version opens it
    again = EdgeVectorStore(folder, "test")

    # THEN each tenant finds its own by domain, and the rest as before
    def found(tenant: str, where: Filter) -> list[str]:
        (hits,) = again.query(tenant, "items", [Query(9, vector=X, where=where)])
        return sorted(keys(hits))

    assert found("acme", Filter(any_of=NEWS)) == ["a", "b", "e"]
    assert found("acme", Filter(any_of={"domain": ["shop"]}, keys_not=["d"])) == ["c"]
    assert found("other", Filter(any_of=NEWS)) == ["x"]
    assert found("other", Filter()) == ["x", "y"]
    assert again.retrieve("acme", "items", ["b"])["b"].payload == SHELF[1].payload
    again.close()
