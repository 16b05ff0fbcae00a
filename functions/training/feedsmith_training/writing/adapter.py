"""A trained adapter as the file that llama.cpp reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch

from feedsmith_training.log import Array

_NAME = re.compile(r"layers\.(\d+)\.(?:self_attn|mlp)\.(\w+)\.lora_([AB])\.weight$")
_BLOCKS = {
    "q_proj": "attn_q",
    "k_proj": "attn_k",
    "v_proj": "attn_v",
    "o_proj": "attn_output",
    "gate_proj": "ffn_gate",
    "up_proj": "ffn_up",
    "down_proj": "ffn_down",
}


def write_adapter(
    path: Path, weights: Mapping[str, torch.Tensor], *, alpha: float, heads: int, kv_heads: int, card: Mapping[str, str]
) -> None:
    """Write a LoRA adapter of a Llama model as GGUF, float16; whole or not at all.

    Parameters
    ----------
    weights
        By PEFT's names; A of shape (rank, in), B of shape (out, rank).
    alpha
        LoRA's alpha: the update is ``alpha / rank * B @ A``.
    heads, kv_heads
        Attention heads, and those of keys. llama.cpp keeps rows of q and k with the halves of a head interleaved for
        its rotary embedding, so the rows of their B are put in the same order.
    card
        Texts for the file's own metadata, such as name and licence.

    Raises
    ------
    ValueError
        A weight's name is none of a Llama layer.
    """
    partial = path.with_suffix(".part")
    writer = gguf.GGUFWriter(partial, "llama")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    for key, value in card.items():
        writer.add_string(f"general.{key}", value)
    for name, tensor in sorted(weights.items()):
        found = _NAME.search(name)
        if found is None or found[2] not in _BLOCKS:
            raise ValueError(f"{name} is no LoRA weight of a Llama layer")
        layer, module, side = found.groups()
        values = tensor.float().numpy()
        if side == "B" and module in ("q_proj", "k_proj"):
            values = permuted(values, heads if module == "q_proj" else kv_heads)
        writer.add_tensor(f"blk.{layer}.{_BLOCKS[module]}.weight.lora_{side.lower()}", values.astype(np.float16))
    path.parent.mkdir(parents=True, exist_ok=True)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    partial.replace(path)


def permuted(rows: Array, heads: int) -> Array:
    """Rows of a projection, shape (heads * d, n), with both halves of each head interleaved."""
    out = rows.shape[0]
    halves: Any = rows.reshape(heads, 2, out // heads // 2, rows.shape[1])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(rows.shape))
