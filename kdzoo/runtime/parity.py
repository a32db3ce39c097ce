"""The gate: whether a model answers in another runtime as it does in PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from pydantic import BaseModel, ConfigDict

from kdzoo.amounts import change_in_points
from kdzoo.fields import Count, Finite
from kdzoo.runtime.protocol import Classifier, Input, Logits
from kdzoo.task import SINGLE_LABEL, Answers, Task, Thresholds
from kdzoo.task.words import is_word, joined, widened

LARGEST_DIFFERENCE = 1e-4  # of a logit, where a runtime computes in float32
LARGEST_LOSS = 0.005  # of validation accuracy and leading figure, where it does not
LOST_TEXTS = 2  # or so many texts, whichever is more
RAGGED_TEXTS, RAGGED_BATCH = 512, 16
LONG_TEXTS = 8  # that are longer than the model reads
_LETTERS = 8  # to a token at most, where no spaces part the words
LONGEST = 1024  # tokens of them; of a model that reads more they would take minutes
BothThresholds = tuple[Thresholds, Thresholds]  # PyTorch's, and the runtime's
NO_THRESHOLDS: BothThresholds = (None, None)
LONG_LABELS = 0.25  # of them may change in 8 bits; read from the other end, most of them do


class Parity(BaseModel):
    """How far a runtime is from PyTorch.

    Attributes:
        texts: of validation, that were compared.
        logit_difference: the largest of any text and class.
        other_labels: texts that got another label.
        accuracy_change: of validation, the runtime's minus PyTorch's.
        leading_change: likewise of the figure by which models are chosen, with what is fitted on
            validation for either; None where that is the accuracy, or was not compared.
        passed: whether that is within bounds, long texts among it.
        long_texts: longer than the model reads, that a transformers pipeline read too.
        long_difference: the largest of their logits from the pipeline's.
        long_labels: those of them that got another label than from the pipeline.
        long_passed: whether that is within bounds.
        long_failure: why there are no long texts.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")  # null is no number

    texts: Count
    logit_difference: float
    other_labels: Count
    accuracy_change: Finite
    passed: bool
    leading_change: Finite | None = None
    long_texts: int = 0
    long_difference: float = 0.0
    long_labels: int = 0
    long_passed: bool = True
    long_failure: str | None = None


@dataclass(frozen=True)
class Long:
    """Texts that are longer than a model reads, and what it says of them in a pipeline.

    Attributes:
        texts: M of them.
        logits: [M, C].
        failure: why there are none.
    """

    texts: Sequence[Input] = ()
    logits: Logits = field(default_factory=lambda: np.empty((0, 0), dtype=np.float32))
    failure: str | None = None


def ragged_logits(classifier: Classifier, texts: Sequence[Input]) -> Logits:
    """Returns the logits [N, C] of texts in batches as they come, long beside short."""
    batches = [texts[i : i + RAGGED_BATCH] for i in range(0, len(texts), RAGGED_BATCH)]
    return joined([classifier.run(classifier.encode(batch)) for batch in batches])


def parity_of(
    reference: Logits,
    logits: Logits,
    gold: Answers,
    *,
    exact: bool,
    ragged: Logits,
    task: Task = SINGLE_LABEL,
    leading: Callable[[Logits], float] | None = None,
    thresholds: BothThresholds = NO_THRESHOLDS,
) -> Parity:
    """Returns how far logits are from those of PyTorch, and whether that is near enough.

    Args:
        reference: PyTorch's, [N, C].
        logits: the runtime's, of the same texts.
        gold: answers, N of them.
        exact: whether the runtime computes in float32: then logits are compared, else accuracy.
        ragged: the runtime's logits of the first texts in ragged batches, [M, C], if exact.
        task: what the data asks.
        leading: returns the figure by which models are chosen from logits of these texts, where it
            is another than the accuracy. Labels that few texts have, and entities, may be lost
            where hardly a text's whole answer changes.
        thresholds: by which a text gets its labels, where it may have several.
    """
    answers, wanted = task.answers(logits, thresholds[1]), task.answers(reference, thresholds[0])
    lost = int(task.right(wanted, gold).sum()) - int(task.right(answers, gold).sum())
    apart = (_apart(logits, reference, task), _apart(ragged, reference[: len(ragged)], task))
    # NaN is larger than all to NumPy, and smaller to Python's max
    difference = float(np.max(apart))
    change = None
    if leading is not None and np.isfinite(difference):
        change = leading(logits) - leading(reference)
    bound = max(LARGEST_LOSS * len(gold), LOST_TEXTS)  # in texts
    is_near = (
        difference <= LARGEST_DIFFERENCE
        if exact
        else lost <= bound and -(change or 0.0) * len(gold) <= bound
    )
    return Parity(
        texts=len(gold),
        logit_difference=difference,
        other_labels=int((~task.right(answers, wanted)).sum()),
        accuracy_change=-lost / len(gold),
        passed=is_near and bool(np.isfinite(difference)),
        leading_change=change,
    )


def _apart(logits: Logits, reference: Logits, task: Task) -> float:
    """Returns the largest difference of a logit; NaN where one is no number."""
    if not task.by_word:
        return float(np.abs(logits - reference).max(initial=0))
    there = is_word(reference)  # a word has to be one in both, with numbers
    return float(np.abs(widened(logits, there.shape[1], np.nan) - reference)[there].max(initial=0))


def long_texts(texts: Sequence[Input], max_length: int) -> list[Input]:
    """Returns some texts that are longer than a model reads: each joined with those behind it.

    They begin and end in different texts, so that it shows from which side one is cut.
    """

    def joined(start: int, side: int | None) -> str:
        found, place = "", start
        while len(found.split()) <= max_length and len(found) <= _LETTERS * max_length:
            text = texts[place % len(texts)]
            found += f"{text if side is None else text[side]} "
            place += 1
        return found

    starts = range(min(LONG_TEXTS, len(texts)))
    if isinstance(texts[0], str):
        return [joined(start, None) for start in starts]
    return [(joined(start, 0), joined(start, 1)) for start in starts]


def with_long(
    parity: Parity,
    long: Long,
    classifier: Classifier,
    *,
    exact: bool,
    task: Task = SINGLE_LABEL,
    thresholds: BothThresholds = NO_THRESHOLDS,
) -> Parity:
    """Returns what was found, and how far long texts are from a transformers pipeline.

    PyTorch in kdzoo is no reference for those: it might cut them on the wrong side as well.

    Args:
        parity: of other texts.
        long: the long texts, read by the pipeline.
        classifier: the model in the runtime.
        exact: whether that computes in float32.
        task: what the data asks.
        thresholds: by which a text gets its labels, where it may have several.
    """
    if long.failure is not None:
        return parity.model_copy(update={"long_failure": long.failure})
    logits = classifier.logits(long.texts)
    difference = _apart(logits, long.logits, task)
    answers, wanted = task.answers(logits, thresholds[1]), task.answers(long.logits, thresholds[0])
    others = int((~task.right(answers, wanted)).sum())
    is_near = difference <= LARGEST_DIFFERENCE if exact else others <= LONG_LABELS * len(logits)
    return parity.model_copy(
        update={
            "passed": parity.passed and is_near,
            "long_texts": len(logits),
            "long_difference": difference,
            "long_labels": others,
            "long_passed": is_near,
        }
    )


def long_note(parity: Parity) -> str:
    """Returns by how much long texts are read otherwise than in a transformers pipeline."""
    return (
        f"of {parity.long_texts} texts longer than the model reads, {parity.long_labels} get "
        "another label than in a transformers pipeline, and logits differ by up to "
        f"{parity.long_difference:.2g}"
    )


def leading_note(parity: Parity, task: Task) -> str:
    """Returns how the leading figure changes, to follow what accuracy does; empty if not known."""
    if parity.leading_change is None:
        return ""
    return f", {task.leading_title} {change_in_points(parity.leading_change)} points"
