"""Whether what fills up the shorter texts of a batch has a say in the answers to them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kdzoo.model.shape import positions_of

TRIED = 12  # tokens of the longer of two texts, where the model reads so many
_NEAR = 5e-5  # of the largest logit: beyond it, it is not rounding
_HEEDS = "heeds_padding"  # of a model: what was found


def two_texts(model: Any, tokens: int, pad_id: int) -> tuple[dict[str, Tensor], int]:
    """Returns ids and mask [2, T] of a text of so many tokens and one of half, and the half.

    Args:
        model: a Hugging Face classifier.
        tokens: T.
        pad_id: what the short text is filled up with.
    """
    ends = getattr(model.config, "eos_token_id", None)
    word = next(piece for piece in range(3) if piece not in (pad_id, ends))
    half = max(1, tokens // 2)
    ids = torch.full((2, tokens), word)
    lengths = torch.tensor([[tokens], [half]])
    mask = (torch.arange(tokens) < lengths).long()
    ids[mask == 0] = pad_id
    # others may name an id that their table does not hold: GPT-2's default, of a small vocabulary
    if isinstance(ends, int) and model.config.is_encoder_decoder:  # which pools at a text's end
        ids[[0, 1], lengths[:, 0] - 1] = ends
    return {"input_ids": ids, "attention_mask": mask}, half


@torch.inference_mode()
def heeds_padding(model: Any) -> bool:
    """Whether a classifier answers a text otherwise when a longer one stands beside it.

    So it is where convolutions or means go over the padding (ConvBERT, Nystromformer), or the last
    place of a row is taken for the text's end (XLNet). Found once for each model.

    Args:
        model: in evaluation mode.
    """
    if not hasattr(model, "config"):
        return False
    known: bool | None = getattr(model, _HEEDS, None)
    if known is None:
        known = _is_swayed(model)
        setattr(model, _HEEDS, known)
    return known


def _is_swayed(model: Any) -> bool:
    device, config = next(model.parameters()).device, model.config
    longest = [TRIED, positions_of(model), getattr(config, "text_limit", None)]
    tokens = min(limit for limit in longest if limit)
    batch, half = two_texts(model, tokens, int(getattr(config, "pad_token_id", None) or 0))
    if getattr(config, "pair_head", 0) or getattr(config, "reads_pairs", False):
        batch["token_type_ids"] = torch.zeros_like(batch["input_ids"])  # two texts, told apart
    batch = {name: tensor.to(device) for name, tensor in batch.items()}
    beside = model(**batch).logits[1].float()  # [C]
    alone = model(**{name: tensor[1:, :half] for name, tensor in batch.items()}).logits[0].float()
    if alone.ndim == 2:  # of each piece, [T, C]
        beside = beside[:half]
    largest = max(1.0, float(alone.abs().max()))
    return not torch.allclose(beside, alone, rtol=0, atol=_NEAR * largest, equal_nan=True)
