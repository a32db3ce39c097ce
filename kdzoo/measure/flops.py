"""Floating-point operations of a torch model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.backends import mha, mkldnn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from kdzoo.data import Example
from kdzoo.errors import kind_and_words
from kdzoo.model import READS_PAIRS, LoadedModel, takes_token_types
from kdzoo.text import encode


@dataclass(frozen=True)
class Work:
    """What a model does for one text.

    Attributes:
        tokens: of the text of median length, as the model cuts it.
        flops: for that text; None where they cannot be counted.
        failure: why not.
    """

    tokens: int
    flops: int | None = None
    failure: str | None = None


def work_per_text(loaded: LoadedModel, examples: Sequence[Example]) -> Work:
    """Returns the tokens of the text of median length and its FLOPs, as far as they are known."""
    encoded = encode(loaded.tokenizer, examples, loaded.pad_id)
    tokens = int(np.median(encoded.lengths))
    try:
        return Work(tokens, flops_per_text(loaded.model, tokens))
    except Exception as error:  # the counter knows not every build: a figure beside the others
        return Work(tokens, failure=kind_and_words(error))


def flops_per_text(model: Any, tokens: int) -> int:
    """Returns the operations of one text: two per multiplication and addition, none for look-ups.

    Args:
        model: a Hugging Face classifier on the CPU, in evaluation mode.
        tokens: length of the text; of a pair, both have half of them.
    """
    return flops_by_module(model, tokens)[""]


@torch.inference_mode()
def flops_by_module(model: Any, tokens: int) -> dict[str, int]:
    """Returns the same for each part of the model, what it holds included, by its dotted name.

    The whole model has no name. A part that multiplies nothing is left out.
    """
    inputs = one_text(model, tokens)
    with _countable(), _frozen(model), FlopCounterMode(display=False) as counter:
        model(**inputs)
    whole = type(model).__name__
    found = {"": int(counter.get_total_flops())}
    for name, counts in counter.get_flop_counts().items():
        if name.startswith(f"{whole}."):
            found[name.removeprefix(f"{whole}.")] = sum(map(int, counts.values()))
    return found


def one_text(model: Any, tokens: int) -> dict[str, torch.Tensor]:
    """Returns a text of so many tokens as a model reads it, [1, T] each; none is padding."""
    pad_id, end = model.config.pad_token_id, getattr(model.config, "eos_token_id", None)
    word = next(piece for piece in range(3) if piece not in (pad_id, end))
    ids = torch.full((1, tokens), word)  # [1, T]
    if isinstance(end, int) and model.config.is_encoder_decoder:  # which pools where a text ends
        ids[0, -1] = end
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if getattr(model.config, READS_PAIRS, False) and takes_token_types(model):
        inputs["token_type_ids"] = (torch.arange(tokens)[None] >= tokens / 2).long()
    return inputs


@contextmanager
def _frozen(model: Any) -> Iterator[None]:
    """Keeps gradients out of a model: the counter would look for those of tables it is handed."""
    wanted = [weights for weights in model.parameters() if weights.requires_grad]
    for parameter in wanted:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in wanted:
            parameter.requires_grad_(True)


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
