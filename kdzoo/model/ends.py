"""Encoder-decoders that answer at a text's end (BART, T5): of several ends, it is the last."""

from __future__ import annotations

from typing import Any

from torch import Tensor

_EARLIER = -1  # no id: stands for an end that is not the last


def answer_at_last_end(model: Any) -> Any:
    """Returns a model of transformers that answers each text at its last end.

    Such classifiers take the state at the token that ends a text, and refuse a batch whose texts
    have it in different numbers, as where one holds ``</s>`` itself. So the classifier is shown
    the last end of each alone, and the encoder-decoder in it the ids as they are: an answer is what
    transformers gives to that text by itself. Other models are returned as they are.
    """
    is_one = getattr(model.config, "is_encoder_decoder", False)
    if is_one and isinstance(model.config.eos_token_id, int) and model.base_model is not model:
        model.register_forward_pre_hook(_hide_earlier, with_kwargs=True)
        model.base_model.register_forward_pre_hook(_show_earlier, with_kwargs=True)
    return model


def _hide_earlier(
    model: Any, positional: tuple[Any, ...], named: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Marks all ends of a text but the last: what the classifier itself sees."""
    ids, mask = named["input_ids"], named["attention_mask"]
    ends = ids == model.config.eos_token_id  # which may be the id of padding, too
    within = (ends & mask.bool()).long()
    from_here = within.flip(1).cumsum(1).flip(1)
    is_last = (within == 1) & (from_here == 1)
    return positional, {**named, "input_ids": ids.masked_fill(ends & ~is_last, _EARLIER)}


def _show_earlier(
    base: Any, positional: tuple[Any, ...], named: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Makes marked ends what they are: for the encoder, and where T5 moved them to the decoder."""

    def whole(value: Any) -> Any:
        if isinstance(value, Tensor) and not value.is_floating_point():
            return value.masked_fill(value == _EARLIER, base.config.eos_token_id)
        return value

    return tuple(map(whole, positional)), {name: whole(value) for name, value in named.items()}
