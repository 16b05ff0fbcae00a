"""Trains the additive ranker from a log of impressions.

Several members, each with one small network per group of features (a linear part and two hidden layers), are trained
side by side on the listwise softmax loss (Cao et al., "Learning to rank: from pairwise approach to listwise approach",
ICML 2007) and differ by their first weights and by which features are hidden from them in each impression. Their mean
is still a sum over terms, one per group, and is served as one model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from feedsmith.errors import TooLittleData
from feedsmith.models import TermGroup
from feedsmith.ranking.additive import FIXED_TERMS
from feedsmith.ranking.base import FeatureSpace
from feedsmith.ranking.features import FEATURES, GROUPS
from feedsmith_training.log import Array, ImpressionLog, Rows
from feedsmith_training.projection import GAMMAS, train_projection
from feedsmith_training.replay import FeatureTable, HalfLives, feature_table

MIN_CLICKS = 200

LEADERS: dict[TermGroup, str] = {
    "content": "interest",
    "social": "similar_users",
    "popularity": "popularity",
    "freshness": "freshness",
    "context": "crowd",
}
"""Group -> the term that its network is called by in scores and reasons."""

Progress = Callable[[str, float], None]
"""Told what is being done and which share of it is, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How networks are trained. ``members`` networks per group, each with two hidden layers of ``hidden`` units."""

    members: int = 10
    hidden: int = 16
    epochs: int = 12
    batch: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.3
    dropout: float = 0.2
    hide: float = 0.3
    """Share of features that a member does not see in an impression."""


def space_of(log: ImpressionLog, *, seed: int = 0, progress: Progress | None = None) -> FeatureSpace:
    """What features of a log, and of later ones, are computed with: learned from this log's histories and rates."""
    newest = {impression.user: impression.history for impression in log.impressions}
    told = _nothing if progress is None else progress
    projections = tuple(
        train_projection(
            log.catalogue,
            list(newest.values()),
            gamma=gamma,
            seed=seed + number,
            progress=partial(_part_of, told, number),
        )
        for number, gamma in enumerate(GAMMAS)
    )
    mass = np.ones(log.catalogue.topics.shape[1])
    for history in newest.values():
        mass += log.catalogue.topics[history].sum(axis=0)
    exposure = sum(float(impression.exposure.sum()) for impression in log.impressions)
    return FeatureSpace(projections, tuple((mass / mass.sum()).tolist()), max(log.clicks, 1) / max(exposure, 1e-9))


@dataclass(frozen=True, slots=True)
class AdditiveModel:
    """A trained ranker. ``features`` are those it reads, ``owner`` the number of each one's term in ``terms``."""

    version: str
    space: FeatureSpace
    features: tuple[str, ...]
    terms: tuple[str, ...]
    owner: Rows
    network: _Members = field(repr=False)

    def terms_of(self, table: FeatureTable) -> Array:
        """Contributions of each term, (N, g), float32, relative to the mean of the impression."""
        return self.network.contributions(_inputs(table, self.features), table.offsets)

    def scores(self, table: FeatureTable) -> Array:
        """Scores, (N,), float32: the sums over terms."""
        return np.asarray(self.terms_of(table).sum(axis=1))


def train_additive(
    log: ImpressionLog,
    half_lives: HalfLives,
    *,
    seed: int = 0,
    recipe: Recipe | None = None,
    progress: Progress | None = None,
) -> AdditiveModel:
    """Learn a feature space and a ranker from a log.

    Raises
    ------
    TooLittleData
        The log has fewer than 200 clicks.
    """
    _enough(log.clicks)
    space = space_of(log, seed=seed, progress=progress)
    return train_on(feature_table(log, half_lives, space), space, seed=seed, recipe=recipe, progress=progress)


def train_on(
    table: FeatureTable,
    space: FeatureSpace,
    *,
    seed: int = 0,
    recipe: Recipe | None = None,
    without: Sequence[str] = (),
    unconstrained: bool = False,
    progress: Progress | None = None,
) -> AdditiveModel:
    """Train on the features of a log.

    Parameters
    ----------
    without
        Groups of terms to leave out, of :data:`feedsmith.models.TermGroup`.
    unconstrained
        One network over all features in place of one per term, with as many hidden units in all; it has one term
        that means nothing, and cannot be served.

    Raises
    ------
    TooLittleData
        The table has fewer than 200 clicks.
    """
    _enough(int(table.clicked.sum()))
    recipe = recipe or Recipe()
    varying = table.values.std(axis=0) > 1e-6
    features = tuple(
        name
        for name, varies in zip(table.names, varying, strict=True)
        if varies and FEATURES[name] not in FIXED_TERMS and GROUPS[FEATURES[name]] not in without
    )
    led = [LEADERS[GROUPS[FEATURES[name]]] for name in features]
    terms = tuple(dict.fromkeys(led))
    owner = np.array([0 if unconstrained else terms.index(term) for term in led], dtype=np.intp)
    hidden = recipe.hidden * len(terms) // 2 if unconstrained else recipe.hidden
    torch.manual_seed(seed)
    network = _Members(owner, hidden, recipe)
    network.fit(_inputs(table, features), table, np.random.default_rng(seed), progress or _nothing)
    version = f"additive-{network.digest()}"
    return AdditiveModel(version, space, features, ("any",) if unconstrained else terms, owner, network)


class _Members(nn.Module):
    """The networks of all members and terms, computed at once. The last two inputs are the request's, for all terms."""

    owned: torch.Tensor
    seen: torch.Tensor
    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, owner: Rows, hidden: int, recipe: Recipe) -> None:
        super().__init__()
        m, f, t, h = recipe.members, len(owner), int(owner.max()) + 1, hidden
        self.recipe = recipe
        self.register_buffer("owned", functional.one_hot(torch.from_numpy(owner), t).float())
        seen = torch.cat([self.owned, torch.ones(CONTEXT, t)])
        self.register_buffer("seen", seen)
        bound = seen.sum(0).rsqrt()
        self.w1 = nn.Parameter(_uniform(m, f + CONTEXT, t, h) * bound[:, None])
        self.b1 = nn.Parameter(_uniform(m, t, h) * bound[:, None])
        self.w2 = nn.Parameter(_uniform(m, t, h, h) / h**0.5)
        self.b2 = nn.Parameter(_uniform(m, t, h) / h**0.5)
        self.w3 = nn.Parameter(_uniform(m, t, h) / h**0.5)
        self.linear = nn.Parameter(_uniform(m, f) * (self.owned @ bound))
        self.register_buffer("mean", torch.zeros(f + CONTEXT))
        self.register_buffer("scale", torch.ones(f + CONTEXT))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Standardised inputs, (m, n, f + 2) -> terms, (m, n, t)."""
        m, n, _ = inputs.shape
        _, _, t, h = self.w1.shape
        first = (self.w1 * self.seen[None, :, :, None]).flatten(2)
        units = functional.gelu(torch.bmm(inputs, first) + self.b1.flatten(1)[:, None])
        units = functional.dropout(units, self.recipe.dropout, self.training).view(m, n, t, h)
        units = functional.gelu(torch.einsum("mnth,mthk->mntk", units, self.w2) + self.b2[:, None])
        units = functional.dropout(units, self.recipe.dropout, self.training)
        linear = torch.einsum("mnf,mf,ft->mnt", inputs[..., :-CONTEXT], self.linear, self.owned)
        return torch.einsum("mnth,mth->mnt", units, self.w3) + linear

    def fit(self, inputs: Array, table: FeatureTable, rng: np.random.Generator, progress: Progress) -> None:
        """Train on the impressions that have both clicked and other candidates."""
        recipe, offsets = self.recipe, table.offsets
        self.mean.copy_(torch.from_numpy(inputs.mean(axis=0)))
        self.scale.copy_(torch.from_numpy(inputs.std(axis=0) + 1e-6))
        rows, clicked = self.standardise(inputs), torch.from_numpy(table.clicked)
        clicks = np.add.reduceat(table.clicked.astype(np.intp), offsets[:-1])
        telling = np.flatnonzero((clicks > 0) & (clicks < np.diff(offsets)))
        batches = -(-len(telling) // recipe.batch)
        optimiser = torch.optim.AdamW(self.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, recipe.learning_rate, total_steps=recipe.epochs * batches, pct_start=0.09
        )
        self.train()
        for epoch in range(recipe.epochs):
            for batch in np.array_split(rng.permutation(telling), batches):
                taken = np.concatenate([np.arange(offsets[i], offsets[i + 1]) for i in batch])
                which = torch.from_numpy(np.repeat(np.arange(len(batch)), offsets[batch + 1] - offsets[batch]))
                scores = self(self._hidden_from(rows[taken], which, len(batch))).sum(-1)
                loss = _listwise(scores, clicked[taken], which, len(batch))
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it without types
                optimiser.step()
                schedule.step()
            progress("training", (epoch + 1) / recipe.epochs)
        self.eval()

    def standardise(self, inputs: Array) -> torch.Tensor:
        """Mean 0 and deviation 1 over the training's rows, cut at 5 deviations."""
        return ((torch.from_numpy(inputs) - self.mean) / self.scale).clamp(-5.0, 5.0)

    def _hidden_from(self, rows: torch.Tensor, which: torch.Tensor, impressions: int) -> torch.Tensor:
        """The same rows for each member, (m, n, f + 2), each without some of the features."""
        kept = torch.rand(self.recipe.members, impressions, rows.shape[1] - CONTEXT) >= self.recipe.hide
        features = rows[:, :-CONTEXT] * kept[:, which] / (1.0 - self.recipe.hide)
        return torch.cat([features, rows[:, -CONTEXT:].expand(self.recipe.members, -1, -1)], dim=-1)

    @torch.no_grad()
    def contributions(self, inputs: Array, offsets: Rows) -> Array:
        """Mean over members, less the mean over the impression, (N, t)."""
        members = self.recipe.members
        parts = [self(part.expand(members, -1, -1)).mean(0) for part in torch.split(self.standardise(inputs), 10_000)]
        return _centred(torch.cat(parts).numpy(), offsets)

    def digest(self) -> str:
        """Names the weights: 12 hex digits."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.contiguous().numpy().tobytes())
        return digest.hexdigest()[:12]


CONTEXT = 2
"""Inputs that tell the request: log(1 + liked items of the reader), log(candidates)."""


def _inputs(table: FeatureTable, features: Sequence[str]) -> Array:
    """Features less their mean over the impression, and the context; (N, f + 2), float32."""
    sizes = np.diff(table.offsets)
    context = np.column_stack([np.log1p(table.history), np.log(sizes)])
    return np.hstack([_centred(table.columns(features), table.offsets), np.repeat(context, sizes, axis=0)]).astype(
        np.float32
    )


def _centred(values: Array, offsets: Rows) -> Array:
    sizes = np.diff(offsets)
    means = np.add.reduceat(values, offsets[:-1], axis=0, dtype=np.float64) / sizes[:, None]
    return np.asarray(values - np.repeat(means, sizes, axis=0), dtype=np.float32)


def _listwise(scores: torch.Tensor, clicked: torch.Tensor, which: torch.Tensor, impressions: int) -> torch.Tensor:
    """Cross entropy of the softmax over each impression and its clicks, summed over members; scores (m, n)."""
    members = scores.shape[0]
    highest = scores.new_full((members, impressions), -torch.inf)
    highest = highest.scatter_reduce(1, which.expand(members, -1), scores.detach(), "amax")
    total = scores.new_zeros(members, impressions).index_add(1, which, torch.exp(scores - highest[:, which]))
    log_share = scores - (torch.log(total) + highest)[:, which]
    clicks = scores.new_zeros(impressions).index_add(0, which, clicked.float())
    return -(log_share * clicked / clicks[which]).sum() / impressions


def _uniform(*shape: int) -> torch.Tensor:
    return torch.rand(*shape) * 2 - 1


def _enough(clicks: int) -> None:
    if clicks < MIN_CLICKS:
        raise TooLittleData(
            f"{clicks} clicks are too few to train a ranker, which takes {MIN_CLICKS}; the fixed one keeps serving"
        )


def _part_of(progress: Progress, number: int, share: float) -> None:
    progress("pre-training", (number + share) / len(GAMMAS))


def _nothing(_: str, __: float) -> None:
    """Progress that nobody watches."""
