"""Fitting on validation how logits become an answer."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kdzoo.data import Corpus
from kdzoo.errors import RecipeError
from kdzoo.model import Logits
from kdzoo.recipe import Study
from kdzoo.recipe.measure import Measure, Reject, ThresholdRule
from kdzoo.runtime.decision import SCORES, Decision, ScoreName, read_decision
from kdzoo.runtime.rejection import oos_scores
from kdzoo.statistics import fit_temperature, rejection, tune_threshold
from kdzoo.task import MULTI_LABEL
from kdzoo.task.thresholds import label_thresholds, shared_threshold

_ONE_FOR_ALL = ("reject", "thresholds", "int8", "threads")  # of measure


def check_one_rule(study: Study) -> None:
    """Sees that all variants decide, quantise and are timed by one rule.

    What a model decides, and each form of it, is stored once, and rows share models: their teacher
    always, and a variant of measuring alone its own.

    Raises:
        RecipeError: they do not.
    """
    for name in _ONE_FOR_ALL:
        rules = {getattr(variant.recipe.measure, name) for variant in study.variants}
        if len(rules) > 1:
            raise RecipeError(
                f"measure.{name}: all rows of a study have the same; write the same in each, or "
                "run them into folders of their own (--out)"
            )


def check_rejection(reject: Reject | None, corpus: Corpus) -> None:
    """Sees that validation has the texts which a rule of rejection is fitted on.

    Raises:
        RecipeError: it has none out of scope, or too few in scope for the share that may be
            rejected.
    """
    problem = None if reject is None else rejection_problem(reject, corpus)
    if problem is not None:
        raise RecipeError(f"measure.reject{problem}")


def rejection_problem(reject: Reject, corpus: Corpus) -> str | None:
    """Returns why a rule of rejection cannot be fitted on validation; None where it can."""
    if corpus.oos is None:
        return (
            ": the data has no out-of-scope label; name it as data.oos_label, or remove "
            "measure.reject"
        )
    gold = corpus.gold("validation")
    outside = int((gold == corpus.oos).sum())
    inside = len(gold) - outside
    if not outside or not inside:
        return (
            f": {outside:,} of {len(gold):,} validation texts are '{corpus.labels[corpus.oos]}', "
            "and a threshold is fitted on both kinds; add the others to validation, or remove "
            "measure.reject"
        )
    if reject.max_false_rejections * inside < 1:
        return (
            f".max_false_rejections: {reject.max_false_rejections:g} of {inside:,} validation "
            f"texts in scope is less than one text; write at least {_up(1 / inside)}, or add "
            "validation texts"
        )
    return None


def _up(share: float) -> str:
    """Returns a share with three digits, rounded up."""
    step = 10.0 ** (math.floor(math.log10(share)) - 2)
    return f"{math.ceil(share / step) * step:.3g}"


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
