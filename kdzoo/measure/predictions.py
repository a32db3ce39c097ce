"""Per-example outcomes: what every statistic over a model is made from, without texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import log_softmax

from kdzoo.data import Corpus
from kdzoo.metrics import quality
from kdzoo.model import Logits


def outcomes(
    split: str, corpus: Corpus, logits: Logits, teacher_logits: Logits | None
) -> pd.DataFrame:
    """Returns one row per text of the split.

    Columns: split, row (its number in the split), gold and prediction (label ids), confidence,
    gold_log_probability, divergence (KL from the teacher's distribution, in nats; NaN without one),
    teacher_prediction (-1 without one), oos_score (probability of out of scope, or 1 − confidence).
    """
    return _frame(split, np.array(corpus.gold(split)), logits, teacher_logits, corpus.oos)


def no_outcomes() -> pd.DataFrame:
    """Returns the columns of ``outcomes`` without a row: of a teacher that says nothing of them."""
    return _frame("validation", np.empty(0, dtype=np.int64), np.empty((0, 1)), None, None)


def _frame(
    split: str,
    gold: npt.NDArray[np.int64],
    logits: npt.NDArray[np.floating[Any]],
    teacher_logits: Logits | None,
    oos_label: int | None,
) -> pd.DataFrame:
    log_probabilities = log_softmax(logits.astype(np.float64), axis=1)  # [N, C]
    confidence = np.exp(log_probabilities.max(1))
    divergence = np.full(len(gold), np.nan)
    teacher_prediction = np.full(len(gold), -1)
    if teacher_logits is not None:
        teacher = log_softmax(teacher_logits.astype(np.float64), axis=1)
        divergence = (np.exp(teacher) * (teacher - log_probabilities)).sum(1)
        teacher_prediction = teacher_logits.argmax(1)
    oos = 1 - confidence if oos_label is None else np.exp(log_probabilities[:, oos_label])
    return pd.DataFrame(
        {
            "split": split,
            "row": np.arange(len(gold)),
            "gold": gold,
            "prediction": logits.argmax(1),
            "confidence": confidence,
            "gold_log_probability": log_probabilities[np.arange(len(gold)), gold],
            "divergence": divergence,
            "teacher_prediction": teacher_prediction,
            "oos_score": oos,
        }
    )


def figures(frame: pd.DataFrame, oos: int | None, positive: int | None = None) -> dict[str, float]:
    """Returns the quality figures of one split's outcomes, agreement with the teacher included."""
    found = quality(frame["prediction"].to_numpy(), frame["gold"].to_numpy(), oos, positive)
    if (frame["teacher_prediction"] >= 0).all():
        found["agreement"] = float((frame["prediction"] == frame["teacher_prediction"]).mean())
        found["divergence"] = float(frame["divergence"].mean())
    return found
