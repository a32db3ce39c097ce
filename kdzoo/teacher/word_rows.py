"""Teacher logits of words in the cache of texts: a row for each, those of a sentence in turn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kdzoo.data import Digests, Example, Texts
from kdzoo.task.words import SPACE
from kdzoo.teacher.cache import CachedRows, HalfRows

Counts = npt.NDArray[np.int64]


def word_counts(examples: Iterable[Example]) -> Counts:
    """Returns how many words each sentence has, [N]."""
    return np.array([example.text.count(SPACE) + 1 for example in examples], dtype=np.int64)


def words_as_rows(
    texts: Texts, logits: npt.NDArray[np.float32]
) -> tuple[Digests, npt.NDArray[np.float32]]:
    """Returns the digest of each word's sentence, and its logits: a shard of the cache.

    Args:
        texts: M sentences.
        logits: of their words, [M, W, C], NaN where there is none.
    """
    counts = word_counts(texts)
    there = np.arange(logits.shape[1]) < counts[:, np.newaxis]
    return np.repeat(texts.digests, counts, axis=0), logits[there]


@dataclass(frozen=True)
class WordRows(CachedRows):
    """Rows of the words of N sentences, still on disk: ``rows[chosen]`` reads float16 [B, W, C].

    NaN stands where a sentence has fewer words than the longest of those that are read.

    Attributes:
        counts: words of each sentence, [N]; its place is that of the first.
    """

    counts: Counts

    def __getitem__(self, chosen: npt.NDArray[np.int64] | slice) -> HalfRows:
        places, counts = self.places[chosen], self.counts[chosen]
        sentences = np.repeat(np.arange(len(counts)), counts)
        words = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        following = places[sentences] + np.stack([np.zeros_like(words), words], axis=1)
        rows = CachedRows(following, self.shards)[:]  # [sum of words, C]
        found = np.full(
            (len(counts), int(counts.max(initial=1)), rows.shape[1]), np.nan, np.float16
        )
        found[sentences, words] = rows
        return found
