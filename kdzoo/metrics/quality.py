"""All quality figures of one set of predictions."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]  # [N]


@cache
def _modules() -> dict[str, Any]:
    from kdzoo.metrics import modules

    return {
        "accuracy": modules.Accuracy(),
        "macro_f1": modules.MacroF1(),
        "f1": modules.PositiveF1(),
        "in_scope_accuracy": modules.InScopeAccuracy(),
        "oos_recall": modules.OutOfScopeRecall(),
    }


def quality(
    predictions: Ids, gold: Ids, oos: int | None, positive: int | None = None
) -> dict[str, float]:
    """Returns accuracy and macro-F1; where there is an out-of-scope class its two figures.

    Where one of two classes is the one to find, its F1.

    Without an out-of-scope class the in-scope accuracy is the accuracy.

    Args:
        predictions: label ids, [N].
        gold: label ids, [N].
        oos: the id of the out-of-scope label, if there is one.
        positive: the id of the label to find, if there is one.
    """
    figures: dict[str, float] = {}
    for name, module in _modules().items():
        if name in ("accuracy", "macro_f1"):
            figures |= module._compute(predictions, gold)
        elif name == "f1":
            if positive is not None:
                figures |= module._compute(predictions, gold, positive=positive)
        elif oos is not None:
            figures |= module._compute(predictions, gold, oos=oos)
    figures.setdefault("in_scope_accuracy", figures["accuracy"])
    return figures
