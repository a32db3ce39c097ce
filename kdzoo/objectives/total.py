"""The whole loss of a student: gold labels and teacher, row by row, and mixed by alpha."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from kdzoo.data import NO_LABEL
from kdzoo.errors import ModelError
from kdzoo.objectives.gold import GoldFor
from kdzoo.registry import objectives

# (student logits [B, C], teacher logits [B, C], gold [B]) -> scalar
SoftLoss = Callable[[Tensor, Tensor, Tensor], Tensor]


def bind_objective(kind: str, options: Mapping[str, Any]) -> SoftLoss:
    """Returns the registered objective with its options bound, tried on a few random logits.

    What is returned takes the gold labels too, whether the objective needs them or not.

    Raises:
        ModelError: it fails on them, or gives no scalar that a gradient flows through.
    """
    entry = objectives.get(kind)

    def soft(student_logits: Tensor, teacher_logits: Tensor, gold: Tensor) -> Tensor:
        labels = (gold,) if entry.needs_gold else ()
        loss: Tensor = entry.value(student_logits, teacher_logits, *labels, **options)
        return loss

    name = f"objective '{kind}' ({entry.origin})"
    student, teacher = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))
    gold = torch.tensor([0, 1, 2, NO_LABEL])
    try:
        loss = soft(student.requires_grad_(), teacher, gold)
    except Exception as error:
        raise ModelError(f"{name} fails: {type(error).__name__}: {error}") from error
    if not isinstance(loss, Tensor) or loss.ndim != 0 or not loss.requires_grad:
        shape = list(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
        raise ModelError(f"{name} gave {shape}, wanted a scalar that a gradient flows through")
    return soft


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


def target_loss(
    student_logits: Tensor,
    gold: Tensor,
    teacher_logits: Tensor,
    *,
    soft: SoftLoss,
    gold_for: GoldFor | None = None,
) -> Tensor:
    """Returns the loss against each row's own target: its gold label for some rows, else soft.

    Averaged over rows, so that a row weighs the same whatever its target.

    Args:
        student_logits: [B, C].
        gold: [B], ``NO_LABEL`` where a row has none.
        teacher_logits: [B, C].
        soft: the objective, its options bound.
        gold_for: which rows learn from their gold label; none, if None.
    """
    if gold_for is None:
        return soft(student_logits, teacher_logits, gold)
    by_gold = gold_for.rows(gold, teacher_logits)  # [B]
    share = by_gold.float().mean()
    loss = share * gold_loss(student_logits, gold.masked_fill(~by_gold, NO_LABEL))
    others = ~by_gold
    if others.any():
        own = soft(student_logits[others], teacher_logits[others], gold[others])
        loss = loss + (1 - share) * own
    return loss


def distillation_loss(
    student_logits: Tensor,
    gold: Tensor,
    teacher_logits: Tensor | None,
    *,
    soft: SoftLoss | None,
    alpha: float,
    gold_for: GoldFor | None = None,
) -> Tensor:
    """Returns ``alpha * CE(gold) + (1 - alpha) * target``, a scalar.

    Args:
        student_logits: [B, C].
        gold: [B], ``NO_LABEL`` where a row has none.
        teacher_logits: [B, C]; not needed where alpha is 1.
        soft: the objective, its options bound.
        alpha: weight of the gold labels.
        gold_for: which rows have their gold label for a target in place of the teacher's logits.
    """
    loss = torch.zeros((), device=student_logits.device)
    if alpha > 0:
        loss = loss + alpha * gold_loss(student_logits, gold)
    if alpha < 1:
        if soft is None or teacher_logits is None:
            raise ValueError("alpha below 1 needs an objective and teacher logits")
        target = target_loss(student_logits, gold, teacher_logits, soft=soft, gold_for=gold_for)
        loss = loss + (1 - alpha) * target
    return loss
