"""How often two forms of a model give a text the same label, where nobody knows the right one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np

from kdzoo.runtime.alone import TextByText
from kdzoo.runtime.parity import NO_THRESHOLDS, BothThresholds
from kdzoo.runtime.protocol import Classifier, Input
from kdzoo.task import SINGLE_LABEL, Task
from kdzoo.task.words import is_word

CHUNK = 512  # texts in memory at once


@dataclass(frozen=True)
class Agreement:
    """What was found on some texts.

    Attributes:
        texts: how many there were.
        same_labels: those that got the same label in both forms.
        logit_difference: the largest, of any text and class; NaN where an answer is no number.
    """

    texts: int
    same_labels: int
    logit_difference: float


def agreement(
    reference: Classifier,
    other: Classifier,
    texts: Iterable[Input],
    advance: Callable[[int], None],
    task: Task = SINGLE_LABEL,
    thresholds: BothThresholds = NO_THRESHOLDS,
) -> Agreement:
    """Returns how far one form is from another, text by text, in memory that does not grow.

    Args:
        reference: the trained model.
        other: its other form.
        texts: any.
        advance: told how many were read.
        task: what the model is asked.
        thresholds: by which a text gets its labels in either, where it may have several.
    """
    remaining, alone = iter(texts), TextByText(other)  # as an exported folder's own code reads
    count, same, difference = 0, 0, 0.0
    while chunk := list(islice(remaining, CHUNK)):
        wanted, found = reference.logits(chunk), alone.logits(chunk)  # [N, C] each
        count += len(chunk)
        apart = np.abs(wanted - found)
        if task.by_word:
            apart = np.where(is_word(wanted)[..., None], apart, 0.0)
        are_numbers = ~np.isnan(apart).reshape(len(chunk), -1).any(1)  # [N]
        answers = task.answers(found, thresholds[1])
        right = task.right(answers, task.answers(wanted, thresholds[0]))
        same += int((right & are_numbers).sum())
        difference = float(np.max([difference, apart.max()]))  # not a number, once one is not
        advance(len(chunk))
    return Agreement(count, same, difference)
