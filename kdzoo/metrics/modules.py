"""Metrics as ``evaluate.Metric`` modules over scikit-learn: they need no network.

They combine with a user's own: ``evaluate.combine([Accuracy(), evaluate.load("...")])``.
"""

from __future__ import annotations

from typing import Any

import datasets
import evaluate
import numpy as np
from sklearn.metrics import accuracy_score, f1_score

_CITATION = "scikit-learn: Pedregosa et al., JMLR 12, 2011"
_INPUTS = "predictions: label ids [N]. references: gold label ids [N]."


class _LabelMetric(evaluate.Metric):  # type: ignore[misc]
    """Base of metrics over predicted and gold label ids."""

    def _info(self) -> Any:
        ids = datasets.Value("int64")
        return evaluate.MetricInfo(
            description=str(self.__doc__),
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=datasets.Features({"predictions": ids, "references": ids}),
        )


class Accuracy(_LabelMetric):
    """Share of texts whose label is right."""

    def _compute(self, predictions: Any, references: Any) -> dict[str, float]:
        return {"accuracy": float(accuracy_score(references, predictions))}


class MacroF1(_LabelMetric):
    """Mean over the gold classes of their F1."""

    def _compute(self, predictions: Any, references: Any) -> dict[str, float]:
        classes = np.unique(references)
        score = f1_score(references, predictions, labels=classes, average="macro", zero_division=0)
        return {"macro_f1": float(score)}


class PositiveF1(_LabelMetric):
    """F1 of the positive class, of two: harmonic mean of its precision and recall."""

    def _compute(self, predictions: Any, references: Any, positive: int) -> dict[str, float]:
        found = np.asarray(predictions) == positive
        score = f1_score(np.asarray(references) == positive, found, zero_division=0)
        return {"f1": float(score)}


class InScopeAccuracy(_LabelMetric):
    """Accuracy over the texts whose gold label is not the out-of-scope one."""

    def _compute(self, predictions: Any, references: Any, oos: int) -> dict[str, float]:
        inside = np.asarray(references) != oos
        if not inside.any():
            return {"in_scope_accuracy": float("nan")}
        right = np.asarray(predictions)[inside] == np.asarray(references)[inside]
        return {"in_scope_accuracy": float(right.mean())}


class OutOfScopeRecall(_LabelMetric):
    """Share of the out-of-scope texts that are recognised as such."""

    def _compute(self, predictions: Any, references: Any, oos: int) -> dict[str, float]:
        outside = np.asarray(references) == oos
        if not outside.any():
            return {"oos_recall": float("nan")}
        return {"oos_recall": float((np.asarray(predictions)[outside] == oos).mean())}
