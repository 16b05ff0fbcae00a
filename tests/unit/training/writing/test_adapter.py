"""An adapter as llama.cpp reads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGUFReader

from feedsmith_training.writing.adapter import permuted, write_adapter

LAYER = "base_model.model.model.layers.3."


def test_rows_of_a_head_are_interleaved() -> None:
    # Two heads of four rows: 0 1 | 2 3 become 0 2 1 3, and 4 5 | 6 7 become 4 6 5 7.
    rows = np.arange(8.0)[:, None]
    assert permuted(rows, 2)[:, 0].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


def test_weights_are_named_and_ordered_as_llama_cpp_wants_them(tmp_path: Path) -> None:
    weights = {
        f"{LAYER}self_attn.q_proj.lora_A.weight": torch.ones(2, 8),
        f"{LAYER}self_attn.q_proj.lora_B.weight": torch.arange(8.0)[:, None].repeat(1, 2),
        f"{LAYER}mlp.down_proj.lora_B.weight": torch.arange(8.0)[:, None].repeat(1, 2),
    }
    write_adapter(tmp_path / "a.gguf", weights, alpha=4, heads=2, kv_heads=1, card={"license": "Apache-2.0"})

    read = GGUFReader(tmp_path / "a.gguf")
    tensors = {tensor.name: np.asarray(tensor.data, dtype=np.float32) for tensor in read.tensors}
    assert tensors["blk.3.attn_q.weight.lora_b"][:, 0].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]
    assert tensors["blk.3.ffn_down.weight.lora_b"][:, 0].tolist() == list(range(8))
    assert tensors["blk.3.attn_q.weight.lora_a"].shape == (2, 8)
    assert read.fields["adapter.lora.alpha"].contents() == 4.0
    assert read.fields["general.type"].contents() == "adapter"
    assert not list(tmp_path.glob("*.part"))


def test_a_weight_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no LoRA weight"):
        write_adapter(tmp_path / "a.gguf", {"x.lora_A.weight": torch.ones(1, 1)}, alpha=1, heads=1, kv_heads=1, card={})
