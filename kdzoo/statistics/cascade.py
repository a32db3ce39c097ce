"""When a student is sure enough to answer without the teacher: a threshold that keeps a promise.

In a cascade the student answers where its score reaches a threshold, and the teacher elsewhere. A
text is lost where the student answers it wrongly and the teacher would have been right. What is
promised is the share of lost texts, and with it the accuracy: below the teacher's by no more, since
texts that only the student gets right are not counted against those that are lost.

The threshold is found by learn-then-test (Angelopoulos, Bates, Candès, Jordan and Lei, 2021,
arXiv:2110.01052): thresholds are tested in a fixed order, from the one at which the teacher answers
all, each by the exact binomial p-value of "more than that share is lost"; the last before the
first failure is taken. Tested so, the number of thresholds costs nothing, and as the share of lost
texts only grows along this order, all thresholds may be tried (Bates et al., 2021,
arXiv:2101.02703). Several scores, or several students to choose from, share the risk (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

Scores = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]

RISK = 0.05  # how often a promise may be broken
_ROUNDED = 1e-12  # texts, by which a share of them may seem to be less: 0.29 of 100 is 29
_STEP = 2.0**-14  # relative, by which outcomes are rounded when they are stored


@dataclass(frozen=True)
class Threshold:
    """From where on a student answers without the teacher.

    Attributes:
        score: its name.
        value: the least score with which the student answers; infinite where it never does.
    """

    score: str
    value: float

    def answers(self, scores: Scores) -> Flags:
        """Returns whether the student answers each text, [N]."""
        answers: Flags = scores >= self.value
        return answers


@dataclass(frozen=True)
class Cascaded:
    """What a cascade makes of texts.

    Attributes:
        escalated: share of them that the teacher answers.
        accuracy: of the answers together.
        loss: by how much that is below the teacher's; negative where it is above.
        lost: share of the texts that the student answers wrongly and the teacher would not.
        at_random: accuracy where as many texts go to the teacher, whichever they are.
    """

    escalated: float
    accuracy: float
    loss: float
    lost: float
    at_random: float


def promise_in_words(max_loss: float, teacher: str = "", more: str = "") -> str:
    """Returns what may be relied on, as a clause.

    Args:
        max_loss: share of texts that may be lost.
        teacher: the name of the model that is asked; empty where it is plain which one is meant.
        more: what else there is to say of the confidence.
    """
    wanted = f"that of {teacher}" if teacher else "the teacher's"
    return (
        f"promised with {(1 - RISK) * 100:.0f} % confidence{more}: of texts like those of "
        f"validation, at most {max_loss * 100:g} % get a wrong answer where {wanted} would be right"
    )


def texts_needed(max_loss: float, risk: float = RISK) -> int:
    """Returns how many validation texts a promise needs at least, where not one of them is lost.

    Args:
        max_loss: the share of lost texts, as promised.
        risk: how often the promise may be broken.
    """
    return math.ceil(math.log(risk) / math.log1p(-max_loss))


def promised(
    scores: Mapping[str, Scores],
    student: Flags,
    teacher: Flags,
    max_loss: float,
    risk: float = RISK,
) -> Threshold:
    """Returns the threshold that escalates the fewest texts and loses no more than is promised.

    Args:
        scores: of validation texts, by name: the higher, the surer the student, [N] each.
        student: whether its answer is right, [N].
        teacher: likewise, [N].
        max_loss: the share of lost texts, as promised.
        risk: how often the promise may be broken; the scores share it.
    """
    count = len(student)
    part = risk / len(scores)
    may_be_lost = int(binom.ppf(part, count, max_loss))  # the least with at least that probability
    if binom.cdf(may_be_lost, count, max_loss) > part:
        may_be_lost -= 1
    lost = teacher & ~student
    found = [
        (_answered(values, lost, may_be_lost), Threshold(name, value))
        for name, values in scores.items()
        for value in [_least_score(values, lost, may_be_lost)]
    ]
    return max(found, key=lambda choice: choice[0])[1]


def within(scores: Mapping[str, Scores], student: Flags, teacher: Flags, share: float) -> Threshold:
    """Returns the most accurate threshold that escalates no more than a share of these texts.

    Of equally accurate ones, of all scores, it is the one that escalates the fewest: a budget is
    no aim, and where the teacher is no better, to ask it is only paid for.

    Args:
        scores: of validation texts, by name, [N] each.
        student: whether its answer is right, [N].
        teacher: likewise, [N].
        share: of the texts, that the teacher may answer.
    """
    budget = math.floor(share * len(student) + _ROUNDED)
    gains = teacher.astype(np.int64) - student  # in right answers, where a text is escalated

    def of(name: str) -> tuple[int, int, Threshold]:
        ordered, places = np.unique(scores[name], return_inverse=True)
        escalated = _below(np.bincount(places))  # where the student answers from each score on
        gained = _below(np.bincount(places, weights=gains))
        within_budget = int(np.searchsorted(escalated, budget, side="right"))
        place = int(gained[:within_budget].argmax())  # the first of the best
        return int(gained[place]), -int(escalated[place]), Threshold(name, _between(ordered, place))

    return max(map(of, scores), key=lambda found: found[:2])[2]


def cascaded(answers: Flags, student: Flags, teacher: Flags) -> Cascaded:
    """Returns what a cascade makes of texts.

    Args:
        answers: whether the student answers, [N].
        student: whether its answer is right, [N].
        teacher: likewise, [N].
    """
    escalated = 1 - float(answers.mean())
    accuracy = float(np.where(answers, student, teacher).mean())
    own, best = float(student.mean()), float(teacher.mean())
    return Cascaded(
        escalated=escalated,
        accuracy=accuracy,
        loss=best - accuracy,
        lost=float((answers & teacher & ~student).mean()),
        at_random=own + escalated * (best - own),
    )


def _answered(scores: Scores, lost: Flags, may_be_lost: int) -> int:
    return int((scores >= _least_score(scores, lost, may_be_lost)).sum())


def _least_score(scores: Scores, lost: Flags, may_be_lost: int) -> float:
    """Returns the least score from which on no more texts are lost; texts of one score go together.

    A negative number of texts may be lost where there are too few for any promise.
    """
    ordered, places = np.unique(scores, return_inverse=True)
    by_score = np.bincount(places, weights=lost, minlength=len(ordered))
    from_score = by_score[::-1].cumsum()[::-1]  # lost where the student answers from there on
    kept = np.flatnonzero(from_score <= may_be_lost)
    return _between(ordered, int(kept[0])) if len(kept) else math.inf


def _below(by_score: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Returns the sum over the scores below each one."""
    return np.asarray(np.cumsum(by_score) - by_score)


def _between(ordered: Scores, place: int) -> float:
    """Returns a threshold that parts a score from the one below it, however they were rounded."""
    here = float(ordered[place])
    if place == 0:
        return here - abs(here) * _STEP
    return (here + float(ordered[place - 1])) / 2
