"""A figure with the interval that holds it with 95 % confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest, ttest_1samp

from kdzoo.statistics.resampling import Floats, paired_seeds, resampled_means

Hits = npt.NDArray[np.bool_]  # [S, N]: whether a seed's model labels a text as gold does
Scores = Hits | Floats  # [S, N]: numbers whose mean over the texts is the leading figure

CONFIDENCE = 0.95
TAILS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % interval.

    Attributes:
        value: the figure.
        low: lower end; None where it cannot be known.
        high: upper end; None where it cannot be known.
    """

    value: float
    low: float | None = None
    high: float | None = None

    def excludes_zero(self) -> bool:
        """Returns whether the whole interval lies on one side of zero."""
        return (self.low is not None and self.low > 0) or (self.high is not None and self.high < 0)

    def lies_within(self, margin: float) -> bool:
        """Returns whether the whole interval lies within plus or minus the margin."""
        if self.low is None or self.high is None:
            return False
        return -margin <= self.low and self.high <= margin


def over_seeds(values: Sequence[float]) -> Interval:
    """Returns the mean of one figure a seed, with Student's t-interval.

    A bootstrap of three seeds would give no more than their minimum and maximum.

    Args:
        values: figures between 0 and 1, or differences of two, at least one. A single one has no
            interval.
    """
    array = np.asarray(values, dtype=np.float64)
    mean = float(array.mean())
    if len(array) == 1:
        return Interval(mean)
    shifted = (
        array - array[0]
    )  # small numbers: scipy warns of spreads that are tiny beside the mean
    if not shifted.any():
        return Interval(mean, mean, mean)
    test: Any = ttest_1samp(shifted, 0)
    found = test.confidence_interval(CONFIDENCE)
    return within_bounds(mean, float(array[0] + found.low), float(array[0] + found.high))


def over_examples(hits: Hits) -> Interval:
    """Returns the accuracy, mean over seeds, with its percentile bootstrap interval over texts.

    It says how far other texts would move the figure of these very models. Where all texts are
    right, or all wrong, no resample is otherwise: then the ends are those of Wilson (1927).

    Args:
        hits: [S, N].

    Raises:
        ValueError: there are no texts.
    """
    (hits,) = paired_seeds(hits)
    hit_by = hits.sum(0)  # [N]: how many of the seeds' models
    rng = np.random.default_rng(0)
    means = resampled_means(hit_by[np.newaxis, np.newaxis], rng)[:, 0] / len(hits)
    accuracy = float(hits.mean())
    if accuracy in (0.0, 1.0):
        return of_all_or_none(accuracy, hits.shape[1])
    return percentile_interval(accuracy, means)


def of_all_or_none(share: float, texts: int) -> Interval:
    """Returns a share of all texts, or of none, with the ends that Wilson (1927) gives it.

    Args:
        share: 1 or 0.
        texts: how many there are, at least one.
    """
    ends: Any = binomtest(round(share * texts), texts).proportion_ci(CONFIDENCE, "wilson")
    return Interval(share, float(ends.low), float(ends.high))


def percentile_interval(value: float, resampled: Floats, least_reach: float = 0.0) -> Interval:
    """Returns a figure, or a difference of two, with the interval of its resampled values.

    Args:
        value: of figures between 0 and 1.
        resampled: [R].
        least_reach: how far the interval goes to each side at least.
    """
    low, high = (float(end) for end in np.quantile(resampled, TAILS))
    return within_bounds(value, min(low, value - least_reach), max(high, value + least_reach))


def within_bounds(value: float, low: float, high: float) -> Interval:
    """Returns an interval that goes no further than figures, and differences of two, can.

    Args:
        value: of figures between 0 and 1.
        low: lower end.
        high: upper end.
    """
    return Interval(value, max(-1.0, low), min(1.0, high))
