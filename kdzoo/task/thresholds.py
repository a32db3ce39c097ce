"""From which probability on a label is given: fitted on validation, for the best F1."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kdzoo.task.multi_label import EVEN
from kdzoo.task.protocol import Values

_CANDIDATES = 199  # thresholds that are tried for all labels together
FEWEST_TEXTS = 10  # of a label that has its own threshold: of fewer, chance would decide

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
    """Returns for each label the threshold with the best F1.

    A label with few texts has the one with the best macro-F1 for all: the lowest of its texts
    would decide by itself (Yang, 2001, names the effect).

    Args:
        probabilities: of validation texts, [N, C].
        gold: which labels they have, [N, C].
    """
    texts = gold.sum(0)
    shared = shared_threshold(probabilities, gold) if (texts < FEWEST_TEXTS).any() else EVEN
    return tuple(
        shared if count < FEWEST_TEXTS else _best_threshold(probabilities[:, label], gold[:, label])
        for label, count in enumerate(texts)
    )


def shared_threshold(probabilities: Values, gold: Sets) -> float:
    """Returns the threshold for all labels with the best macro-F1; the nearest one half of several.

    Args:
        probabilities: of validation texts, [N, C].
        gold: which labels they have, [N, C].
    """
    spread = np.quantile(probabilities, np.linspace(0, 1, _CANDIDATES))
    candidates = np.unique(np.append((spread[1:] + spread[:-1]) / 2, EVEN))
    passed = np.searchsorted(candidates, probabilities, side="right")  # thresholds, [N, C]
    wanted = gold.sum(0)
    given, right = _at_least(passed, len(candidates)), _at_least(passed, len(candidates), gold)
    figures = f1_of_counts(right, given, wanted)[:, wanted > 0]  # [K, C]
    found = figures.mean(1) if wanted.any() else np.zeros(len(candidates))
    best = np.flatnonzero(found == found.max())
    return float(candidates[best[np.abs(candidates[best] - EVEN).argmin()]])


def _at_least(passed: Counts, thresholds: int, of: Sets | None = None) -> Counts:
    """Returns how many texts pass each of K thresholds, by label, [K, C].

    Args:
        passed: how many of them a text passes, the lowest first, [N, C].
        thresholds: K.
        of: which texts are counted, [N, C]; all by default.
    """
    labels = passed.shape[1]
    places = passed * labels + np.arange(labels)
    counted = places.ravel() if of is None else places[of]
    by_passed = np.bincount(counted, minlength=(thresholds + 1) * labels).reshape(-1, labels)
    return np.asarray(by_passed[:0:-1].cumsum(0)[::-1])  # from the highest threshold down


def _best_threshold(probabilities: Values, gold: npt.NDArray[np.bool_]) -> float:
    """Returns the middle between the last text that best gets the label and the next one."""
    order = np.argsort(-probabilities, kind="stable")
    ranked = probabilities[order]
    given = np.arange(1, len(ranked) + 1)
    found = f1_of_counts(np.cumsum(gold[order]), given, np.array(gold.sum()))
    found[:-1][ranked[:-1] == ranked[1:]] = -1.0  # texts of one probability stay together
    best = int(found.argmax())
    following = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + following) / 2)
