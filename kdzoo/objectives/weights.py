"""What the labels weigh in the loss on gold labels, where rare ones are to count as much."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from kdzoo.data import Corpus
from kdzoo.task import MULTI_LABEL, rows_of


def class_weights(corpus: Corpus) -> Tensor:
    """Returns weights in inverse proportion to how many training texts have a label.

    As scikit-learn's ``balanced``: over the training texts they are 1 on average. A label that no
    text has, or each, weighs 1.

    Args:
        corpus: the data.

    Returns:
        [C]; of texts with several labels, [2, C]: where a label is there, and where it is not.
    """
    labels = len(corpus.labels)
    gold = corpus.task.gold(rows_of([example.label for example in corpus.train]), labels)
    if corpus.task == MULTI_LABEL:
        there = gold.sum(0)  # [C]
        counts = np.stack([there, len(gold) - there])  # [2, C]
    else:
        counts = np.bincount(gold[gold >= 0], minlength=labels)  # [C]; of words, where each has one
    sides = np.count_nonzero(counts, axis=0)  # [C], 1 or 2; where rows have one label, labels
    rows = len(gold) if counts.ndim > 1 else counts.sum()
    weights = rows / (sides * np.maximum(counts, 1))
    return torch.from_numpy(np.where(counts > 0, weights, 1.0).astype(np.float32))
