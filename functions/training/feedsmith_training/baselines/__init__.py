"""What the trained ranker is compared with, all behind one interface."""

from __future__ import annotations

from feedsmith.domains.loader import Weights
from feedsmith_training.baselines.base import Baseline
from feedsmith_training.baselines.chance import Random
from feedsmith_training.baselines.collaborative import ImplicitAls, ImplicitBpr, ItemItem
from feedsmith_training.baselines.fixed import FixedLinear
from feedsmith_training.baselines.lambdamart import LambdaMart
from feedsmith_training.baselines.popularity import Popularity, SegmentPopularity
from feedsmith_training.baselines.similarity import LateFusion, SentenceEmbedding
from feedsmith_training.baselines.texts import TfIdf, WordVectors


def all_baselines(weights: Weights) -> tuple[Baseline, ...]:
    """One of each; ``weights`` are those of the domain's fixed ranker."""
    return (
        Random(), Popularity(), SegmentPopularity(), TfIdf(), WordVectors(), SentenceEmbedding(), LateFusion(),
        ImplicitAls(), ImplicitBpr(), ItemItem(), LambdaMart(), FixedLinear(weights),
    )  # fmt: skip
