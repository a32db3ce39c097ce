"""How good sets of labels are, by scikit-learn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kdzoo.task.protocol import AnyLogits

Sets = npt.NDArray[np.bool_]  # which labels each text has, [N, C]


def set_quality(answers: Sets, gold: Sets) -> dict[str, float]:
    """Returns subset accuracy, macro-F1, micro-F1 and Hamming loss of sets of labels.

    Accuracy is the share of texts that get exactly their labels. Macro-F1 is the mean over the
    labels that texts have. Hamming loss is the share of labels, of all texts, that are wrong.

    Args:
        answers: [N, C].
        gold: [N, C].
    """
    from sklearn.metrics import f1_score, hamming_loss

    occurring = np.flatnonzero(gold.any(0))
    told = {"labels": occurring, "average": "macro", "zero_division": 0}
    return {
        "accuracy": float((answers == gold).all(1).mean()),
        "macro_f1": float(f1_score(gold, answers, **told)) if len(occurring) else float("nan"),
        "micro_f1": float(f1_score(gold, answers, average="micro", zero_division=0)),
        "hamming_loss": float(hamming_loss(gold, answers)),
    }


def average_precision(logits: AnyLogits, gold: Sets) -> float:
    """Returns the mean over the labels that texts have of their average precision.

    Args:
        logits: [N, C].
        gold: [N, C].
    """
    from sklearn.metrics import average_precision_score

    occurring = gold.any(0)
    if not occurring.any():
        return float("nan")
    return float(average_precision_score(gold[:, occurring], logits[:, occurring]))
