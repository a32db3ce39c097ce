"""The gate: whether a model answers in another runtime as it does in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from kdzoo.runtime.protocol import Classifier, Logits, Text

LARGEST_DIFFERENCE = 1e-4  # of a logit, where a runtime computes in float32
LARGEST_LOSS = 0.005  # of validation accuracy, where it does not
LOST_TEXTS = 2  # or so many texts, whichever is more
RAGGED_TEXTS, RAGGED_BATCH = 512, 16


class Parity(BaseModel):
    """How far a runtime is from PyTorch.

    Attributes:
        texts: of validation, that were compared.
        logit_difference: the largest of any text and class.
        other_labels: texts that got another label.
        accuracy_change: of validation, the runtime's minus PyTorch's.
        passed: whether that is within bounds.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")  # null is no number

    texts: int
    logit_difference: float
    other_labels: int
    accuracy_change: float
    passed: bool


def ragged_logits(classifier: Classifier, texts: Sequence[Text]) -> Logits:
    """Returns the logits [N, C] of texts in batches as they come, long beside short."""
    batches = [texts[i : i + RAGGED_BATCH] for i in range(0, len(texts), RAGGED_BATCH)]
    return np.concatenate([classifier.run(classifier.encode(batch)) for batch in batches])


def single_logits(classifier: Classifier, texts: Sequence[Text]) -> Logits:
    """Returns the logits [N, C], text by text.

    In 8 bits a text's logits depend a little on its neighbours in the batch, since activations
    share one range; what is deployed for single texts is judged by single texts.
    """
    return np.concatenate([classifier.run(classifier.encode([text])) for text in texts])


def compare(
    reference: Logits,
    logits: Logits,
    gold: npt.NDArray[np.int64],
    *,
    exact: bool,
    ragged: Logits,
) -> Parity:
    """Returns how far logits are from those of PyTorch, and whether that is near enough.

    Args:
        reference: PyTorch's, [N, C].
        logits: the runtime's, of the same texts.
        gold: label ids, [N].
        exact: whether the runtime computes in float32: then logits are compared, else accuracy.
        ragged: the runtime's logits of the first texts in ragged batches, [M, C], if exact.
    """
    answers, wanted = logits.argmax(1), reference.argmax(1)
    lost = int((wanted == gold).sum()) - int((answers == gold).sum())
    apart = (logits - reference, ragged - reference[: len(ragged)])
    # NaN is larger than all to NumPy, and smaller to Python's max
    difference = float(np.max([np.abs(each).max(initial=0) for each in apart]))
    is_near = (
        difference <= LARGEST_DIFFERENCE
        if exact
        else lost <= max(LARGEST_LOSS * len(gold), LOST_TEXTS)
    )
    return Parity(
        texts=len(gold),
        logit_difference=difference,
        other_labels=int((answers != wanted).sum()),
        accuracy_change=-lost / len(gold),
        passed=is_near and bool(np.isfinite(difference)),
    )
