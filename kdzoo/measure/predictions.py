"""Per-example outcomes: what every statistic over a model is made from, without texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import log_softmax

from kdzoo.data import Corpus, Example
from kdzoo.runtime.decision import Decision
from kdzoo.runtime.protocol import Logits
from kdzoo.runtime.rejection import decided, oos_scores
from kdzoo.runtime.sureness import SurenessName, sureness

Values = npt.NDArray[np.float64]
COLUMNS = (
    "split", "row", "gold", "prediction", "confidence", "gold_log_probability", "brier",
    "divergence", "teacher_prediction", "oos_score", "calibrated_confidence",
    "calibrated_gold_log_probability", "words", "rarest_word", "decided", "decision_score",
    "margin", "energy", "in_scope",
)  # fmt: skip


def outcomes(
    split: str,
    corpus: Corpus,
    logits: Logits,
    teacher_logits: Logits | None,
    decision: Decision | None = None,
) -> pd.DataFrame:
    """Returns one row per text of the split.

    Columns: split, row (its number in the split), gold and prediction (label ids), confidence,
    gold_log_probability, brier (Σ (p - y)² over the classes, 0 to 2), divergence (KL from the
    teacher's distribution, in nats; NaN without one), teacher_prediction (-1 without one),
    oos_score (probability of out of scope, or 1 − confidence); calibrated_confidence and
    calibrated_gold_log_probability (of the logits divided by the temperature; NaN without one);
    words (how many the text has) and rarest_word (how often the rarest of them occurs in the texts
    to learn from); decided (the label id that it gets with the out-of-scope threshold; the
    prediction where there is none) and decision_score (what the threshold is of; NaN without one);
    margin, energy and in_scope: how sure the model is, see ``kdzoo.runtime.sureness`` (NaN without
    a temperature).

    Args:
        split: its name.
        corpus: the data.
        logits: the model's, [N, C].
        teacher_logits: the teacher's, [N, C]; None where there are none to compare with.
        decision: what was fitted on validation: the temperature of calibrated probabilities and
            the out-of-scope threshold.
    """
    examples = corpus.split(split)
    gold = np.array(corpus.gold(split))
    return _frame(split, gold, logits, teacher_logits, corpus.oos, decision).assign(
        words=np.array([len(example.words) for example in examples], dtype=np.int64),
        rarest_word=_rarest(examples, corpus),
        **_decided(logits, corpus.oos, decision),
        **_sureness(logits, corpus.oos, decision),
    )


def no_outcomes() -> pd.DataFrame:
    """Returns the columns of ``outcomes`` without a row: of a teacher that says nothing of them."""
    none = np.empty(0, dtype=np.int64)
    frame = _frame("validation", none, np.empty((0, 1)), None, None, None)
    empty = np.empty((0, 1))
    told = _decided(empty, None, None) | _sureness(empty, None, None)
    return frame.assign(words=none, rarest_word=none, **told)


def with_all_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Returns the outcomes that an older kdzoo wrote with the columns it did not know, as NaN."""
    return frame.reindex(columns=COLUMNS)


def _frame(
    split: str,
    gold: npt.NDArray[np.int64],
    logits: npt.NDArray[np.floating[Any]],
    teacher_logits: Logits | None,
    oos_label: int | None,
    decision: Decision | None,
) -> pd.DataFrame:
    rows = np.arange(len(gold))
    log_probabilities = log_softmax(logits.astype(np.float64), axis=1)  # [N, C]
    probabilities = np.exp(log_probabilities)
    confidence = probabilities.max(1)
    divergence, teacher_prediction = np.full(len(gold), np.nan), np.full(len(gold), -1)
    if teacher_logits is not None:
        teacher = log_softmax(teacher_logits.astype(np.float64), axis=1)
        divergence = (np.exp(teacher) * (teacher - log_probabilities)).sum(1)
        teacher_prediction = teacher_logits.argmax(1)
    temperature = None if decision is None else decision.temperature
    calibrated_confidence, calibrated_gold = _calibrated(logits, gold, temperature)
    return pd.DataFrame(
        {
            "split": split,
            "row": rows,
            "gold": gold,
            "prediction": logits.argmax(1),
            "confidence": confidence,
            "gold_log_probability": log_probabilities[rows, gold],
            "brier": (probabilities**2).sum(1) + 1 - 2 * probabilities[rows, gold],
            "divergence": divergence,
            "teacher_prediction": teacher_prediction,
            "oos_score": 1 - confidence if oos_label is None else probabilities[:, oos_label],
            "calibrated_confidence": calibrated_confidence,
            "calibrated_gold_log_probability": calibrated_gold,
        }
    )


def _decided(
    logits: npt.NDArray[np.floating[Any]], oos_label: int | None, decision: Decision | None
) -> dict[str, npt.NDArray[Any]]:
    """Returns the columns of the label that a user gets, and of the score behind it."""
    if oos_label is None or decision is None:
        return {"decided": logits.argmax(1), "decision_score": np.full(len(logits), np.nan)}
    scores = oos_scores(decision.oos_score, logits, oos_label)
    labels = logits.argmax(1)
    if decision.oos_threshold is not None:
        labels = decided(logits, scores >= decision.oos_threshold, oos_label)
    return {"decided": labels, "decision_score": scores}


def _sureness(
    logits: npt.NDArray[np.floating[Any]], oos_label: int | None, decision: Decision | None
) -> dict[str, Values]:
    """Returns the columns of how sure the model is, beside its calibrated confidence."""
    names: tuple[SurenessName, ...] = ("margin", "energy", "in_scope")
    if decision is None:
        return {name: np.full(len(logits), np.nan) for name in names}
    return {name: sureness(name, logits, decision.temperature, oos_label) for name in names}


def _calibrated(
    logits: npt.NDArray[np.floating[Any]],
    gold: npt.NDArray[np.int64],
    temperature: float | None,
) -> tuple[Values, Values]:
    """Returns confidence and log-probability of the gold label at the temperature, [N] each."""
    if temperature is None:
        return np.full(len(gold), np.nan), np.full(len(gold), np.nan)
    scaled = log_softmax(logits.astype(np.float64) / temperature, axis=1)  # [N, C]
    return np.exp(scaled.max(1)), scaled[np.arange(len(gold)), gold]


def _rarest(examples: Sequence[Example], corpus: Corpus) -> npt.NDArray[np.int64]:
    """Returns how often each text's rarest word occurs in the texts to learn from, [N]."""
    counts = corpus.word_counts
    rarest = [min((counts[word] for word in example.words), default=0) for example in examples]
    return np.array(rarest, dtype=np.int64)
