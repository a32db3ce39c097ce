"""How much of the gap between hard labels and the teacher a student has closed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from kdzoo.statistics.interval import TAILS, Interval, Scores
from kdzoo.statistics.paired import differ
from kdzoo.statistics.recipes import RecipeComparison
from kdzoo.statistics.resampling import Floats, paired_seeds


@dataclass(frozen=True)
class Gap:
    """The gap between control and teacher.

    Attributes:
        width: the teacher's accuracy minus the control's, above zero.
        closed: the share of it that the student has closed, with its interval over texts and
            seeds; without ends where there is one seed, or where the gap might as well be nothing.
    """

    width: float
    closed: Interval


def gap_closed(
    student: Scores, control: Scores, teacher: Scores, gain: RecipeComparison
) -> Gap | None:
    """Returns (student - control) / (teacher - control) in accuracy.

    None where there is no gap to close: the teacher is not better than the control, or the two
    cannot be told apart by the permutation test over the texts. The interval is Fieller's (1954) of
    the ratio of two means, with the variance that the gain has as a recipe's: of student and
    control, each has half of the luck. A teacher that is the same for all seeds is taken as given.

    Args:
        student: [S, N], of the same texts in the same order as the others.
        control: [S, N].
        teacher: [S, N], or [1, N] where all students have the same one.
        gain: of the student's recipe beside the control's.

    Raises:
        ValueError: other texts, or numbers of seeds that cannot be paired.
    """
    has_own_teachers = len(teacher) > 1
    student, control, teacher = paired_seeds(student, control, teacher)
    hard = control.mean(0)  # [N]
    by_text = np.stack([student.mean(0) - hard, teacher.mean(0) - hard])  # [2, N]
    means = by_text.mean(1)  # gained, width
    gained, width = (float(mean) for mean in means)
    if width <= 0 or not differ(teacher, control):
        return None
    if gain.luck is None or gain.degrees is None:
        return Gap(width, Interval(gained / width))
    of_one = gain.luck**2 / 2 / len(student)  # variance of a side's mean through luck
    luck = of_one * np.array([[2, 1], [1, 1 + has_own_teachers]])  # the control's is in both
    covariance = np.cov(by_text) / by_text.shape[1] + luck
    low, high = _ends(means, covariance, float(stdtrit(gain.degrees, TAILS[1])))
    return Gap(width, Interval(gained / width, low, high))


def _ends(
    means: npt.NDArray[Any], covariance: Floats, quantile: float
) -> tuple[float | None, float | None]:
    """Returns the shares beyond which gained - share * width is told from nothing.

    None where any share might be it, because the width is not told from nothing.
    """
    a, b, c = (
        means[i] * means[j] - quantile**2 * covariance[i, j] for i, j in ((1, 1), (0, 1), (0, 0))
    )
    if a <= 0:
        return None, None
    reach = math.sqrt(max(0.0, b * b - a * c))
    return float((b - reach) / a), float((b + reach) / a)
