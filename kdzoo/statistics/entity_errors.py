"""What is wrong with entities, by kind: other ends, another type, missed, invented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kdzoo.task.tags import Tags

Counts = npt.NDArray[np.integer[Any]]
_KINDS = 6  # as the fields of ``EntityErrors`` have them


@dataclass(frozen=True)
class EntityErrors:
    """What became of the gold entities, and what was given beside them; means over seeds.

    The categories of MUC-5 (Chinchor and Sundheim, 1993): correct, incorrect or partial, missing,
    spurious. What is incorrect or partial is told apart by ends and type, as in SemEval-2013 task 9
    (and ``nervaluate``). Each gold entity is of one kind, so that the first five sum to 1; all six
    are shares of the gold entities.

    Attributes:
        right: both ends and the type are given: the recall.
        boundary: an entity of its type is given that shares a word with it and has other ends.
        type: an entity of another type is given in its place, with both ends.
        boundary_and_type: only entities of other types, with other ends, share a word with it.
        missed: no entity that is given shares a word with it.
        invented: entities that are given and share no word with a gold one, for each gold one.
    """

    right: float
    boundary: float
    type: float
    boundary_and_type: float
    missed: float
    invented: float

    @classmethod
    def of(cls, counts: Sequence[Counts]) -> EntityErrors | None:
        """Returns the shares of S models' counts, [6] each; None where there is no gold entity."""
        mean = np.mean(counts, axis=0)
        wanted = mean[:-1].sum()
        return cls(*(mean / wanted).tolist()) if wanted else None


def error_counts(tags: Tags, gold: Tags) -> Counts:
    """Returns how many entities of the sentences are of each kind, [6], as ``EntityErrors``.

    Args:
        tags: of one model, valid, [N, W].
        gold: likewise.
    """
    given, wanted = _Entities.of(tags), _Entities.of(gold)
    shared = (given.at >= 0) & (wanted.at >= 0)  # words that are in an entity of either side
    numbers = given.at[shared] * len(wanted.words) + wanted.at[shared]
    pairs, words = np.unique(numbers, return_counts=True)
    own, other = np.divmod(pairs, max(1, len(wanted.words)))  # [P] each: entities that share words
    same_ends = (words == given.words[own]) & (words == wanted.words[other])
    same_type = given.types[own] == wanted.types[other]
    kinds = 2 * ~same_type + ~same_ends  # of each pair: right, boundary, type, or both of them
    best = np.full(len(wanted.words), 4)  # of each gold entity: missed
    np.minimum.at(best, other, kinds)
    counts = np.bincount(best, minlength=_KINDS)
    counts[-1] = len(given.words) - len(np.unique(own))
    return counts


@dataclass(frozen=True, eq=False)
class _Entities:
    """The entities of some sentences, numbered in their order.

    Attributes:
        at: the number of the one that each word is in, [N, W]; -1 where it is in none.
        types: of each, [E].
        words: how many each has, [E].
    """

    at: Counts
    types: Counts
    words: Counts

    @classmethod
    def of(cls, tags: Tags) -> _Entities:
        begins = (tags > 0) & (tags % 2 == 1)
        numbers = np.cumsum(begins).reshape(tags.shape) - 1
        at = np.where(tags > 0, numbers, -1)
        return cls(at, tags[begins], np.bincount(at[at >= 0], minlength=int(begins.sum())))
