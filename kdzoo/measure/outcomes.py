"""Per-example outcomes: what every statistic over a model is made from, without texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kdzoo.data import Corpus, Example
from kdzoo.runtime.decision import Decision
from kdzoo.runtime.protocol import Logits
from kdzoo.runtime.rejection import decided, oos_scores
from kdzoo.runtime.sureness import SurenessName, sureness
from kdzoo.task import SINGLE_LABEL, Answers, Task, Thresholds

COLUMNS = (
    "split", "row", "gold", "prediction", "confidence", "gold_log_probability", "brier",
    "divergence", "teacher_prediction", "oos_score", "calibrated_confidence",
    "calibrated_gold_log_probability", "words", "rarest_word", "decided", "decision_score",
    "margin", "energy", "in_scope",
)  # fmt: skip


def outcomes_of(
    split: str,
    corpus: Corpus,
    logits: Logits,
    teacher_logits: Logits | None,
    decision: Decision | None = None,
    teacher_thresholds: Thresholds = None,
) -> pd.DataFrame:
    """Returns one row per text of the split.

    Columns: split, row (its number in the split), gold and prediction (label ids; where a text may
    have several, as ``3 17``), confidence (the answer's probability), gold_log_probability, brier
    (Σ (p - y)² over the classes, 0 to 2), divergence (KL from the teacher's distribution, in nats;
    NaN without one), teacher_prediction (-1 without one, or nothing where a text may have several),
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
            the out-of-scope threshold, or the thresholds of the labels.
        teacher_thresholds: the teacher's own, likewise.
    """
    examples, gold = corpus.split(split), corpus.gold(split)
    thresholds = None if decision is None else decision.thresholds_of(corpus.labels)
    answers = corpus.task.answers(logits, thresholds)
    teacher = None
    if teacher_logits is not None:
        teacher = _Teacher(teacher_logits, corpus.task.answers(teacher_logits, teacher_thresholds))
    frame = _frame(split, corpus.task, _Own(logits, answers, gold), teacher, decision)
    if corpus.oos is not None:
        out_of_scope = np.full(len(gold), corpus.oos)
        frame["oos_score"] = np.exp(corpus.task.log_probability(logits, out_of_scope))
    return frame.assign(
        words=np.array([len(example.words) for example in examples], dtype=np.int64),
        rarest_word=_rarest(examples, corpus),
        **_decided(logits, frame["prediction"], corpus.oos, decision),
        **_sureness(logits, corpus.oos, decision if corpus.task == SINGLE_LABEL else None),
    )


def no_outcomes(task: Task) -> pd.DataFrame:
    """Returns those columns without a row: of a teacher that says nothing of the texts."""
    none, logits = np.empty(0, dtype=np.int64), np.empty((0, 1))
    answers = task.answers(logits)
    frame = _frame("validation", task, _Own(logits, answers, answers), None, None)
    told = _decided(logits, frame["prediction"], None, None) | _sureness(logits, None, None)
    return frame.assign(words=none, rarest_word=none, **told)


def with_all_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Returns the outcomes that an older kdzoo wrote with the columns it did not know, as NaN."""
    return frame.reindex(columns=COLUMNS)


@dataclass(frozen=True)
class _Own:
    """What a model says of N texts, and what is right."""

    logits: npt.NDArray[np.floating[Any]]  # [N, C]
    answers: Answers
    gold: Answers


@dataclass(frozen=True)
class _Teacher:
    """What its teacher says of them."""

    logits: npt.NDArray[np.floating[Any]]  # [N, C]
    answers: Answers


def _frame(
    split: str, task: Task, own: _Own, teacher: _Teacher | None, decision: Decision | None
) -> pd.DataFrame:
    texts = len(own.gold)
    confidence = np.exp(task.log_probability(own.logits, own.answers))
    divergence, nothing = np.full(texts, np.nan), np.full(texts, np.nan)
    teacher_prediction = task.nothing(texts)
    if teacher is not None:
        divergence = task.divergence(own.logits, teacher.logits)
        teacher_prediction = task.stored(teacher.answers)
    calibrated = (nothing, nothing)
    if decision is not None:
        scaled = own.logits.astype(np.float64) / decision.temperature
        calibrated = (
            np.exp(task.log_probability(scaled, own.answers)),
            task.log_probability(scaled, own.gold),
        )
    return pd.DataFrame(
        {
            "split": split,
            "row": np.arange(texts),
            "gold": task.stored(own.gold),
            "prediction": task.stored(own.answers),
            "confidence": confidence,
            "gold_log_probability": task.log_probability(own.logits, own.gold),
            "brier": task.brier(own.logits, own.gold),
            "divergence": divergence,
            "teacher_prediction": teacher_prediction,
            "oos_score": 1 - confidence,
            "calibrated_confidence": calibrated[0],
            "calibrated_gold_log_probability": calibrated[1],
        }
    )


def _decided(
    logits: npt.NDArray[np.floating[Any]],
    predictions: pd.Series[Any],
    oos_label: int | None,
    decision: Decision | None,
) -> dict[str, npt.NDArray[Any]]:
    """Returns the columns of the label that a user gets, and of the score behind it."""
    if oos_label is None or decision is None:
        return {"decided": predictions.to_numpy(), "decision_score": np.full(len(logits), np.nan)}
    scores = oos_scores(decision.oos_score, logits, oos_label)
    labels = logits.argmax(1)
    if decision.oos_threshold is not None:
        labels = decided(logits, scores >= decision.oos_threshold, oos_label)
    return {"decided": labels, "decision_score": scores}


def _sureness(
    logits: npt.NDArray[np.floating[Any]], oos_label: int | None, decision: Decision | None
) -> dict[str, npt.NDArray[np.float64]]:
    """Returns the columns of how sure the model is, beside its calibrated confidence."""
    names: tuple[SurenessName, ...] = ("margin", "energy", "in_scope")
    if decision is None:
        return {name: np.full(len(logits), np.nan) for name in names}
    return {name: sureness(name, logits, decision.temperature, oos_label) for name in names}


def _rarest(examples: Sequence[Example], corpus: Corpus) -> npt.NDArray[np.int64]:
    """Returns how often each text's rarest word occurs in the texts to learn from, [N]."""
    counts = corpus.word_counts
    rarest = [min((counts[word] for word in example.words), default=0) for example in examples]
    return np.array(rarest, dtype=np.int64)
