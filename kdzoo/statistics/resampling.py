"""Resampled texts and seeds, drawn over the distinct outcomes alone.

Of 5,500 texts most have the same outcomes as many others: hit by all models, or missed by all. How
often each distinct outcome occurs in a resample of the texts is multinomial, so that drawing these
few counts is the bootstrap itself, not an approximation, without an index for every text.
``scipy.stats.bootstrap`` draws indices; the tests hold the two to the same distribution.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.integer[Any]]
Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_FEW_SEEDS = 15  # whose counts are the digits of one number of 64 bits
RESAMPLES = 9999  # R, scipy's own default
_CELLS = 2**22  # drawn at once: 32 MB
MOST_TEXTS = 50_000  # that are drawn one by one, where they are not alike
GROUPS = 10_000  # of texts, that are drawn in place of more


def chunks(total: int, width: int) -> Iterator[int]:
    """Yields how many of so many draws to make at once, so that memory holds them.

    Args:
        total: draws.
        width: cells of each.
    """
    at_once = max(1, _CELLS // max(1, width))
    for begin in range(0, total, at_once):
        yield min(at_once, total - begin)


def rows_of(texts: int) -> Counts:
    """Returns the number of the row that each text is drawn with, [N]: one of its own, if few.

    Very many fall into groups of like size, at random. Groups that are drawn whole vary as texts
    that are drawn do, and so many tell the variance to one and a half in a hundred: the method of
    random groups (Wolter, 1985). A rare kind of text has hardly two in a group.
    """
    own = np.arange(texts)
    return own if texts <= MOST_TEXTS else np.random.default_rng(2).permutation(own % GROUPS)


def paired_seeds(*outcomes: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
    """Returns the outcomes with as many seeds each: seed paired with seed, a single one repeated.

    Args:
        outcomes: [S, N] each, of the same texts in the same order; S may be 1 in some of them.

    Raises:
        ValueError: other texts, none, or numbers of seeds that cannot be paired.
    """
    texts = {outcome.shape[1] for outcome in outcomes}
    if len(texts) != 1 or 0 in texts:
        raise ValueError(f"outcomes of {sorted(texts)} texts cannot be compared")
    seeds = {len(outcome) for outcome in outcomes} - {1}
    if len(seeds) > 1 or 0 in seeds:
        raise ValueError(f"outcomes of {sorted(seeds)} seeds cannot be paired")
    return np.broadcast_arrays(*outcomes)


def distinct_columns(rows: Ints, counts: Counts) -> tuple[Ints, Counts]:
    """Returns the distinct columns of rows [A, N] and how often each occurs, the frequent first.

    Args:
        rows: [A, N].
        counts: how often each column occurs, [N].
    """
    order = np.lexsort(rows)
    ordered = rows[:, order]
    starts = np.flatnonzero(np.append(True, (np.diff(ordered) != 0).any(0)))
    totals = np.add.reduceat(counts[order], starts)
    frequent = np.argsort(-totals, kind="stable")
    return ordered[:, starts[frequent]], totals[frequent]


def resampled_means(cells: Ints, rng: np.random.Generator) -> Floats:
    """Returns the mean of each of A outcomes over every resample of seeds and of texts, [R, A].

    A resample takes the same seeds and the same texts for all A.

    Args:
        cells: of every seed and text, [A, S, N].
        rng: what draws.
    """
    outcomes, seeds, texts = cells.shape
    columns, counts = distinct_columns(
        cells.reshape(outcomes * seeds, texts), np.ones(texts, dtype=np.int64)
    )
    by_seed = columns.reshape(outcomes, seeds, -1).astype(np.int64)  # [A, S, K]
    drawn, times = _distinct_rows(drawn_seeds(seeds, rng))  # [W, S], [W]
    means = []
    for weights, resamples in zip(drawn, times, strict=True):
        # what these seeds make of the texts has fewer distinct values than what all seeds make
        values, occurrences = distinct_columns(weights @ by_seed, counts)  # [A, V], [V]
        sums = rng.multinomial(texts, occurrences / texts, size=resamples) @ values.T
        means.append(sums / (texts * weights.sum()))
    return np.concatenate(means)


def _distinct_rows(drawn: Counts) -> tuple[Counts, Counts]:
    """Returns the distinct rows of counts [R, S] in their order, and how often each occurs.

    As ``np.unique(drawn, axis=0)``, which is twenty times slower than comparing a number per row.
    """
    seeds = drawn.shape[1]
    if seeds > _FEW_SEEDS:
        distinct, times = np.unique(drawn, axis=0, return_counts=True)
        return distinct, times
    digits = (seeds + 1) ** np.arange(seeds)[::-1]
    _, first, times = np.unique(drawn @ digits, return_index=True, return_counts=True)
    return drawn[first], times


def drawn_seeds(seeds: int, rng: np.random.Generator) -> Counts:
    """Returns how often each seed is drawn in every resample of the seeds, [R, S].

    One fewer is drawn than there are: with as many, the variance between S seeds comes out as
    (S - 1) / S of what it is, with three seeds a third too low (McCarthy and Snowden, 1985; Rao
    and Wu, 1988). A single seed is always drawn: it says nothing of another.
    """
    drawn: Counts = rng.multinomial(max(1, seeds - 1), np.full(seeds, 1 / seeds), size=RESAMPLES)
    return drawn
