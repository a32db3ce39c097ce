"""Floating-point operations of a torch model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.backends import mha, mkldnn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from kdzoo.data import Example
from kdzoo.model import READS_PAIRS, LoadedModel, takes_token_types
from kdzoo.text import encode


def work_per_text(loaded: LoadedModel, examples: Sequence[Example]) -> tuple[int, int]:
    """Returns the tokens of the text of median length, as the model cuts it, and its FLOPs."""
    encoded = encode(loaded.tokenizer, examples, loaded.pad_id)
    tokens = int(np.median(encoded.lengths))
    return tokens, flops_per_text(loaded.model, tokens)


@torch.inference_mode()
def flops_per_text(model: Any, tokens: int) -> int:
    """Returns the operations of one text: two per multiplication and addition, none for look-ups.

    Args:
        model: a Hugging Face classifier on the CPU, in evaluation mode.
        tokens: length of the text; of a pair, both have half of them.
    """
    pad_id = model.config.pad_token_id
    ids = torch.full((1, tokens), 1 if pad_id in (None, 0) else 0)  # [1, T], none is padding
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if getattr(model.config, READS_PAIRS, False) and takes_token_types(model):
        inputs["token_type_ids"] = (torch.arange(tokens)[None] >= tokens / 2).long()
    with _countable(), FlopCounterMode(display=False) as counter:
        model(**inputs)
    return int(counter.get_total_flops())


@contextmanager
def _countable() -> Iterator[None]:
    """Has recurrent layers and attention computed by matrix products, which the counter knows.

    On the CPU both are single operations otherwise, without a formula, and would count as nothing.
    """
    fast_attention, fused_layers = mha.get_fastpath_enabled(), mkldnn.enabled
    mha.set_fastpath_enabled(False)
    mkldnn.enabled = False  # type: ignore[assignment]  # torch types it as what reads it
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        mha.set_fastpath_enabled(fast_attention)
        mkldnn.enabled = fused_layers
