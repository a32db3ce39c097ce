"""Single-label classification: each text has one of the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kdzoo.entries import TaskName
from kdzoo.task.gold import Ids
from kdzoo.task.protocol import Answers, AnyLogits, Numbers, Stored, Thresholds, Values


@dataclass(frozen=True)
class SingleLabel:
    """An answer is the id of a label; its distribution is the softmax of the logits."""

    name: TaskName = "single-label"
    problem_type: str | None = "single_label_classification"
    leading: str = "accuracy"
    leading_title: str = "accuracy"
    by_word: bool = False

    def gold(self, rows: Ids, labels: int) -> Answers:
        """Returns the ids as they are, [N]."""
        return rows

    def answers(self, logits: AnyLogits, thresholds: Thresholds = None) -> Answers:
        """Returns the id of the most probable label, [N]; it has no thresholds."""
        best: Answers = logits.argmax(1)
        return best

    def right(self, answers: Answers, gold: Answers) -> npt.NDArray[np.bool_]:
        """Returns where the label is the gold one, [N]."""
        right: npt.NDArray[np.bool_] = answers == gold
        return right

    def probabilities(self, logits: AnyLogits) -> Values:
        """Returns the softmax of the logits, [N, C]."""
        from scipy.special import softmax  # not loaded with what a process that answers needs

        probabilities: Values = softmax(logits, axis=1)
        return probabilities

    def log_probability(self, logits: AnyLogits, answers: Answers) -> Values:
        """Returns the logarithm of the label's probability, [N]."""
        found: Values = _log_probabilities(logits)[np.arange(len(answers)), answers]
        return found

    def brier(self, logits: AnyLogits, gold: Answers) -> Values:
        """Returns Σ (p - y)² over the labels, 0 to 2, [N]."""
        probabilities = np.exp(_log_probabilities(logits))
        of_gold = probabilities[np.arange(len(gold)), gold]
        brier: Values = (probabilities**2).sum(1) + 1 - 2 * of_gold
        return brier

    def divergence(self, logits: AnyLogits, teacher_logits: AnyLogits) -> Values:
        """Returns KL from the teacher's softmax, [N]."""
        teacher = _log_probabilities(teacher_logits)
        divergence: Values = (np.exp(teacher) * (teacher - _log_probabilities(logits))).sum(1)
        return divergence

    def nothing(self, texts: int) -> npt.NDArray[Any]:
        """Returns -1 for each text, [N]."""
        return np.full(texts, -1)

    def stored(self, answers: Answers) -> npt.NDArray[Any]:
        """Returns the ids as they are, [N]."""
        return answers

    def are_known(self, stored: Stored) -> bool:
        """Returns whether all are ids, rather than -1, or not a number in older files."""
        return bool((np.asarray(stored) >= 0).all())

    def numbers(self, stored: Stored, labels: int) -> Numbers:
        """Returns the ids as they are, [N]."""
        return np.asarray(stored).astype(np.int32)


def _log_probabilities(logits: AnyLogits) -> Values:
    from scipy.special import log_softmax

    found: Values = log_softmax(logits.astype(np.float64), axis=1)  # [N, C]
    return found


SINGLE_LABEL = SingleLabel()
