"""The whole loss of a student: gold labels and teacher, mixed by alpha."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from kdzoo.data import NO_LABEL
from kdzoo.errors import ModelError
from kdzoo.registry import objectives

SoftLoss = Callable[[Tensor, Tensor], Tensor]


def bind_objective(kind: str, options: Mapping[str, Any]) -> SoftLoss:
    """Returns the registered objective with its options bound, tried on a few random logits.

    Raises:
        ModelError: it fails on them, or gives no scalar that a gradient flows through.
    """
    entry = objectives.get(kind)
    name = f"objective '{kind}' ({entry.origin})"
    student, teacher = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))
    try:
        loss = entry.value(student.requires_grad_(), teacher, **options)
    except Exception as error:
        raise ModelError(f"{name} fails: {type(error).__name__}: {error}") from error
    if not isinstance(loss, Tensor) or loss.ndim != 0 or not loss.requires_grad:
        shape = list(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
        raise ModelError(f"{name} gave {shape}, wanted a scalar that a gradient flows through")
    return partial(entry.value, **options)


def gold_loss(student_logits: Tensor, gold: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Returns cross-entropy averaged over the rows that have a gold label; 0 when none has.

    Args:
        student_logits: [B, C].
        gold: [B], ``NO_LABEL`` where a row has none.
        label_smoothing: the share of each label that all C get (Szegedy et al., 2016).
    """
    labelled = (gold != NO_LABEL).sum().clamp(min=1)
    total = F.cross_entropy(
        student_logits,
        gold,
        ignore_index=NO_LABEL,
        reduction="sum",
        label_smoothing=label_smoothing,
    )
    return total / labelled


def distillation_loss(
    student_logits: Tensor,
    gold: Tensor,
    teacher_logits: Tensor | None,
    *,
    soft: SoftLoss | None,
    alpha: float,
) -> Tensor:
    """Returns ``alpha * CE(gold) + (1 - alpha) * soft``, a scalar.

    Args:
        student_logits: [B, C].
        gold: [B], ``NO_LABEL`` where a row has none.
        teacher_logits: [B, C]; not needed where alpha is 1.
        soft: the objective, its options bound.
        alpha: weight of the gold labels.
    """
    loss = torch.zeros((), device=student_logits.device)
    if alpha > 0:
        loss = loss + alpha * gold_loss(student_logits, gold)
    if alpha < 1:
        if soft is None or teacher_logits is None:
            raise ValueError("alpha below 1 needs an objective and teacher logits")
        loss = loss + (1 - alpha) * soft(student_logits, teacher_logits)
    return loss
