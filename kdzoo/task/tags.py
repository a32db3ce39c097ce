"""Tags of words in the scheme BIO, as ids: what may follow what, and the entities that they mark.

0 is ``O``; type k has ``B-`` as 2k + 1, and ``I-`` as 2k + 2. An entity is a ``B-`` and all ``I-``
of its type that follow it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

OUTSIDE, BEGIN, INSIDE = "O", "B-", "I-"
NO_TAG = -1  # where there is no word

Tags = npt.NDArray[np.int64]  # [N, W], NO_TAG where there is no word
Counts = npt.NDArray[np.int64]  # of entities, [N, K]


def tags_of(types: Sequence[str]) -> tuple[str, ...]:
    """Returns the names of all tags of K types, in the order of their ids, [2K + 1]."""
    return (OUTSIDE, *(f"{mark}{name}" for name in types for mark in (BEGIN, INSIDE)))


def types_of(tags: Sequence[str]) -> tuple[str, ...]:
    """Returns the names of the types that tags are of, [K].

    Raises:
        ValueError: these are no tags as ``tags_of`` orders them.
    """
    if not are_tags(tags):
        raise ValueError("its labels are not O and then B- and I- of each type")
    return tuple(tag.removeprefix(BEGIN) for tag in tags[1::2])


def are_tags(labels: Sequence[str]) -> bool:
    """Whether labels are all tags of some types, in the order of their ids."""
    types = [label.removeprefix(BEGIN) for label in labels[1::2]]
    return bool(types) and tuple(labels) == tags_of(types)


def tag_order(labels: Sequence[str]) -> list[int]:
    """Returns where each tag of the types that labels name stands among them, in the order of ids.

    Raises:
        ValueError: these are no ``O``, and ``B-`` and ``I-`` of each type.
    """
    types = sorted({label.removeprefix(BEGIN) for label in labels if label.startswith(BEGIN)})
    wanted = tags_of(types)
    if sorted(labels) != sorted(wanted) or not types:
        raise ValueError("its labels are not O, and B- and I- of each type")
    return [list(labels).index(tag) for tag in wanted]


def best_path(scores: npt.NDArray[np.floating[Any]]) -> Tags:
    """Returns the valid tags with the highest sum of scores, [N, W] (Viterbi, 1967).

    ``I-`` of a type stands behind ``B-`` or ``I-`` of that type alone. Of equals, the lowest id.

    Args:
        scores: [N, W, C]; NaN where there is no word.
    """
    sentences, words, labels = scores.shape
    there = ~np.isnan(scores[..., 0])
    ends = np.full(labels, -np.inf)
    ends[0] = 0.0  # behind the last word stands nothing but O
    emitted = np.where(there[..., np.newaxis], scores.astype(np.float64), ends)
    before = np.zeros((sentences, words, labels), dtype=np.int32)
    total = np.full((sentences, labels), -np.inf)
    total[:, 0] = 0.0  # nor before the first
    for word in range(words):
        begin, inside = total[:, 1::2], total[:, 2::2]  # [N, K] each
        before[:, word] = total.argmax(1)[:, np.newaxis]
        reached = np.repeat(total.max(1)[:, np.newaxis], labels, axis=1)  # O and B- may follow all
        reached[:, 2::2] = np.maximum(begin, inside)
        before[:, word, 2::2] = np.arange(1, labels, 2) + (inside > begin)
        total = reached + emitted[:, word]
    tags = np.full((sentences, words), NO_TAG, dtype=np.int64)
    last = total.argmax(1)
    rows = np.arange(sentences)
    for word in reversed(range(words)):
        tags[:, word] = last
        last = before[rows, word, last]
    return np.where(there, tags, NO_TAG)


def is_valid(tags: Tags) -> bool:
    """Whether each ``I-`` stands behind a tag of its type."""
    before = np.pad(tags, ((0, 0), (1, 0)))[:, :-1]
    return bool((~_is_inside(tags) | (before == tags) | (before == tags - 1)).all())


def _is_inside(tags: Tags) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = (tags > 0) & (tags % 2 == 0)
    return inside


def ends_of(tags: Tags) -> npt.NDArray[np.int64]:
    """Returns the first word behind the entity that would begin at each word, [N, W]."""
    words = tags.shape[1]
    stops = np.where(_is_inside(tags), words, np.arange(words))
    following = np.minimum.accumulate(stops[:, ::-1], axis=1)[:, ::-1]
    return np.pad(following, ((0, 0), (0, 1)), constant_values=words)[:, 1:]


def entities_in(tags: Sequence[int]) -> list[tuple[int, int, int]]:
    """Returns first word, the word behind the last, and type of each entity of one sentence."""
    row = np.asarray(tags, dtype=np.int64).reshape(1, -1)
    ends = ends_of(row)[0]
    return [(start, int(ends[start]), int(row[0, start] - 1) // 2) for start in _begins(row)[1]]


def _begins(tags: Tags) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Returns sentence and word of each ``B-``."""
    sentences, words = np.nonzero((tags > 0) & (tags % 2 == 1))
    return sentences, words


def entity_counts(tags: Tags, types: int) -> Counts:
    """Returns how many entities of each type sentences have, [N, K]."""
    return _counted(tags, np.ones(tags.shape, dtype=bool), types)


def right_counts(tags: Tags, gold: Tags, types: int) -> Counts:
    """Returns how many entities of each type are those of the gold tags: both ends and type."""
    return _counted(tags, (tags == gold) & (ends_of(tags) == ends_of(gold)), types)


def _counted(tags: Tags, wanted: npt.NDArray[np.bool_], types: int) -> Counts:
    counts = np.zeros((len(tags), types), dtype=np.int64)
    sentences, words = _begins(np.where(wanted, tags, 0))
    np.add.at(counts, (sentences, (tags[sentences, words] - 1) // 2), 1)
    return counts
