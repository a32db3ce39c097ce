"""A sentence as its words: what tokenizers that cut words differently have in common.

A sentence is its words with one space between, so that it is a text like any other: its words, and
where they stand in it, are found again by those spaces.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

SPACE = " "  # between two words, and in none
UNREAD = -1  # the place of a word of which the tokenizer kept nothing: it was cut, or is no text
NO_WORD = -2  # fills up the row of a sentence that has fewer words than another

Places = npt.NDArray[np.int64]  # of the words' first pieces, [B, W]


def sentence_of(words: Sequence[str]) -> str:
    """Returns the text of such words."""
    return SPACE.join(words)


def words_in(sentence: str) -> list[str]:
    """Returns the words of such a text."""
    return sentence.split(SPACE)


def words_of_pieces(sentence: str, offsets: Sequence[tuple[int, int]]) -> list[int]:
    """Returns which word each piece is of, ``NO_WORD`` where it is of none.

    Args:
        sentence: words with one space between.
        offsets: where each piece begins and ends in it; special tokens are empty.
    """
    lengths = [len(word) + 1 for word in words_in(sentence)]
    starts = list(accumulate(lengths[:-1], initial=0))
    return [
        # a piece may begin with the space before its word
        bisect_right(starts, end - 1) - 1 if end > start and sentence[end - 1] != SPACE else NO_WORD
        for start, end in offsets
    ]


def first_pieces(sentence: str, offsets: Sequence[tuple[int, int]]) -> list[int]:
    """Returns which piece is the first of each word, ``UNREAD`` where none is.

    Args:
        sentence: words with one space between.
        offsets: where each piece begins and ends in it; special tokens are empty.
    """
    first = [UNREAD] * len(words_in(sentence))
    for place, word in enumerate(words_of_pieces(sentence, offsets)):
        if word != NO_WORD and first[word] == UNREAD:
            first[word] = place
    return first


def padded_places(rows: Sequence[Sequence[int]]) -> Places:
    """Returns the places of the words of B sentences, [B, W], filled up."""
    places = np.full((len(rows), max(map(len, rows), default=1)), NO_WORD, dtype=np.int64)
    for row, first in zip(places, rows, strict=True):
        row[: len(first)] = first
    return places


def by_word(logits: npt.NDArray[np.floating[Any]], places: Places) -> npt.NDArray[np.floating[Any]]:
    """Returns the logits of words, [B, W, C], of those of pieces, [B, T, C].

    A word has those of its first piece; zeros where it was not read, so that nothing is said of
    it; NaN where there is no word.
    """
    found = np.take_along_axis(logits, np.maximum(places, 0)[..., np.newaxis], axis=1)
    found[places == UNREAD] = 0.0
    found[places == NO_WORD] = np.nan
    return found


def is_word(logits: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.bool_]:
    """Returns where there is a word, [N, W], of logits [N, W, C]."""
    there: npt.NDArray[np.bool_] = ~np.isnan(logits[..., 0])
    return there


def widened(rows: npt.NDArray[Any], words: int, fill: float) -> npt.NDArray[Any]:
    """Returns rows [N, W, ...] filled up to so many words, or cut of what fills them up."""
    missing = words - rows.shape[1]
    if missing <= 0:
        return rows[:, :words]
    filling = ((0, 0), (0, missing), *((0, 0),) * (rows.ndim - 2))
    return np.pad(rows, filling, constant_values=fill)


def joined(parts: Iterable[npt.NDArray[np.floating[Any]]]) -> npt.NDArray[np.floating[Any]]:
    """Returns the logits of texts, part by part, as one: filled up to the longest sentence."""
    found = list(parts)
    if found[0].ndim == 2:  # of whole texts, [N, C]
        return np.concatenate(found)
    longest = max(part.shape[1] for part in found)
    return np.concatenate([widened(part, longest, np.nan) for part in found])
