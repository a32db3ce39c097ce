"""The loss where each word gets a label: words are its rows, whatever sentence they are from."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from kdzoo.data import NO_LABEL
from kdzoo.objectives.share import are_several

Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]  # of rows: [M, C], [M], [M, C] -> scalar


def over_words(loss_of: Loss) -> Loss:
    """Returns a loss over sentences, of one over rows: those words that both models have read.

    What it takes: student logits [B, W, C], NaN where there is no word and zeros where it was not
    read; gold tags [B, K], filled up, ``NO_LABEL`` first where a sentence has none; and teacher
    logits like the student's, or None.

    Args:
        loss_of: of student logits [M, C], gold labels [M] and teacher logits [M, C] or None.
    """

    def loss(student_logits: Tensor, gold: Tensor, teacher_logits: Tensor | None) -> Tensor:
        is_read = _is_read(student_logits)
        if teacher_logits is not None:
            is_read &= _is_read(teacher_logits)
            teacher_logits = teacher_logits[is_read]
        if not is_read.any():
            if are_several():  # the others count labelled words together with this process
                nothing = torch.zeros_like(student_logits[0, :1])  # [1, C]
                loss_of(nothing, gold.new_full((1,), NO_LABEL), nothing)
            return student_logits.nan_to_num().sum() * 0
        tags = _tags(gold, student_logits.shape[1])
        return loss_of(student_logits[is_read], tags[is_read], teacher_logits)

    return loss


def _is_read(logits: Tensor) -> Tensor:
    """Returns which words a model has read, [B, W]."""
    said = logits.detach()
    return ~said[..., 0].isnan() & (said != 0).any(-1)


def _tags(gold: Tensor, words: int) -> Tensor:
    """Returns the gold tags of so many words of each sentence, [B, W], ``NO_LABEL`` without one."""
    tags = gold.masked_fill((gold < 0) | (gold[:, :1] == NO_LABEL), NO_LABEL)[:, :words]
    return F.pad(tags, (0, words - tags.shape[1]), value=NO_LABEL)
