"""The one way in which texts go through a model when nothing is learnt."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from kdzoo.model.padding import heeds_padding
from kdzoo.task.protocol import Logits as Logits
from kdzoo.text import Encoded

Vectors = npt.NDArray[np.float32]  # [N, D]


TYPES = "token_type_ids"
KEPT_BACK = "kept_back"  # of a loaded model: inputs that its tokenizer does not give it


def takes_token_types(model: Any) -> bool:
    """Whether the model tells the texts of a pair apart by their token types."""
    named = TYPES in inspect.signature(model.forward).parameters
    is_given = TYPES not in getattr(model, KEPT_BACK, ())
    return named and is_given and getattr(model.config, "type_vocab_size", 0) > 1


def readable(model: Any, encoded: Encoded) -> Encoded:
    """Returns what the model reads of tokenised texts: no token types where it has none."""
    if encoded.type_ids is None or takes_token_types(model):
        return encoded
    return replace(encoded, type_ids=None)


def length_sorted_batches(
    lengths: npt.NDArray[np.int64], batch_size: int, *, alike: bool = False
) -> Iterator[npt.NDArray[np.int64]]:
    """Yields row numbers, longest texts first: a batch pads little and memory peaks at once.

    Args:
        lengths: tokens of each text, [N].
        batch_size: texts at once.
        alike: whether a batch holds texts of one length alone, so that nothing is padded.
    """
    order = np.argsort(-lengths, kind="stable")
    ends = np.flatnonzero(np.diff(lengths[order])) + 1  # of the texts of one length
    for group in np.split(order, ends) if alike else [order]:
        for start in range(0, len(group), batch_size):
            yield group[start : start + batch_size]


def predict_logits(
    model: nn.Module,
    encoded: Encoded,
    batch_size: int = 256,
    advance: Callable[[int], None] | None = None,
) -> Logits:
    """Returns the logits [N, C] in the order of the texts; the model is left in evaluation mode.

    Where the words of the texts are known, each has logits: [N, W, C].

    Args:
        model: a Hugging Face model, on any device.
        encoded: N texts as ids.
        batch_size: texts at once.
        advance: told how many texts are done, batch by batch.
    """
    return _predict(model, encoded, batch_size, advance, lambda batch: model(**batch).logits)


def predict_vectors(
    model: Any, encoded: Encoded, batch_size: int, advance: Callable[[int], None]
) -> Vectors:
    """Returns the sentence vectors [N, D], of pairs [N, 2D], that a sentence model reads.

    Args:
        model: a sentence model.
        encoded: N texts as ids.
        batch_size: texts at once.
        advance: told how many texts are done, batch by batch.
    """
    return _predict(model, encoded, batch_size, advance, lambda batch: model.vectors(**batch))


@torch.inference_mode()
def _predict(
    model: nn.Module,
    encoded: Encoded,
    batch_size: int,
    advance: Callable[[int], None] | None,
    output_of: Callable[[dict[str, Tensor]], Tensor],
) -> npt.NDArray[np.float32]:
    """Returns what a model makes of each text, [N, W], in the order of the texts."""
    model.eval()
    device = next(model.parameters()).device
    encoded = readable(model, encoded)
    found: npt.NDArray[np.float32] | None = None
    lengths = encoded.lengths
    alike = bool((lengths != lengths[:1]).any()) and heeds_padding(model)
    for rows in length_sorted_batches(lengths, batch_size, alike=alike):
        batch = {name: tensor.to(device) for name, tensor in encoded.batch(rows).items()}
        output = encoded.answers(rows, output_of(batch).float()).cpu().numpy()  # [B, W]
        if encoded.words is None:
            found = (
                np.empty((len(encoded), output.shape[1]), np.float32) if found is None else found
            )
            found[rows] = output
        else:
            found = _by_word(encoded, output.shape[-1]) if found is None else found
            found[rows, : output.shape[1]] = output
        if advance is not None:
            advance(len(rows))
    return np.empty((0, 0), dtype=np.float32) if found is None else found


def _by_word(encoded: Encoded, labels: int) -> Logits:
    """Returns room for the logits of all words of N sentences, [N, W, C]: NaN so far."""
    assert encoded.words is not None  # noqa: S101 - of sentences alone
    longest = int(np.diff(encoded.words.offsets).max(initial=1))
    return np.full((len(encoded), longest, labels), np.nan, dtype=np.float32)
