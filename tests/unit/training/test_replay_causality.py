"""What comes later changes no feature of what was before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.ranking.base import PROJECTIONS, FeatureSpace
from feedsmith_training.log import Catalogue, Impression, ImpressionLog
from feedsmith_training.replay import HalfLives, feature_table

ITEMS, DIMENSION, TOPICS = 12, 4, 2
START = 1_772_000_000.0
_rng = np.random.default_rng(0)
_vectors = _rng.normal(size=(ITEMS, DIMENSION)).astype(np.float32)
CATALOGUE = Catalogue(
    ids=tuple(f"i{row}" for row in range(ITEMS)),
    texts=("",) * ITEMS,
    vectors=_vectors / np.linalg.norm(_vectors, axis=1, keepdims=True),
    embedder="random@1",
    topics=_rng.dirichlet(np.ones(TOPICS), size=ITEMS).astype(np.float32),
    topic_names=("a", "b"),
    published=np.where(np.arange(ITEMS) % 2, START - 3_600.0, np.nan),
    providers=(None,) * ITEMS,
)
SPACE = FeatureSpace(
    tuple(_rng.normal(size=(DIMENSION + TOPICS, 2)).astype(np.float32) for _ in range(PROJECTIONS)), (0.3, 0.7), 0.1
)
HALF_LIVES = HalfLives(trend=24.0, freshness=48.0)

rows = st.integers(0, ITEMS - 1)


@st.composite
def impressions(draw: st.DrawFn, *, least: int) -> list[tuple[float, Impression]]:
    """Impressions and the seconds between each and the one before."""
    found = []
    for _ in range(draw(st.integers(least, 8))):
        candidates = draw(st.lists(rows, min_size=1, max_size=6, unique=True))
        history = draw(st.lists(rows, max_size=4, unique=True))
        n = len(candidates)
        impression = Impression(
            user=draw(st.integers(0, 7)),
            at=0.0,
            history=np.array(history, dtype=np.intp),
            history_weights=np.array([0.5**age for age in range(len(history))]),
            candidates=np.array(candidates, dtype=np.intp),
            clicked=np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n))),
            exposure=1.0 / np.log2(2.0 + np.arange(n)),
            propensity=np.ones(n),
        )
        found.append((draw(st.sampled_from([0.0, 60.0, 50_000.0, 200_000.0])), impression))
    return found


@settings(print_blob=True, deadline=None, max_examples=60)
@given(past=impressions(least=1), future=impressions(least=0))
def test_appending_impressions_changes_no_feature_of_the_past(
    past: list[tuple[float, Impression]], future: list[tuple[float, Impression]]
) -> None:
    before = feature_table(log_of(past), HALF_LIVES, SPACE)
    after = feature_table(log_of([*past, *future]), HALF_LIVES, SPACE)
    assert np.isfinite(after.values).all()
    assert np.array_equal(after.rows(0, len(past)).values, before.values)


@settings(print_blob=True, deadline=None, max_examples=30)
@given(past=impressions(least=1))
def test_an_answer_changes_no_feature_of_its_own_impression(past: list[tuple[float, Impression]]) -> None:
    *earlier, (gap, last) = past
    other = replace(last, clicked=~last.clicked)
    one, two = (
        feature_table(log_of([*earlier, (gap, impression)]), HALF_LIVES, SPACE).values for impression in (last, other)
    )
    assert np.array_equal(one, two)


def log_of(gaps: list[tuple[float, Impression]]) -> ImpressionLog:
    times = START + np.cumsum([gap for gap, _ in gaps])
    placed = (replace(impression, at=float(at)) for at, (_, impression) in zip(times, gaps, strict=True))
    return ImpressionLog(CATALOGUE, tuple(placed))
