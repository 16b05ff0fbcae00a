"""Learns item embeddings from what the same people read: the pre-training of the ranker's content terms.

An item's embedding is linear in its text vector and its topic scores, so that an item nobody has read yet has one. It
is trained to tell what a reader read from what others read, by the rest of the reader's history: of a window of the
history some items are taken out, and each is to be found, by a mixture of attention over the remaining ones and their
mean, among items of other readers (sampled softmax, with the log-frequency correction of Bengio & Senecal, "Adaptive
importance sampling", IEEE Transactions on Neural Networks 2008, times ``gamma``: at 1 the embedding says what this
reader likes more than others do, at 0 also what is read at all).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from feedsmith_training.log import Array, Catalogue, Rows

GAMMAS = (0.0, 0.5, 1.0)
"""One projection is trained with each."""

_DIMENSION = 64
_WINDOW = 40
_TAKEN_OUT = 8
_NEGATIVES = 512
_BATCH = 64
_EPOCHS = 16
_LEARNING_RATE = 2e-3
_WEIGHT_DECAY = 1e-2
_DROPOUT = 0.1
_SHORTEST = 3
_NEVER = -1e4


class _Scorer(nn.Module):
    """Scores items by attention over a history's embeddings, mixed with their mean."""

    def __init__(self) -> None:
        super().__init__()
        self.sharpness = nn.Parameter(torch.tensor(4.0))
        self.scale = nn.Parameter(torch.tensor(8.0))
        self.mixture = nn.Parameter(torch.tensor(0.0))

    def forward(self, cosines: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        """(b, n, m) cosines of n items with m history items, (b, 1, m) which of these are there -> (b, n)."""
        attention = (cosines * self.sharpness).masked_fill(~there, _NEVER).softmax(-1)
        attended = (attention * cosines * there).sum(-1)
        mean = (cosines * there).sum(-1) / there.sum(-1).clamp(min=1)
        share = torch.sigmoid(self.mixture)
        return self.scale * (share * attended + (1 - share) * mean)


def train_projection(
    catalogue: Catalogue,
    histories: Sequence[Rows],
    *,
    gamma: float,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> Array:
    """Learn one projection, shape (d + t, 64), float32.

    Parameters
    ----------
    histories
        Catalogue rows, one array per user; those shorter than 3 say nothing.
    gamma
        Share in [0, 1] of the frequency correction.
    """
    long = [np.asarray(history) for history in histories if len(history) >= _SHORTEST]
    inputs = torch.from_numpy(np.hstack([catalogue.vectors, catalogue.topics]))
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    projection = nn.Linear(inputs.shape[1], _DIMENSION, bias=False)
    if not long:
        return np.ascontiguousarray(projection.weight.detach().numpy().T)
    read = np.concatenate(long)
    frequency = np.bincount(read, minlength=len(catalogue)) + 0.1
    correction = torch.from_numpy(gamma * np.log(frequency / frequency.sum())).float()
    scorer = _Scorer()
    optimiser = torch.optim.AdamW(
        [*projection.parameters(), *scorer.parameters()], _LEARNING_RATE, weight_decay=_WEIGHT_DECAY
    )
    batches = -(-len(long) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, _LEARNING_RATE, total_steps=_EPOCHS * batches, pct_start=0.05, anneal_strategy="cos"
    )

    def embed(rows: torch.Tensor) -> torch.Tensor:
        return functional.normalize(projection(functional.dropout(inputs[rows], _DROPOUT)), dim=-1)

    for epoch in range(_EPOCHS):
        order = rng.permutation(len(long))
        for batch in np.array_split(order, batches):
            windows, there, taken = _windows([long[i] for i in batch], rng)
            targets = np.take_along_axis(windows, taken, axis=1)
            negatives = np.concatenate([read[rng.integers(0, len(read), _NEGATIVES)], targets[:, :2].ravel()])
            history, others = embed(torch.from_numpy(windows)), embed(torch.from_numpy(negatives))
            taken_out = torch.from_numpy(taken)
            wanted = torch.gather(history, 1, taken_out[..., None].expand(-1, -1, _DIMENSION))
            left = torch.from_numpy(there).scatter(1, taken_out, value=False)[:, None]
            known = left.any(-1).float().expand(-1, _TAKEN_OUT)
            true = scorer(torch.einsum("bjd,bmd->bjm", wanted, history), left) - correction[targets]
            false = scorer(torch.einsum("nd,bmd->bnm", others, history), left) - correction[negatives]
            own = torch.from_numpy((windows[:, :, None] == negatives).any(1))
            rest = false.masked_fill(own, _NEVER).logsumexp(-1, keepdim=True).expand_as(true)
            loss = ((torch.logaddexp(true, rest) - true) * known).sum() / known.sum().clamp(min=1)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        if progress is not None:
            progress((epoch + 1) / _EPOCHS)
    return np.ascontiguousarray(projection.weight.detach().numpy().T)


def _windows(histories: Sequence[Rows], rng: np.random.Generator) -> tuple[Rows, npt.NDArray[np.bool_], Rows]:
    """A window of each history (b, m), which places of it are filled (b, m) bool, and the places taken out (b, j)."""
    windows = np.zeros((len(histories), _WINDOW), dtype=np.intp)
    there = np.zeros(windows.shape, dtype=bool)
    taken = np.zeros((len(histories), _TAKEN_OUT), dtype=np.intp)
    for row, history in enumerate(histories):
        start = int(rng.integers(0, max(len(history) - _WINDOW, 0) + 1))
        window = history[start : start + _WINDOW]
        windows[row, : len(window)] = window
        there[row, : len(window)] = True
        taken[row] = rng.integers(0, len(window), _TAKEN_OUT)
    return windows, there, taken
