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
from kdzoo.task.words import NO_WORD, UNREAD, Places, first_pieces
from kdzoo.tokenising import may_take_long, within_limit

CHUNK = 8192  # texts tokenised at once; keeps the Rust side's memory bounded

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class WordPlaces:
    """Which piece is the first of each word of N sentences, end to end, ``UNREAD`` where none is.

    Sentence i has ``first[offsets[i]:offsets[i + 1]]``.
    """

    first: npt.NDArray[np.int64]  # [sum of words]
    offsets: npt.NDArray[np.int64]  # [N + 1]

    def take(self, rows: npt.NDArray[np.int64]) -> WordPlaces:
        """Returns those of these rows, in this order."""
        counts = np.diff(self.offsets)[rows]
        source = _ranges(self.offsets[rows], counts)
        return WordPlaces(self.first[source], np.concatenate([[0], np.cumsum(counts)]))

    def batch(self, rows: npt.NDArray[np.int64]) -> Places:
        """Returns those of the rows, [B, W], ``NO_WORD`` where a sentence has no more."""
        counts = self.offsets[rows + 1] - self.offsets[rows]  # [B]
        inside = np.arange(int(counts.max(initial=1))) < counts[:, None]  # [B, W]
        places = np.full(inside.shape, NO_WORD, dtype=np.int64)
        places[inside] = self.first[_ranges(self.offsets[rows], counts)]
        return places


@dataclass(frozen=True)
class Encoded:
    """Token ids of N texts, end to end; row i is ``ids[offsets[i]:offsets[i + 1]]``."""

    ids: npt.NDArray[np.int32]  # [sum of lengths]
    offsets: npt.NDArray[np.int64]  # [N + 1]
    pad_id: int
    type_ids: npt.NDArray[np.int32] | None = None  # [sum of lengths], where pairs are read jointly
    cut: int = 0  # texts that were longer than the maximum
    words: WordPlaces | None = None  # where each word gets a label

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
        words = None if self.words is None else self.words.take(rows)
        return Encoded(self.ids[source], offsets, self.pad_id, types, words=words)

    def answers(self, rows: npt.NDArray[np.int64], logits: Tensor) -> Tensor:
        """Returns what a model says of the texts of these rows: of whole ones what it gives.

        Where each word gets a label, the logits of pieces [B, T, C] are brought to words, [B, W, C]
        (see ``kdzoo.task.words.by_word``).
        """
        if self.words is None:
            return logits
        places = torch.from_numpy(self.words.batch(rows)).to(logits.device).unsqueeze(-1)
        found = logits.gather(1, places.clamp(min=0).expand(-1, -1, logits.shape[-1]))
        found = found.masked_fill(places == UNREAD, 0.0)
        return found.masked_fill(places == NO_WORD, torch.nan)

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
    *,
    by_word: bool = False,
) -> Encoded:
    """Returns the examples tokenised, cut where the tokenizer cuts; pairs are read jointly.

    A text in which the tokenizer finds nothing (control characters, say) becomes one padding token:
    every row has at least one.

    Args:
        tokenizer: cuts where texts are cut.
        examples: N texts, or pairs.
        pad_id: the id of padding.
        advance: told how many texts are done, chunk by chunk.
        by_word: whether each word gets a label: texts are words with one space between, then.

    Raises:
        ModelError: the tokenizer takes time without end.
    """
    pieces: list[npt.NDArray[np.int32]] = []
    types: list[npt.NDArray[np.int32]] = []
    lengths = np.zeros(len(examples), dtype=np.int64)
    with_pairs = has_pairs(examples)
    # the fast one leaves out where in the text a token is, and which of two texts it is from
    read = tokenizer.encode_batch if with_pairs or by_word else tokenizer.encode_batch_fast
    if may_take_long(tokenizer):
        read = partial(within_limit, read)
    first: list[list[int]] = []
    cut = 0
    for start in range(0, len(examples), CHUNK):
        chunk = list(examples[start : start + CHUNK])
        encodings = read([example.input for example in chunk])
        ids = [encoding.ids or [pad_id] for encoding in encodings]
        lengths[start : start + len(chunk)] = [len(row) for row in ids]
        pieces.append(_flat(ids))
        if with_pairs:
            types.append(_flat([encoding.type_ids or [0] for encoding in encodings]))
        if by_word:
            first += [
                first_pieces(example.text, encoding.offsets)
                for example, encoding in zip(chunk, encodings, strict=True)
            ]
        cut += sum(bool(encoding.overflowing) for encoding in encodings)
        if advance is not None:
            advance(len(chunk))
    return Encoded(
        ids=np.concatenate(pieces) if pieces else np.empty(0, dtype=np.int32),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        pad_id=pad_id,
        type_ids=np.concatenate(types) if types else None,
        cut=cut,
        words=_word_places(first) if by_word else None,
    )


def _word_places(first: list[list[int]]) -> WordPlaces:
    offsets = np.cumsum([0, *map(len, first)])
    return WordPlaces(np.array([*chain.from_iterable(first)], dtype=np.int64), offsets)


def _flat(rows: list[list[int]]) -> npt.NDArray[np.int32]:
    return np.fromiter(chain.from_iterable(rows), dtype=np.int32, count=sum(map(len, rows)))
