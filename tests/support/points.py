"""Random points, filters and queries of a vector store, and when two answers are the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st

from feedsmith.stores.vectors import Filter, Hit, Point, Query, Vector

DIMENSION = 4
KEYS = tuple(map(str, range(15)))

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
keys = st.sampled_from(KEYS)
points = st.builds(lambda key, direction, payload: Point(key, unit(direction), payload), keys, directions, payloads)
revised_points = st.builds(
    lambda point, revision: Point(point.key, point.vector, {**point.payload, "revision": revision}),
    points,
    st.integers(0, 5),
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
    keys_not=st.lists(keys, max_size=4),
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
    """The unit vector of a direction."""
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
    """Equal payloads, and equal vectors within float32."""
    assert ours.payload == theirs.payload
    assert (ours.vector is None) == (theirs.vector is None)
    if ours.vector is not None and theirs.vector is not None:
        np.testing.assert_allclose(ours.vector, theirs.vector, atol=1e-6)
