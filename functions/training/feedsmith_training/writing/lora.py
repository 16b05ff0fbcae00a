"""Fine-tunes the house writer: low-rank adapters (Hu et al., "LoRA", ICLR 2022) on a small chat model."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoTokenizer

from feedsmith.errors import ConfigurationError, TooLittleData
from feedsmith.writing.house import END, house_prompt
from feedsmith_training.writing.cases import Pair

_logger = logging.getLogger(__name__)

LEAST_PAIRS = 200
MODULES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_IGNORED = -100

Progress = Callable[[int, int, float], None]
"""Told the steps done, all steps, and the mean loss of the last ones (nats per token)."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the adapter is trained.

    ``tokens`` is the size of a batch, padding included; ``unread`` the share of pairs shown without the reader's
    history, so that one adapter also writes for those who have none.
    """

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    epochs: float = 1.0
    tokens: int = 1200
    learning_rate: float = 8e-4
    warmup: float = 0.05
    unread: float = 0.25
    seed: int = 0
    checkpoint_every: int = 25


@dataclass(frozen=True, slots=True)
class Trained:
    """The adapter's weights by PEFT's names, what they were trained with, and how it went."""

    weights: dict[str, torch.Tensor]
    recipe: Recipe
    steps: int
    losses: tuple[float, ...]


def load_base(gguf: Path) -> tuple[Any, Any]:
    """Model and tokenizer of a GGUF file, its weights dequantised to float32.

    Raises
    ------
    ConfigurationError
        The file is not there or cannot be read as a model.
    """
    if not gguf.is_file():
        raise ConfigurationError(f"no model file {gguf}: run `make models`")
    try:
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(f"{gguf} cannot be loaded for training: {error}") from error
    return model, tokenizer


def train(
    pairs: Sequence[Pair], model: Any, tokenizer: Any, recipe: Recipe, *, checkpoint: Path, progress: Progress
) -> Trained:
    """Train, or go on from the checkpoint of a run with the same recipe and pairs.

    Parameters
    ----------
    model, tokenizer
        As :func:`load_base` gives them; on a GPU where there is one.
    checkpoint
        File that the state is kept in every few steps, whole or not at all; removed by the caller.

    Raises
    ------
    TooLittleData
        Fewer than 200 pairs.
    """
    if len(pairs) < LEAST_PAIRS:
        raise TooLittleData(f"{len(pairs)} pairs of text and headline; a writer needs at least {LEAST_PAIRS}")
    torch.manual_seed(recipe.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    config = LoraConfig(
        r=recipe.rank, lora_alpha=recipe.alpha, lora_dropout=recipe.dropout, target_modules=list(MODULES)
    )
    adapted = get_peft_model(model, config).to(device)
    adapted.train()
    batches = list(_batches(pairs, tokenizer, recipe))
    trained = [weight for weight in adapted.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, len(batches), recipe.warmup))
    losses = _resume(checkpoint, adapted, optimiser, schedule, recipe, len(batches))
    for step in range(len(losses), len(batches)):
        torch.manual_seed(recipe.seed * 1_000_003 + step)  # the same dropout for a run that goes on as for a whole one
        loss = _loss(adapted, [row.to(device) for row in batches[step]])
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)
        losses.append(loss.item())
        progress(step + 1, len(batches), sum(losses[-50:]) / len(losses[-50:]))
        if (step + 1) % recipe.checkpoint_every == 0 or step + 1 == len(batches):
            _keep(checkpoint, adapted, optimiser, schedule, recipe, losses, len(batches))
    weights = {name: weight.detach().float().cpu() for name, weight in get_peft_model_state_dict(adapted).items()}
    return Trained(weights, recipe, len(batches), tuple(losses))


def _rate(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up, then half a cosine down to a twentieth."""
    rising = max(1, int(steps * warmup))
    if step < rising:
        return (step + 1) / rising
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def _batches(pairs: Sequence[Pair], tokenizer: Any, recipe: Recipe) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Token ids and labels, shape (n, longest), int64, of rows of like length; in an order that the seed gives."""
    draw = random.Random(recipe.seed)  # noqa: S311  an order, no secret
    order: list[tuple[list[int], int]] = []
    wanted = round(len(pairs) * recipe.epochs)
    while len(order) < wanted:
        for pair in draw.sample(pairs, min(len(pairs), wanted - len(order))):
            reads = () if draw.random() < recipe.unread else pair.reads
            asked = tokenizer(house_prompt(pair.text, reads)).input_ids
            said = [*tokenizer(f" {pair.gold}").input_ids, tokenizer.convert_tokens_to_ids(END)]
            order.append((asked + said, len(asked)))
    # Rows of like length share a batch, within a stretch of the shuffled order: little padding, no order by length.
    batches = []
    for start in range(0, len(order), 1024):
        stretch = sorted(order[start : start + 1024], key=lambda row: len(row[0]))
        batch: list[tuple[list[int], int]] = []
        for row in stretch:
            if batch and len(row[0]) * (len(batch) + 1) > recipe.tokens:
                batches.append(batch)
                batch = []
            batch.append(row)
        batches.append(batch)
    draw.shuffle(batches)
    padding = tokenizer.convert_tokens_to_ids(END)
    for batch in batches:
        longest = max(len(ids) for ids, _ in batch)
        ids = torch.full((len(batch), longest), padding)
        labels = torch.full((len(batch), longest), _IGNORED)
        for i, (row_ids, asked_length) in enumerate(batch):
            ids[i, : len(row_ids)] = torch.tensor(row_ids)
            labels[i, asked_length : len(row_ids)] = torch.tensor(row_ids[asked_length:])
        yield ids, labels


def _loss(adapted: Any, batch: Sequence[torch.Tensor]) -> torch.Tensor:
    """Mean cross-entropy of the headlines' tokens; the vocabulary is looked at for these alone.

    Rows are padded on the right: under a causal mask no real token sees the padding.
    """
    ids, labels = batch
    inner = adapted.base_model.model
    with torch.autocast(ids.device.type, torch.bfloat16):
        hidden = inner.model(input_ids=ids).last_hidden_state[:, :-1]
        said = labels[:, 1:]
        scores = inner.lm_head(hidden[said != _IGNORED])
    loss: torch.Tensor = functional.cross_entropy(scores.float(), said[said != _IGNORED])
    return loss


def _keep(
    path: Path, adapted: Any, optimiser: torch.optim.Optimizer, schedule: Any, recipe: Recipe, losses: list[float],
    steps: int,
) -> None:  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    torch.save(
        {
            "recipe": asdict(recipe),
            "steps": steps,
            "weights": get_peft_model_state_dict(adapted),
            "optimiser": optimiser.state_dict(),
            "schedule": schedule.state_dict(),
            "losses": losses,
        },
        partial,
    )
    partial.replace(path)


def _resume(
    path: Path, adapted: Any, optimiser: torch.optim.Optimizer, schedule: Any, recipe: Recipe, steps: int
) -> list[float]:
    """Losses of the steps that a checkpoint has behind it; none where there is no checkpoint of this run."""
    if not path.exists():
        return []
    state = torch.load(path, weights_only=True)
    if state["recipe"] != asdict(recipe) or state["steps"] != steps:
        _logger.warning("%s is of another run and is replaced", path)
        return []
    set_peft_model_state_dict(adapted, state["weights"])
    optimiser.load_state_dict(state["optimiser"])
    schedule.load_state_dict(state["schedule"])
    losses: list[float] = state["losses"]
    return losses
