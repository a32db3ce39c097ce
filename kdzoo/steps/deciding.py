"""Fitting on validation how logits become an answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from kdzoo.data import Corpus
from kdzoo.metrics import quality_of_logits
from kdzoo.model import Logits
from kdzoo.recipe.measure import Measure, Reject, ThresholdRule
from kdzoo.runtime.decision import SCORES, Decision, ScoreName, read_decision
from kdzoo.runtime.rejection import oos_scores
from kdzoo.statistics import fit_temperature, rejection, tune_threshold
from kdzoo.task import MULTI_LABEL
from kdzoo.task.thresholds import label_thresholds, macro_f1, shared_threshold


def is_decided(folder: Path, corpus: Corpus, section: Measure) -> bool:
    """Returns whether what lies beside a model was fitted as this kdzoo would, and as is asked."""
    if corpus.task == MULTI_LABEL:
        decision = read_decision(folder)
        return decision is not None and decision.threshold_rule == section.thresholds
    if corpus.oos is None:
        return True
    decision, reject = read_decision(folder), section.reject
    budget = None if reject is None else reject.max_false_rejections
    return (
        decision is not None
        and decision.schema_version == Decision.model_fields["schema_version"].default
        and decision.max_false_rejections == budget
    )


def decide(corpus: Corpus, logits: Logits, section: Measure) -> Decision:
    """Returns how logits become an answer, fitted on those of validation, [N, C]."""
    gold, reject = corpus.gold("validation"), section.reject
    temperature = fit_temperature(logits, gold, corpus.task)
    if corpus.task == MULTI_LABEL:
        thresholds = fit_thresholds(corpus, logits, section.thresholds)
        return Decision(
            temperature=temperature,
            thresholds=dict(zip(corpus.labels, thresholds, strict=True)),
            threshold_rule=section.thresholds,
        )
    if corpus.oos is None:
        return Decision(temperature=temperature)
    score, threshold = _rejecting(logits, gold == corpus.oos, corpus.oos, reject)
    return Decision(
        temperature=temperature,
        oos_label=corpus.labels[corpus.oos],
        oos_score=score,
        oos_threshold=threshold,
        max_false_rejections=None if reject is None else reject.max_false_rejections,
    )


def fit_thresholds(corpus: Corpus, logits: Logits, rule: ThresholdRule) -> tuple[float, ...]:
    """Returns from which probability on each label is given, fitted on validation, [C].

    Args:
        corpus: the data, whose texts may have several labels.
        logits: of its validation texts, [N, C].
        rule: whether each label has a threshold of its own.
    """
    gold, probabilities = corpus.gold("validation"), corpus.task.probabilities(logits)
    if rule == "shared":
        return (shared_threshold(probabilities, gold),) * len(corpus.labels)
    return label_thresholds(probabilities, gold)


def leading_figure(corpus: Corpus, logits: Logits, rule: ThresholdRule) -> float:
    """Returns the figure by which models are chosen, on validation, with thresholds fitted on it.

    Args:
        corpus: the data.
        logits: of its validation texts, [N, C]; where each word gets a label, [N, W, C].
        rule: whether each of several labels has a threshold of its own.
    """
    gold, task = corpus.gold("validation"), corpus.task
    if task == MULTI_LABEL:
        return macro_f1(task.answers(logits, fit_thresholds(corpus, logits, rule)), gold)
    return quality_of_logits(task, logits, gold)[task.leading]


def _rejecting(
    logits: Logits, is_oos: npt.NDArray[np.bool_], oos: int, reject: Reject | None
) -> tuple[ScoreName, float | None]:
    """Returns the score that tells validation texts best, and its threshold; None without use.

    Of equally good scores it is the first. Without a budget, what is best is the mean of the
    recalls; with one, the recall out of scope.
    """
    budget = None if reject is None else reject.max_false_rejections
    best: tuple[float, ScoreName, float | None] = (0.0, SCORES[0], None)
    for name in SCORES:
        scores = oos_scores(name, logits, oos)
        threshold = tune_threshold(scores, is_oos, budget)
        found = None if threshold is None else rejection(scores, is_oos, threshold)
        if found is not None:
            gain = found.recall - (found.false_alarms if budget is None else 0.0)
            if gain > best[0]:
                best = (gain, name, threshold)
    return best[1], best[2]
