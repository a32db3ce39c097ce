"""Multi-label classification: each text has any number of the labels, none too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kdzoo.entries import TaskName
from kdzoo.task.gold import Ids
from kdzoo.task.protocol import Answers, AnyLogits, Numbers, Stored, Thresholds, Values

EVEN = 0.5  # the threshold of a label, where none was fitted
_CERTAIN = 50.0  # a logit beyond which a probability is 0 or 1 in every sum


@dataclass(frozen=True)
class MultiLabel:
    """An answer is a set of labels; each label is there by itself, with the sigmoid of its logit.

    So the probability of a set is the product over the labels, and a divergence is the sum of
    those of each label, there or not.
    """

    name: TaskName = "multi-label"
    problem_type: str | None = "multi_label_classification"
    leading: str = "macro_f1"
    leading_title: str = "macro-F1"
    by_word: bool = False

    def gold(self, rows: Ids, labels: int) -> Answers:
        """Returns which labels each text has, [N, C]."""
        has_label = np.zeros((len(rows), labels), dtype=bool)
        texts, places = np.nonzero(rows.reshape(len(rows), -1) >= 0)
        has_label[texts, rows[texts, places]] = True
        return has_label

    def answers(self, logits: AnyLogits, thresholds: Thresholds = None) -> Answers:
        """Returns which labels reach their thresholds, [N, C]; one half, where there are none."""
        least = EVEN if thresholds is None else np.asarray(thresholds)
        answers: Answers = self.probabilities(logits) >= least
        return answers

    def right(self, answers: Answers, gold: Answers) -> npt.NDArray[np.bool_]:
        """Returns where the set is the gold one, no label too few and none too many, [N]."""
        right: npt.NDArray[np.bool_] = (answers == gold).all(1)
        return right

    def probabilities(self, logits: AnyLogits) -> Values:
        """Returns the sigmoid of each logit, [N, C]."""
        from scipy.special import expit  # not loaded with what a process that answers needs

        probabilities: Values = expit(logits.astype(np.float64))
        return probabilities

    def log_probability(self, logits: AnyLogits, answers: Answers) -> Values:
        """Returns the logarithm of the probability of each set, [N]."""
        from scipy.special import log_expit

        signed = np.where(answers, 1.0, -1.0) * logits.astype(np.float64)
        found: Values = log_expit(signed).sum(1)
        return found

    def brier(self, logits: AnyLogits, gold: Answers) -> Values:
        """Returns Σ (p - y)² over the labels, 0 to C, [N]."""
        brier: Values = ((self.probabilities(logits) - gold) ** 2).sum(1)
        return brier

    def divergence(self, logits: AnyLogits, teacher_logits: AnyLogits) -> Values:
        """Returns the sum of the labels' KL from the teacher's probabilities, [N]."""
        from scipy.special import expit, log_expit

        own = np.clip(logits.astype(np.float64), -_CERTAIN, _CERTAIN)
        other = np.clip(teacher_logits.astype(np.float64), -_CERTAIN, _CERTAIN)
        there = expit(other) * (log_expit(other) - log_expit(own))
        absent = expit(-other) * (log_expit(-other) - log_expit(-own))
        divergence: Values = (there + absent).sum(1)
        return divergence

    def nothing(self, texts: int) -> npt.NDArray[Any]:
        """Returns None for each text, [N]."""
        return np.full(texts, None, dtype=object)

    def stored(self, answers: Answers) -> npt.NDArray[Any]:
        """Returns the labels' ids with a space between, as ``3 17``; nothing of an empty set."""
        ids = [" ".join(map(str, np.flatnonzero(row))) for row in answers]
        return np.array(ids, dtype=object)

    def are_known(self, stored: Stored) -> bool:
        """Returns whether all are sets, rather than None."""
        return all(isinstance(answer, str) for answer in np.asarray(stored, dtype=object))

    def numbers(self, stored: Stored, labels: int) -> Numbers:
        """Returns a number for each set, [N]; two sets of one number will not be met."""
        found, places = self._distinct(stored, labels)
        weights = np.random.default_rng(0).integers(1 << 63, size=labels, dtype=np.uint64) * 2 + 1
        rows, columns = np.nonzero(found)
        numbers = np.zeros(len(found), dtype=np.uint64)
        np.add.at(numbers, rows, weights[columns])
        found_numbers: Numbers = (numbers >> np.uint64(1)).astype(np.int64)[places]
        return found_numbers

    def sets(self, stored: Stored, labels: int) -> npt.NDArray[np.bool_]:
        """Returns which labels each stored set has, [N, C].

        Raises:
            ValueError: one is no set of so many labels.
        """
        found, places = self._distinct(stored, labels)
        return found[places]

    def _distinct(
        self, stored: Stored, labels: int
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.intp]]:
        """Returns the sets that occur, [U, C], and which of them each text has, [N]."""
        if not self.are_known(stored):
            raise ValueError("a set of labels is no text")
        cells = np.asarray(stored, dtype=object).astype(str)
        distinct, places = np.unique(cells, return_inverse=True)
        found = np.zeros((len(distinct), labels), dtype=bool)
        for row, stored_set in zip(found, distinct.tolist(), strict=True):
            row[_ids_in(stored_set, labels)] = True
        return found, places


def _ids_in(stored: str, labels: int) -> list[int]:
    """Returns the ids of a stored set.

    Raises:
        ValueError: the text is no answer as ``stored`` writes it.
    """
    parts = stored.split(" ") if stored else []
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        raise ValueError(f"'{stored[:60]}' is no set of labels")
    ids = [int(part) for part in parts]
    if ids != sorted(set(ids)) or any(label_id >= labels for label_id in ids):
        raise ValueError(f"'{stored[:60]}' is no set of {labels} labels, in their order")
    return ids


MULTI_LABEL = MultiLabel()
