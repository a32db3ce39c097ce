"""How far a model answers as its teacher does, and how far beyond chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from kdzoo.statistics.interval import Interval, of_all_or_none, percentile_interval, within_bounds
from kdzoo.statistics.outcomes import Ids
from kdzoo.statistics.resampling import (
    MOST_TEXTS,
    Counts,
    Floats,
    Ints,
    chunks,
    distinct_columns,
    rows_of,
)

_RESAMPLES = 999  # of the texts, for every model of a study


def agreement(predictions: Ids, teacher: Ids) -> float:
    """Returns the share of texts that get the teacher's label.

    Args:
        predictions: label ids, [S, N].
        teacher: the teacher's, [S, N].
    """
    return float((predictions == teacher).mean())


def kappa(predictions: Ids, teacher: Ids) -> Interval:
    """Returns Cohen's (1960) kappa with the teacher, mean over seeds: agreement beyond chance.

    1 is full agreement, 0 what two would agree by chance who give each label as often as these.
    The interval is the percentile bootstrap's over texts; it holds of these very models. Where they
    agree on all texts, or on none, no resample is otherwise: the interval then holds the ends of
    that share too. Where all get the same label, kappa is not known: NaN, without an interval.

    Args:
        predictions: label ids, [S, N].
        teacher: the teacher's, [S, N].
    """
    seeds, texts = predictions.shape
    _, numbers = np.unique([predictions, teacher], return_inverse=True)  # few, whatever the ids are
    said = numbers.reshape(2 * seeds, texts)
    columns, counts = distinct_columns(said, np.ones(texts, dtype=np.int64))  # [2S, K], [K]
    pairs = _pairs(columns, np.arange(len(counts)))
    value = float(_kappas(counts[np.newaxis], pairs)[0])
    if math.isnan(value):
        return Interval(value)
    found = percentile_interval(value, _resampled(said, pairs, counts))
    share = agreement(predictions, teacher)
    if share not in (0.0, 1.0) or found.low is None or found.high is None:
        return found
    of_share = of_all_or_none(share, texts)
    low, high = (
        float(_kappas(counts[np.newaxis], pairs, end)[0]) for end in (of_share.low, of_share.high)
    )
    return within_bounds(value, min(found.low, low), max(found.high, high))


@dataclass(frozen=True, eq=False)
class _Pair:
    """What a model and its teacher say of the K rows that are drawn.

    Attributes:
        agreed: on how many texts of each row, [K].
        own: how many of them get each label from the model, [K, C].
        other: likewise from its teacher.
    """

    agreed: Floats
    own: csr_array
    other: csr_array


def _pairs(said: Ints, rows: Counts) -> list[_Pair]:
    """Returns the pairs of S models and their teachers, whose answers are [2S, N].

    Args:
        said: labels, numbered.
        rows: the row of each text, [N].
    """
    models, teachers = np.split(said, 2)
    shape = int(rows.max()) + 1, int(said.max()) + 1

    def by_label(answers: Ints) -> csr_array:
        return csr_array((np.ones(len(answers)), (rows, answers)), shape)

    return [
        _Pair(
            np.bincount(rows[own == other], minlength=shape[0]).astype(np.float64),
            by_label(own),
            by_label(other),
        )
        for own, other in zip(models, teachers, strict=True)
    ]


def _resampled(said: Ints, pairs: Sequence[_Pair], counts: Counts) -> Floats:
    """Returns kappa of resamples of the texts, where it is known, [R].

    Args:
        said: labels, numbered, [2S, N].
        pairs: of the distinct texts, [K].
        counts: how often each occurs, [K].
    """
    if len(counts) > MOST_TEXTS:
        rows = rows_of(said.shape[1])
        pairs, counts = _pairs(said, rows), np.ones(int(rows.max()) + 1, dtype=np.int64)
    rng, total = np.random.default_rng(0), int(counts.sum())
    drawn = (
        rng.multinomial(total, counts / total, size=count)
        for count in chunks(_RESAMPLES, len(counts))
    )
    resampled = np.concatenate([_kappas(each, pairs) for each in drawn])
    known: Floats = resampled[~np.isnan(resampled)]
    return known


def _kappas(counts: Counts, pairs: Sequence[_Pair], agreed: float | None = None) -> Floats:
    """Returns kappa, mean over seeds, of every resample, [R].

    Args:
        counts: how often each row is drawn, [R, K].
        pairs: what is said of the rows, for each seed.
        agreed: the share of texts to agree on, in place of that of the resample.
    """
    found = []
    for pair in pairs:
        by_us, by_them = (np.asarray(counts @ each) for each in (pair.own, pair.other))  # [R, C]
        texts = by_us.sum(1)
        squares = texts**2  # whole numbers, so that chance is 1 exactly where it is
        alike = (by_us * by_them).sum(1)
        one_label = alike >= squares  # each says it of every text: 0 / 0
        chance = np.where(one_label, np.nan, alike / squares)
        share = counts @ pair.agreed / texts if agreed is None else agreed
        found.append((share - chance) / (1 - chance))
    kappas: Floats = np.mean(found, axis=0)
    return kappas
