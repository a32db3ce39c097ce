"""Texts -> ids: tokenised once into ragged arrays, padded a batch at a time by vectorised code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from torch import Tensor

from kdzoo.data import Example, has_pairs
from kdzoo.tokenising import may_take_long, within_limit

CHUNK = 8192  # texts tokenised at once; keeps the Rust side's memory bounded

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class Encoded:
    """Token ids of N texts, end to end; row i is ``ids[offsets[i]:offsets[i + 1]]``."""

    ids: npt.NDArray[np.int32]  # [sum of lengths]
    offsets: npt.NDArray[np.int64]  # [N + 1]
    pad_id: int
    type_ids: npt.NDArray[np.int32] | None = None  # [sum of lengths], where pairs are read jointly
    cut: int = 0  # texts that were longer than the maximum

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens per text, [N]."""
        return np.diff(self.offsets)

    def take(self, rows: npt.NDArray[np.int64]) -> Encoded:
        """Returns the texts of these rows, in this order."""
        lengths = self.lengths[rows]
        source = _ranges(self.offsets[rows], lengths)
        types = None if self.type_ids is None else self.type_ids[source]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        return Encoded(self.ids[source], offsets, self.pad_id, types)

    def batch(self, rows: npt.NDArray[np.int64]) -> Batch:
        """Returns the rows as ``input_ids`` and ``attention_mask`` [B, T], padded on the right."""
        lengths = self.offsets[rows + 1] - self.offsets[rows]  # [B]
        longest = max(1, int(lengths.max(initial=1)))
        inside = np.arange(longest) < lengths[:, None]  # [B, T]
        source = _ranges(self.offsets[rows], lengths)
        padded = np.full(inside.shape, self.pad_id, dtype=np.int64)
        padded[inside] = self.ids[source]
        batch = {
            "input_ids": torch.from_numpy(padded),
            "attention_mask": torch.from_numpy(inside.astype(np.int64)),
        }
        if self.type_ids is not None:
            types = np.zeros(inside.shape, dtype=np.int64)
            types[inside] = self.type_ids[source]
            batch["token_type_ids"] = torch.from_numpy(types)
        return batch


def _ranges(starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Returns the ranges [start, start + length) end to end, without a loop."""
    ends = np.cumsum(lengths)
    flat = np.arange(ends[-1] if len(ends) else 0)
    return np.asarray(flat + np.repeat(starts - (ends - lengths), lengths), dtype=np.int64)


def encode(
    tokenizer: Tokenizer,
    examples: Sequence[Example],
    pad_id: int,
    advance: Callable[[int], None] | None = None,
) -> Encoded:
    """Returns the examples tokenised, cut where the tokenizer cuts; pairs are read jointly.

    A text in which the tokenizer finds nothing (control characters, say) becomes one padding token:
    every row has at least one.

    Args:
        tokenizer: cuts where texts are cut.
        examples: N texts, or pairs.
        pad_id: the id of padding.
        advance: told how many texts are done, chunk by chunk.

    Raises:
        ModelError: the tokenizer takes time without end.
    """
    pieces: list[npt.NDArray[np.int32]] = []
    types: list[npt.NDArray[np.int32]] = []
    lengths = np.zeros(len(examples), dtype=np.int64)
    with_pairs = has_pairs(examples)
    # the fast one leaves out where in the text a token is, and which of two texts it is from
    read = tokenizer.encode_batch if with_pairs else tokenizer.encode_batch_fast
    if may_take_long(tokenizer):
        read = partial(within_limit, read)
    cut = 0
    for start in range(0, len(examples), CHUNK):
        chunk = list(examples[start : start + CHUNK])
        encodings = read([example.input for example in chunk])
        ids = [encoding.ids or [pad_id] for encoding in encodings]
        lengths[start : start + len(chunk)] = [len(row) for row in ids]
        pieces.append(_flat(ids))
        if with_pairs:
            types.append(_flat([encoding.type_ids or [0] for encoding in encodings]))
        cut += sum(bool(encoding.overflowing) for encoding in encodings)
        if advance is not None:
            advance(len(chunk))
    return Encoded(
        ids=np.concatenate(pieces) if pieces else np.empty(0, dtype=np.int32),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        pad_id=pad_id,
        type_ids=np.concatenate(types) if types else None,
        cut=cut,
    )


def _flat(rows: list[list[int]]) -> npt.NDArray[np.int32]:
    return np.fromiter(chain.from_iterable(rows), dtype=np.int32, count=sum(map(len, rows)))
