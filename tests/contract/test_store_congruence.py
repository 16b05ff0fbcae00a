"""Edge and the client answer alike: random points, filters and queries, both stores, one comparison."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient

from feedsmith.stores.base import Filter, Hit, Payload, Point, Query, Vector, VectorStore
from feedsmith.stores.edge import EdgeVectorStore
from feedsmith.stores.qdrant import QdrantVectorStore

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")

DIMENSION = 4
_tenants = count()


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[VectorStore, VectorStore]]:
    both = (
        EdgeVectorStore(tmp_path_factory.mktemp("congruence") / "vectors", "test"),
        QdrantVectorStore(QdrantClient(":memory:"), "test"),
    )
    for store in both:
        store.prepare(dimension=DIMENSION, embedder="test@1")
    yield both
    for store in both:
        store.close()


words = st.sampled_from(["a", "b", "c", "d"])
# Quarters are exact in float32 and float64 alike.
numbers = st.integers(-12, 12).map(lambda n: n / 4)
directions = st.lists(st.integers(-4, 4), min_size=DIMENSION, max_size=DIMENSION).filter(any)
payloads = st.fixed_dictionaries(
    {},
    optional={
        "domain": words,
        "topics": st.lists(words, max_size=3),
        "provider": st.none() | words,
        "fresh": st.none() | numbers,
        "expires": numbers,
        "trend": numbers,
        "revision": st.integers(0, 5),
        "deep": st.fixed_dictionaries({}, optional={"language": words, "tags": st.lists(words, max_size=2)}),
    },
)
item_keys = st.integers(0, 14).map(str)
points = st.builds(
    lambda key, direction, payload: Point(key, unit(direction), payload), item_keys, directions, payloads
)
keyword_fields = st.sampled_from(["domain", "topics", "provider", "deep.language", "deep.tags"])
number_fields = st.sampled_from(["fresh", "expires", "trend"])
choices = st.dictionaries(keyword_fields, st.lists(words, max_size=3), max_size=2)
bounds = st.dictionaries(number_fields, numbers, max_size=2)
filters = st.builds(
    Filter,
    any_of=choices,
    none_of=choices,
    at_least=bounds,
    greater=bounds,
    or_absent=st.frozensets(number_fields),
    keys_not=st.lists(item_keys, max_size=4),
)
queries = st.builds(
    lambda limit, by, where, with_vectors: Query(
        limit,
        vector=unit(by) if isinstance(by, list) else None,
        order_by=by if isinstance(by, str) else None,
        where=where,
        with_vectors=with_vectors,
    ),
    st.integers(1, 20),
    directions | number_fields,
    filters,
    st.booleans(),
)


def unit(direction: list[int]) -> Vector:
    vector = np.array(direction, np.float32)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def same_ranking(ours: list[Hit], theirs: list[Hit]) -> None:
    """Equal scores in equal order; equal keys wherever scores decide, ties may lie in any order."""
    assert [hit.score for hit in ours] == pytest.approx([hit.score for hit in theirs], abs=1e-5)
    if ours:
        last = ours[-1].score + 1e-4  # who of a tie makes the cut is open
        assert {h.key for h in ours if h.score > last} == {h.key for h in theirs if h.score > last}
    common = {hit.key: hit for hit in theirs}
    for hit in ours:
        if hit.key in common:
            same_point(hit, common[hit.key])


def same_point(ours: Hit, theirs: Hit) -> None:
    assert ours.payload == theirs.payload
    assert (ours.vector is None) == (theirs.vector is None)
    if ours.vector is not None and theirs.vector is not None:
        np.testing.assert_allclose(ours.vector, theirs.vector, atol=1e-6)


@settings(max_examples=60, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.lists(points, max_size=20),
    second=st.lists(points, max_size=5),
    patched=st.tuples(item_keys, payloads),
    deleted=st.lists(item_keys, max_size=3),
    asked=st.lists(queries, min_size=1, max_size=4),
    where=filters,
)
def test_both_stores_answer_alike(
    stores: tuple[VectorStore, VectorStore],
    first: list[Point],
    second: list[Point],
    patched: tuple[str, Payload],
    deleted: list[str],
    asked: list[Query],
    where: Filter,
) -> None:
    tenant = f"tenant{next(_tenants)}"  # a fresh one: making collections is slow
    known = [Point(p.key, p.vector, {"revision": 0, **p.payload}) for p in second]
    edge, client = stores
    for store in stores:
        store.upsert(tenant, "items", first)
        store.upsert(tenant, "items", known, newer="revision")
        store.patch(tenant, "items", *patched)
        store.delete(tenant, "items", deleted)

    everything = edge.retrieve(tenant, "items", [str(n) for n in range(15)], with_vectors=True)
    theirs = client.retrieve(tenant, "items", [str(n) for n in range(15)], with_vectors=True)
    assert everything.keys() == theirs.keys()
    for key, hit in everything.items():
        same_point(hit, theirs[key])
    for ours, other in zip(edge.query(tenant, "items", asked), client.query(tenant, "items", asked), strict=True):
        same_ranking(ours, other)
    assert edge.count(tenant, "items", where) == client.count(tenant, "items", where)
    pages = [store.scroll(tenant, "items", where=where, limit=7) for store in stores]
    assert [hit.key for hit in pages[0].hits] == [hit.key for hit in pages[1].hits]
    assert pages[0].cursor == pages[1].cursor
