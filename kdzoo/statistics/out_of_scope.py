"""How well texts that belong to no class are told from those that do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import (
    average_precision_score,
    precision_recall_fscore_support,
    roc_auc_score,
    roc_curve,
)

Scores = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]

RECALL = 0.95  # of the out-of-scope texts, at which false alarms are counted


@dataclass(frozen=True)
class Detection:
    """How out-of-scope texts are found.

    Attributes:
        auroc: how often an out-of-scope text scores higher than one in scope, 0.5 by chance.
        false_positive_rate: share of the texts in scope that is flagged by the highest threshold
            that finds 95 % of those out of scope.
        precision: of the label "out of scope" as predicted; 0 where it never is.
        recall: of the same.
        f1: of the same.
        average_precision: of the score: the area below the curve of precision over recall.
    """

    auroc: float
    false_positive_rate: float
    precision: float
    recall: float
    f1: float
    average_precision: float


@dataclass(frozen=True)
class Rejection:
    """What a threshold of the score does.

    Attributes:
        threshold: from which on a text is called out of scope.
        recall: share of the out-of-scope texts that are called so.
        false_alarms: share of the texts in scope that are called so.
    """

    threshold: float
    recall: float
    false_alarms: float


def rejection(scores: Scores, is_oos: Flags, threshold: float) -> Rejection | None:
    """Returns what a threshold does to texts; None where all texts or none are out of scope.

    Args:
        scores: the higher, the more likely out of scope, [N].
        is_oos: whether the gold label is "out of scope", [N].
        threshold: of the score.
    """
    if is_oos.all() or not is_oos.any():
        return None
    called = scores >= threshold
    return Rejection(threshold, float(called[is_oos].mean()), float(called[~is_oos].mean()))


def detection(scores: Scores, predicted_oos: Flags, is_oos: Flags) -> Detection | None:
    """Returns how one model finds out-of-scope texts; None where all texts or none are such.

    Args:
        scores: the higher, the more likely out of scope, [N].
        predicted_oos: whether the predicted label is "out of scope", [N].
        is_oos: whether the gold label is, [N].
    """
    if is_oos.all() or not is_oos.any():
        return None
    false_alarms, found, _ = roc_curve(is_oos, scores, drop_intermediate=False)
    precision, recall, f1, _ = precision_recall_fscore_support(
        is_oos, predicted_oos, average="binary", zero_division=0
    )
    return Detection(
        auroc=float(roc_auc_score(is_oos, scores)),
        false_positive_rate=float(false_alarms[np.argmax(found >= RECALL)]),
        precision=float(precision),
        recall=float(recall),
        f1=float(f1),
        average_precision=float(average_precision_score(is_oos, scores)),
    )


def tune_threshold(
    scores: Scores, is_oos: Flags, max_false_alarms: float | None = None
) -> float | None:
    """Returns the score from which on a text is best called out of scope.

    With a budget it finds as many texts out of scope as the budget allows. Without, it maximises
    balanced accuracy, the mean of the recalls in and out of scope, because the share of
    out-of-scope texts in validation need not be that of what comes later (in CLINC150, 3 % and
    18 %). Of equally good ones it is the highest; infinite where calling none so is the best. None
    where all texts or none are out of scope.

    Args:
        scores: of validation texts, the higher, the more likely out of scope, [N].
        is_oos: whether the gold label is "out of scope", [N].
        max_false_alarms: share of the texts in scope that may be called out of scope.
    """
    if is_oos.all() or not is_oos.any():
        return None
    false_alarms, found, thresholds = roc_curve(is_oos, scores, drop_intermediate=False)
    gain = found - false_alarms
    if max_false_alarms is not None:
        gain = np.where(false_alarms <= max_false_alarms, found, -1.0)
    return float(thresholds[np.argmax(gain)])
