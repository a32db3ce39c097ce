"""How much of the gap between hard labels and the teacher a student has closed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kdzoo.statistics.interval import TAILS, Hits, Interval
from kdzoo.statistics.paired import differ
from kdzoo.statistics.resampling import Floats, paired_seeds, resampled_means


@dataclass(frozen=True)
class Gap:
    """The gap between control and teacher.

    Attributes:
        width: the teacher's accuracy minus the control's, above zero.
        closed: the share of it that the student has closed, with its interval over texts and
            seeds; an end is None where it has none, because the gap might as well be nothing.
    """

    width: float
    closed: Interval


def gap_closed(student: Hits, control: Hits, teacher: Hits, seed: int = 0) -> Gap | None:
    """Returns (student - control) / (teacher - control) in accuracy.

    None where there is no gap to close: the teacher is not better than the control, or the two
    cannot be told apart by the permutation test over the texts.

    Args:
        student: [S, N], of the same texts in the same order as the others.
        control: [S, N].
        teacher: [S, N], or [1, N] where all students have the same one.
        seed: of the bootstrap.

    Raises:
        ValueError: other texts, or numbers of seeds that cannot be paired.
    """
    student, control, teacher = paired_seeds(student, control, teacher)
    own, hard, ideal = (each.astype(np.int8) for each in (student, control, teacher))
    gained, width = float((own - hard).mean()), float((ideal - hard).mean())
    if width <= 0 or not differ(teacher, control):
        return None
    both = np.stack([own - hard, ideal - hard])  # [2, S, N]
    low, high = _ends(*resampled_means(both, np.random.default_rng(seed)).T)
    return Gap(width, Interval(gained / width, low, high))


def _ends(gains: Floats, widths: Floats) -> tuple[float | None, float | None]:
    """Returns the ends of the interval of gains / widths.

    In a resample without a gap the share is beyond all bounds, on the side of the gain.
    """
    shares = np.where(gains < 0, -math.inf, math.inf)
    np.divide(gains, widths, out=shares, where=widths > 0)
    ordered = np.sort(shares)
    ends = (float(ordered[round(tail * (len(ordered) - 1))]) for tail in TAILS)
    low, high = (each if math.isfinite(each) else None for each in ends)
    return low, high
