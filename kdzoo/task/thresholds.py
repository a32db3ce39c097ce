"""From which probability on a label is given: fitted on validation, for the best F1."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kdzoo.task.multi_label import EVEN
from kdzoo.task.protocol import Values

_CANDIDATES = 199  # thresholds that are tried for all labels together

Counts = npt.NDArray[np.number[Any]]
Sets = npt.NDArray[np.bool_]  # which labels each text has, [N, C]


def f1_of_counts(right: Counts, given: Counts, wanted: Counts) -> Values:
    """Returns 2 TP / (given + wanted), 0 where nothing is given or wanted; of any shape."""
    return np.asarray(2 * right / np.maximum(given + wanted, 1))


def macro_f1(answers: Sets, gold: Sets) -> float:
    """Returns the mean over the labels that texts have of their F1; 0 where no text has any."""
    wanted = gold.sum(0)
    found = f1_of_counts((answers & gold).sum(0), answers.sum(0), wanted)  # [C]
    return float(found[wanted > 0].mean()) if wanted.any() else 0.0


def label_thresholds(probabilities: Values, gold: Sets) -> tuple[float, ...]:
    """Returns for each label the threshold with the best F1; one half for a label no text has.

    Args:
        probabilities: of validation texts, [N, C].
        gold: which labels they have, [N, C].
    """
    return tuple(
        _best_threshold(probabilities[:, label], gold[:, label]) for label in range(gold.shape[1])
    )


def shared_threshold(probabilities: Values, gold: Sets) -> float:
    """Returns the threshold for all labels with the best macro-F1; the nearest one half of several.

    Args:
        probabilities: of validation texts, [N, C].
        gold: which labels they have, [N, C].
    """
    spread = np.quantile(probabilities, np.linspace(0, 1, _CANDIDATES))
    candidates = np.unique(np.append((spread[1:] + spread[:-1]) / 2, EVEN))
    found = [
        (macro_f1(probabilities >= candidate, gold), -abs(candidate - EVEN))
        for candidate in candidates
    ]
    return float(candidates[max(range(len(found)), key=found.__getitem__)])


def _best_threshold(probabilities: Values, gold: npt.NDArray[np.bool_]) -> float:
    """Returns the middle between the last text that best gets the label and the next one."""
    if not gold.any():
        return EVEN
    order = np.argsort(-probabilities, kind="stable")
    ranked = probabilities[order]
    given = np.arange(1, len(ranked) + 1)
    found = f1_of_counts(np.cumsum(gold[order]), given, np.array(gold.sum()))
    found[:-1][ranked[:-1] == ranked[1:]] = -1.0  # texts of one probability stay together
    best = int(found.argmax())
    following = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + following) / 2)
