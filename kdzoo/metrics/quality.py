"""All quality figures of one set of predictions."""

from __future__ import annotations

from kdzoo.metrics.entities import entity_quality
from kdzoo.metrics.labels import Ids, accuracy, f1_of, in_scope_accuracy, macro_f1, oos_recall
from kdzoo.metrics.sets import average_precision, set_quality
from kdzoo.task import SINGLE_LABEL, Answers, Task
from kdzoo.task.protocol import AnyLogits
from kdzoo.task.thresholds import shared_threshold


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
    figures = {"accuracy": accuracy(predictions, gold), "macro_f1": macro_f1(predictions, gold)}
    if positive is not None:
        figures["f1"] = f1_of(predictions, gold, positive)
    if oos is None:
        figures["in_scope_accuracy"] = figures["accuracy"]
    else:
        figures["in_scope_accuracy"] = in_scope_accuracy(predictions, gold, oos)
        figures["oos_recall"] = oos_recall(predictions, gold, oos)
    return figures


def quality_of_logits(
    task: Task,
    logits: AnyLogits,
    gold: Answers,
    oos: int | None = None,
    positive: int | None = None,
) -> dict[str, float]:
    """Returns what logits give at their best: what trainings are selected by, on validation.

    Where a text may have several labels, they are told at the one threshold that is best here: in
    the beginning, rare labels are far below one half.

    Args:
        task: what the data asks.
        logits: [N, C]; where each word gets a label, [N, W, C].
        gold: of the same texts.
        oos: the id of the out-of-scope label, if there is one.
        positive: the id of the label to find, if there is one.
    """
    if task == SINGLE_LABEL:
        return quality(task.answers(logits), gold, oos, positive)
    if task.by_word:
        return entity_quality(task.answers(logits), gold, logits.shape[-1])
    threshold = shared_threshold(task.probabilities(logits), gold)
    found = set_quality(task.answers(logits, [threshold] * gold.shape[1]), gold)
    return {**found, "average_precision": average_precision(logits, gold)}
