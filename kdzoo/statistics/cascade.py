"""When a student's answers are sure enough to stand without the teacher's: a threshold, kept to.

A cascade lets the student answer where its score is above a threshold, and the teacher elsewhere.
What it may lose against the teacher is promised by learn-then-test (Angelopoulos, Bates, Candès,
Jordan and Lei, 2021, arXiv:2110.01052): thresholds that are fixed before anything is seen are
tested in their order, from "the teacher answers all" on, and the last one before the first failure
is taken. So tested, their number costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.stats import beta, binom

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

RISK = 0.05  # how often a promise may be broken
_NUISANCE = 0.05  # of an error probability: spent on the interval of the share of gains
_POINTS = 9  # of that interval at which the exact test is computed
_GRID = np.arange(-40.0, 40.0, 0.02)[::-1]  # thresholds, in log-odds of a share


@dataclass(frozen=True)
class Threshold:
    """From which score on a student answers itself.

    Attributes:
        name: of the score.
        value: the least score with which it answers; infinite where the teacher answers all.
        escalated: share of the texts that went to the teacher.
        loss: in accuracy against the teacher, on the same texts, -1 to 1.
    """

    name: str
    value: float
    escalated: float
    loss: float


def texts_needed(max_loss: float, risk: float) -> int:
    """Returns how many texts, none of them lost or gained, do for a promise.

    Args:
        max_loss: in accuracy, that is promised not to be exceeded.
        risk: how often the promise may be broken.
    """
    low, high = 1, 2
    while loss_p_value(0, 0, high, max_loss) > risk:
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        if loss_p_value(0, 0, middle, max_loss) > risk:
            low = middle + 1
        else:
            high = middle
    return high


@lru_cache(maxsize=1 << 16)
def loss_p_value(lost: int, gained: int, texts: int, max_loss: float) -> float:
    """Returns the p-value of "the loss is more than that": small where it is surely less.

    Exact for paired answers: each text is lost, gained or neither. What is not known beside the
    difference, the share of gains, is looked for in its own interval, whose error is added (Berger
    and Boos, 1994).

    Args:
        lost: texts that the teacher gets right, and the cascade wrong.
        gained: the other way round.
        texts: all of them, N.
        max_loss: the share (lost - gained) / N that is not to be exceeded.
    """
    if lost - gained >= max_loss * texts:
        return 1.0
    spent = RISK * _NUISANCE / 10
    low = float(beta.ppf(spent / 2, gained, texts - gained + 1)) if gained else 0.0
    high = float(beta.ppf(1 - spent / 2, gained + 1, texts - gained)) if gained < texts else 1.0
    shares = np.linspace(low, min(high, (1 - max_loss) / 2), _POINTS)  # of gains
    counts = np.arange(texts + 1)
    worst = 0.0
    for share in shares:
        losing = share + max_loss
        likely = binom.pmf(counts, texts, losing)  # of so many lost texts, [N + 1]
        near = likely > 1e-15
        enough = counts[near] - (lost - gained)  # gains at which the difference is as small
        gains = binom.sf(enough - 1, texts - counts[near], share / (1 - losing))
        worst = max(worst, float((likely[near] * gains).sum()))
    return min(1.0, worst + spent)
