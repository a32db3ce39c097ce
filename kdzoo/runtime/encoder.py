"""Texts -> what a graph is fed: ids, mask and token types of a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from kdzoo.runtime.protocol import Input
from kdzoo.task.words import first_pieces, padded_places
from kdzoo.tokenising import may_take_long, within_limit

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
WORDS = "words"  # beside the inputs, where each word gets a label: its first piece, [B, W]

Ids = npt.NDArray[np.int64]  # [B, T]
# a text's ids, which text of a pair each is from, and the first pieces of its words
EncodedInput = tuple[list[int], list[int], list[int]]


@dataclass(frozen=True)
class TextEncoder:
    """Tokenises and pads.

    Attributes:
        tokenizer: cuts at the model's maximum length and pads nothing.
        pad_id: the id of padding.
        inputs: those of ``INPUTS`` that the graph reads.
        by_word: whether each word gets a label: texts are words with one space between, then.
        look: shown what the tokenizer makes of texts; nobody, where they are timed.
    """

    tokenizer: Tokenizer
    pad_id: int
    inputs: tuple[str, ...]
    by_word: bool = False
    look: Callable[[Sequence[Any]], None] | None = None

    @cached_property
    def _read(self) -> Callable[[list[Input]], Any]:
        """What tokenises a batch; with a limit, where the tokenizer may take time without end."""
        read = self.tokenizer.encode_batch if self.by_word else self.tokenizer.encode_batch_fast
        limited = partial(within_limit, read) if may_take_long(self.tokenizer) else read
        return limited if self.look is None else partial(_shown, limited, self.look)

    def single(self, text: Input) -> dict[str, Ids]:
        """Returns one text as a batch [1, T], without padding: the fastest models notice."""
        (encoding,) = self._read([text])
        ids = np.array([encoding.ids or [self.pad_id]], dtype=np.int64)
        fed = {"input_ids": ids}
        if "attention_mask" in self.inputs:
            fed["attention_mask"] = np.ones(ids.shape, dtype=np.int64)
        if "token_type_ids" in self.inputs:
            fed["token_type_ids"] = np.array([encoding.type_ids or [0]], dtype=np.int64)
        if self.by_word:
            fed[WORDS] = padded_places([self._first(text, encoding)])
        return fed

    def rows(self, texts: Sequence[Input]) -> list[EncodedInput]:
        """Returns the texts tokenised; one in which nothing is found is one piece of padding."""
        encodings = self._read(list(texts))
        return [
            (
                encoding.ids or [self.pad_id],
                encoding.type_ids or [0],
                self._first(text, encoding) if self.by_word else [],
            )
            for text, encoding in zip(texts, encodings, strict=True)
        ]

    @staticmethod
    def _first(text: Input, encoding: Any) -> list[int]:
        return first_pieces(str(text), encoding.offsets)

    def batch(self, rows: Sequence[EncodedInput]) -> dict[str, Ids]:
        """Returns the rows as arrays [B, T], padded on the right."""
        lengths = np.array([len(ids) for ids, *_ in rows])  # [B]
        inside = np.arange(lengths.max()) < lengths[:, None]  # [B, T]
        ids = np.full(inside.shape, self.pad_id, dtype=np.int64)
        ids[inside] = np.concatenate([ids for ids, *_ in rows])
        types = np.zeros_like(ids)
        types[inside] = np.concatenate([types for _, types, _ in rows])
        known = dict(zip(INPUTS, (ids, inside.astype(np.int64), types), strict=True))
        fed = {name: known[name] for name in self.inputs}
        if self.by_word:
            fed[WORDS] = padded_places([first for *_, first in rows])
        return fed


def _shown(
    read: Callable[[list[Input]], Any], look: Callable[[Sequence[Any]], None], texts: list[Input]
) -> Any:
    """Returns what the tokenizer makes of the texts, once somebody has looked at it."""
    encodings = read(texts)
    look(encodings)
    return encodings
