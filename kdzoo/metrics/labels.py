"""How good labels are where each text has one, by scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.integer[Any]]  # [N]


def accuracy(predictions: Ids, gold: Ids) -> float:
    """Returns the share of texts whose label is right."""
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(gold, predictions))


def macro_f1(predictions: Ids, gold: Ids) -> float:
    """Returns the mean over the gold classes of their F1."""
    from sklearn.metrics import f1_score

    told = {"labels": np.unique(gold), "average": "macro", "zero_division": 0}
    return float(f1_score(gold, predictions, **told))


def f1_of(predictions: Ids, gold: Ids, positive: int) -> float:
    """Returns the F1 of one label: the harmonic mean of its precision and recall."""
    from sklearn.metrics import f1_score

    return float(f1_score(gold == positive, predictions == positive, zero_division=0))


def in_scope_accuracy(predictions: Ids, gold: Ids, oos: int) -> float:
    """Returns the accuracy over the texts whose gold label is not the out-of-scope one.

    NaN where there are none.
    """
    inside = gold != oos
    return float((predictions == gold)[inside].mean()) if inside.any() else float("nan")


def oos_recall(predictions: Ids, gold: Ids, oos: int) -> float:
    """Returns the share of the out-of-scope texts that are recognised as such.

    NaN where there are none.
    """
    outside = gold == oos
    return float((predictions[outside] == oos).mean()) if outside.any() else float("nan")
