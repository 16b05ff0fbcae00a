"""Training of the house writer, on a model of a few thousand weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from feedsmith.errors import ConfigurationError, TooLittleData
from feedsmith_training.writing.cases import Pair
from feedsmith_training.writing.lora import Recipe, load_base, train

WORDS = ["[UNK]", "<|im_end|>", "Story", "Read", "Headline", ":", "storm", "bread", "coast", "price", "rain", "dear"]
PAIRS = [Pair("storm coast", ("rain",), "rain"), Pair("bread price", (), "dear")] * 100
RECIPE = Recipe(rank=2, alpha=4, epochs=4.0, tokens=160, learning_rate=2e-2, checkpoint_every=4)


def tiny() -> tuple[Any, Any]:
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="[UNK]", eos_token="<|im_end|>"
    )  # fmt: skip
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(WORDS), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=64,
    )  # fmt: skip
    return LlamaForCausalLM(config), tokenizer


def silent(step: int, steps: int, loss: float) -> None:
    """Show nothing."""


def test_it_learns_what_the_pairs_say(tmp_path: Path) -> None:
    trained = train(PAIRS, *tiny(), RECIPE, checkpoint=tmp_path / "c", progress=silent)

    assert trained.steps == len(trained.losses)
    # A guess among twelve words costs ln 12 = 2.48 nats.
    assert sum(trained.losses[:3]) / 3 == pytest.approx(2.48, abs=0.1)
    assert sum(trained.losses[-3:]) / 3 < 2.25
    # Seven modules in each of two layers, each with an A and a B.
    assert len(trained.weights) == 28


def test_an_interrupted_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole = train(PAIRS, *tiny(), RECIPE, checkpoint=tmp_path / "whole", progress=silent)

    def interrupt(step: int, steps: int, loss: float) -> None:
        if step == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(PAIRS, *tiny(), RECIPE, checkpoint=tmp_path / "cut", progress=interrupt)
    steps: list[int] = []
    again = train(
        PAIRS, *tiny(), RECIPE, checkpoint=tmp_path / "cut", progress=lambda step, steps_, loss: steps.append(step)
    )

    assert steps[0] == 5  # what came after the checkpoint of step 4 is done again
    for name, weight in whole.weights.items():
        torch.testing.assert_close(again.weights[name], weight, rtol=1e-3, atol=1e-4)


def test_a_checkpoint_of_another_recipe_is_not_gone_on_from(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    train(PAIRS, *tiny(), RECIPE, checkpoint=tmp_path / "c", progress=silent)
    steps: list[int] = []
    other = Recipe(rank=2, alpha=4, epochs=4.0, tokens=160, learning_rate=1e-2, checkpoint_every=4)
    train(PAIRS, *tiny(), other, checkpoint=tmp_path / "c", progress=lambda step, all_, loss: steps.append(step))

    assert steps[0] == 1
    assert "another run" in caplog.text


def test_too_few_pairs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TooLittleData, match="199 pairs"):
        train(PAIRS[:199], *tiny(), RECIPE, checkpoint=tmp_path / "c", progress=silent)


def test_a_base_that_is_not_there_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="make models"):
        load_base(tmp_path / "model.gguf")
