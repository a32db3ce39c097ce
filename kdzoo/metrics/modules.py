"""The figures of labels as ``evaluate.Metric`` modules: they need no network.

They combine with a user's own: ``evaluate.combine([Accuracy(), evaluate.load("...")])``. Nothing
in kdzoo computes by them, so that it imports neither ``evaluate`` nor ``datasets`` for a figure.
"""

from __future__ import annotations

from typing import Any

import datasets
import evaluate
import numpy as np

from kdzoo.metrics import labels
from kdzoo.metrics.labels import Ids

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
        return {"accuracy": labels.accuracy(*_ids(predictions, references))}


class MacroF1(_LabelMetric):
    """Mean over the gold classes of their F1."""

    def _compute(self, predictions: Any, references: Any) -> dict[str, float]:
        return {"macro_f1": labels.macro_f1(*_ids(predictions, references))}


class PositiveF1(_LabelMetric):
    """F1 of the positive class, of two: harmonic mean of its precision and recall."""

    def _compute(self, predictions: Any, references: Any, positive: int) -> dict[str, float]:
        return {"f1": labels.f1_of(*_ids(predictions, references), positive)}


class InScopeAccuracy(_LabelMetric):
    """Accuracy over the texts whose gold label is not the out-of-scope one."""

    def _compute(self, predictions: Any, references: Any, oos: int) -> dict[str, float]:
        found = labels.in_scope_accuracy(*_ids(predictions, references), oos)
        return {"in_scope_accuracy": found}


class OutOfScopeRecall(_LabelMetric):
    """Share of the out-of-scope texts that are recognised as such."""

    def _compute(self, predictions: Any, references: Any, oos: int) -> dict[str, float]:
        return {"oos_recall": labels.oos_recall(*_ids(predictions, references), oos)}


def _ids(predictions: Any, references: Any) -> tuple[Ids, Ids]:
    """Returns as arrays what ``evaluate`` has gathered, which are lists."""
    return np.asarray(predictions), np.asarray(references)
