"""Draws: which rows of a split become another one, stratified, seeded, texts whole."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from kdzoo.data.corpus import RawLabel, RawRow
from kdzoo.data.words import numbered

SPLIT_SEED = 20_240  # splits are part of the data: the same for every seed of a study

Rows = npt.NDArray[np.int64]  # row numbers
T = TypeVar("T", bound=Hashable)


def stratified(
    rows: list[RawRow], fraction: float, *, together: bool
) -> tuple[list[RawRow], list[RawRow]]:
    """Returns (taken, left): about ``fraction`` of every label, one or more where it has two.

    What is drawn are texts, with all their copies; without copies a text is a row.

    Args:
        rows: of the split.
        fraction: of them that is wanted.
        together: whether copies of a text count as one; else each row is drawn by itself.
    """
    labels = [label for _, label in rows]
    texts = numbered(given for given, _ in rows) if together else [*range(len(rows))]
    own, sizes = most_frequent(labels, texts), np.bincount(texts)
    by_set = any(isinstance(label, tuple) for label in labels)
    taken = (_taken_by_set if by_set else _taken_by_label)(own, sizes, fraction)
    if len(own) < len(rows):
        taken = _with_a_row_left(taken, texts, labels)
    return (
        [row for row, text in zip(rows, texts, strict=True) if text in taken],
        [row for row, text in zip(rows, texts, strict=True) if text not in taken],
    )


def most_frequent(labels: Sequence[T], texts: Sequence[int]) -> list[T]:
    """Returns the label of each text, of several the most frequent one, of these the first.

    Args:
        labels: of the rows.
        texts: the number of each row's text, from 0.
    """
    if len(set(texts)) == len(texts):
        return [*labels]
    counts: dict[int, Counter[T]] = defaultdict(Counter)
    for label, text in zip(labels, texts, strict=True):
        counts[text][label] += 1
    return [counts[text].most_common(1)[0][0] for text in range(len(counts))]


def _taken_by_label(labels: Sequence[RawLabel], sizes: Rows, fraction: float) -> set[int]:
    """Returns texts of each label, in a random order, as long as they bring its rows nearer."""
    rng = random.Random(SPLIT_SEED)
    by_label: dict[str, list[int]] = defaultdict(list)
    for text, label in enumerate(labels):
        by_label[str(label)].append(text)
    taken: set[int] = set()
    for label in sorted(by_label):
        texts = by_label[label]
        rng.shuffle(texts)
        rows = int(sizes[texts].sum())
        count = min(rows - 1, max(1, round(fraction * rows)))
        chosen, have = [], 0
        for text, size in zip(texts, sizes[texts].tolist(), strict=True):
            if 2 * (count - have) >= size and have + size < rows:
                chosen.append(text)
                have += size
        if not chosen and len(texts) > 1:
            chosen.append(min(texts, key=lambda text: int(sizes[text])))
        taken.update(chosen)
    return taken


def _taken_by_set(labels: Sequence[RawLabel], sizes: Rows, fraction: float) -> set[int]:
    """Returns the texts that iterative stratification takes (Sechidis et al., 2011).

    It begins with the rarest label, so that each has about its share on both sides. That a text has
    none counts as a label too. One text of each label stays.
    """
    from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit

    columns = {
        name: number for number, name in enumerate(sorted({n for row in labels for n in row}))
    }
    has_label = np.zeros((len(labels), len(columns) + 1), dtype=np.int64)
    for row, names in zip(has_label, labels, strict=True):
        row[[columns[name] for name in names] or [-1]] = 1
    count = round(fraction * len(labels))
    if not 0 < count < len(labels):
        return set()
    splitter = MultilabelStratifiedShuffleSplit(1, test_size=count, random_state=SPLIT_SEED)
    _, taken = next(splitter.split(has_label, has_label))
    if sizes.max() > 1:
        taken = _balanced(taken, sizes, round(fraction * sizes.sum()))
    is_left = np.ones(len(labels), dtype=bool)
    is_left[taken] = False
    left = has_label[is_left].sum(0)  # texts of each label
    for index in taken:  # a label that would have no text left gets one back
        if (has_label[index] > left).any():
            is_left[index] = True
            left += has_label[index]
    return {*np.flatnonzero(~is_left).tolist()}


def _balanced(taken: Rows, sizes: Rows, wanted: int) -> Rows:
    """Returns the texts with some others in or out, so that they have about so many rows.

    Args:
        taken: texts.
        sizes: rows of each text, [N].
        wanted: how many rows.
    """
    is_taken = np.zeros(len(sizes), dtype=bool)
    is_taken[taken] = True
    excess = int(sizes[taken].sum()) - wanted
    for text in np.random.default_rng(SPLIT_SEED).permutation(len(sizes)):
        change = int(sizes[text]) if is_taken[text] else -int(sizes[text])
        if abs(excess - change) < abs(excess):
            is_taken[text] = not is_taken[text]
            excess -= change
    return np.flatnonzero(is_taken)


def _with_a_row_left(taken: set[int], texts: Sequence[int], labels: Sequence[RawLabel]) -> set[int]:
    """Returns the texts that are taken, without some that have the last rows of a label.

    Such a label is none of its texts' own: copies have another one more often.
    """
    names = [label if isinstance(label, tuple) else (label,) for label in labels]
    left = {
        name for text, own in zip(texts, names, strict=True) if text not in taken for name in own
    }
    back = set()
    for text, own in zip(texts, names, strict=True):
        if not left.issuperset(own):
            back.add(text)
            left.update(own)
    return taken - back
