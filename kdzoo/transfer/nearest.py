"""Unlabelled texts that are like the labelled ones: by sentence vectors, of all classes alike.

So Du et al. (2021), "Self-training improves pre-training for natural language understanding"
(arXiv:2010.02194), find the texts of a task in a large bank of sentences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kdzoo.data import Texts
from kdzoo.task.gold import Ids
from kdzoo.teacher import CachedRows

AT_ONCE = 1 << 24  # pairs of a text and a labelled one that are compared: 64 MB of cosines

ReadVectors = Callable[[Texts], CachedRows]  # N texts -> their sentence vectors [N, D]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Nearness:
    """How near each of N texts is to the labelled ones.

    Attributes:
        cosine: of the text and the labelled one that is nearest, [N].
        group: of that one, [N].
    """

    cosine: Floats
    group: Ids

    def order(self, texts: Texts) -> npt.NDArray[np.int64]:
        """Returns the rows of the texts: the nearest of each group, then the second ones, ... [N].

        The first M of them are the M that are wanted, for any M. Which they are depends on the
        texts alone, not on their order.
        """
        by_content = (texts.digests[:, 1], texts.digests[:, 0])
        in_groups = np.lexsort((*by_content, -self.cosine, self.group))
        starts = np.flatnonzero(np.diff(self.group[in_groups], prepend=-1))
        sizes = np.diff(starts, append=len(in_groups))
        place = np.empty(len(in_groups), dtype=np.int64)  # of each text within its group
        place[in_groups] = np.arange(len(in_groups)) - np.repeat(starts, sizes)
        return np.lexsort((*by_content, -self.cosine, place))


def nearness(texts: Texts, labelled: Texts, read: ReadVectors) -> Nearness:
    """Returns how near texts are to labelled ones, a block of them in memory at once.

    Args:
        texts: without labels, N of them.
        labelled: L texts with gold labels. Those of a class are a group; where a text has several
            labels, or one for each word, all are one group.
        read: gives the sentence vectors.
    """
    known, candidates = read(labelled), read(texts)
    own = _unit(known[:])  # [L, D]
    by_class = labelled.gold.ndim == 1
    groups = labelled.gold if by_class else np.zeros(len(labelled), dtype=np.int64)
    cosine, nearest = np.empty(len(texts)), np.empty(len(texts), dtype=np.int64)
    block = max(1, AT_ONCE // len(labelled))
    for start in range(0, len(texts), block):
        here = slice(start, start + block)
        vectors = _unit(candidates[here])  # [B, D]
        nearest[here] = (vectors @ own.T).argmax(1)
        cosine[here] = (vectors.astype(np.float64) * own[nearest[here]]).sum(1)
    return Nearness(cosine, groups[nearest])


def _unit(vectors: npt.NDArray[np.float16]) -> npt.NDArray[np.float32]:
    """Returns vectors of length one; one of zeros stays as it is."""
    floats = vectors.astype(np.float32)
    length = np.linalg.norm(floats, axis=1, keepdims=True)
    return np.asarray(floats / length.clip(min=1e-12), dtype=np.float32)
