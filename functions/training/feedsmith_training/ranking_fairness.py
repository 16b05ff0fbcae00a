"""The fairness report of a ranker on measured impressions."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedsmith.profiles.clustering import cluster
from feedsmith_training.baselines.base import Part
from feedsmith_training.fairness import Impressions, fairness_report
from feedsmith_training.log import Array, Catalogue, Impression, ImpressionLog
from feedsmith_training.metrics import Floats
from feedsmith_training.ranking_report import group_of
from feedsmith_training.replay import K_ANONYMITY
from feedsmith_training.reranking_report import providers_of


def fairness(train: Part, test: Part, scores: Floats) -> dict[str, Any]:
    """Exposure against merit, and quality by number of earlier events and by segment of the reader's taste."""
    catalogue, impressions = test.log.catalogue, test.log.impressions
    sizes = np.diff(test.table.offsets)
    slate = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort((-scores, slate))
    position = np.empty(len(order), dtype=np.intp)
    position[order] = np.arange(len(order)) - np.repeat(test.table.offsets[:-1], sizes)
    items = np.concatenate([impression.candidates for impression in impressions])
    providers, topics = providers_of(catalogue), _topics(catalogue)
    segments = _segments(train.log, test.log)
    events = group_of(test.table.history)
    report = fairness_report(
        Impressions(
            slate=slate,
            user=np.repeat(np.array([impression.user for impression in impressions]), sizes),
            position=position,
            score=scores,
            clicked=test.table.clicked,
            provider=[providers[item] for item in items],
            categories=[topics[item] for item in items],
        ),
        {
            "events": [events[number] for number in slate],
            "segment": [segments[number] for number in slate],
        },
    )
    return report.model_dump(mode="json")


def _topics(catalogue: Catalogue) -> list[tuple[str, ...]]:
    """Names of the topics that an item has at least half as much of as of its first."""
    names = np.array(catalogue.topic_names, dtype=object)
    there = (catalogue.topics > 0) & (catalogue.topics >= catalogue.topics.max(axis=1, initial=0.0, keepdims=True) / 2)
    return [tuple(names[row]) for row in there]


def _segments(train: ImpressionLog, test: ImpressionLog) -> list[str | None]:
    """The segment of each measured impression's reader, of tastes clustered over the training impressions."""
    known = [taste for taste in (_taste(train.catalogue, impression) for impression in train.impressions) if len(taste)]
    tastes = [_taste(test.catalogue, impression) for impression in test.impressions]
    if len(known) < K_ANONYMITY:
        return [None] * len(tastes)
    centroids = cluster(np.concatenate(known), floor=K_ANONYMITY).centroids
    return [f"segment {int((centroids @ taste[0]).argmax())}" if len(taste) else None for taste in tastes]


def _taste(catalogue: Catalogue, impression: Impression) -> Array:
    mean = impression.history_weights @ catalogue.vectors[impression.history]
    length = float(np.linalg.norm(mean))
    unit: Array = (mean / max(length, 1e-9)).astype(np.float32)[None, :]
    return unit if len(impression.history) and length > 1e-6 else unit[:0]
