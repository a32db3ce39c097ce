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
from kdzoo.objectives.share import labelled_share
from kdzoo.registry import objectives
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL, TOKEN_CLASSIFICATION, Task, TaskName

# (student logits [B, C], teacher logits [B, C], gold [B] or [B, K]) -> scalar
SoftLoss = Callable[[Tensor, Tensor, Tensor], Tensor]
GoldLoss = Callable[[Tensor, Tensor], Tensor]  # (logits [B, C], gold [B] or [B, K]) -> scalar


def bind_objective(kind: str, options: Mapping[str, Any], task: Task = SINGLE_LABEL) -> SoftLoss:
    """Returns the registered objective with its options bound, tried on a few random logits.

    What is returned takes the gold labels too, whether the objective needs them or not.

    Args:
        kind: its registered name.
        options: its keyword-only parameters.
        task: what the data asks.

    Raises:
        ModelError: it does not fit the task, fails on the logits, or gives no scalar that a
            gradient flows through.
    """
    entry = objectives.get(kind)
    view = entry.view(task.name)
    if view is None:
        fitting = [other.name for other in objectives.entries().values() if other.view(task.name)]
        raise ModelError(
            f"objective '{kind}' ({entry.origin}) is not for {task.name} data; write "
            f"{' or '.join(fitting)} as objective.kind"
        )

    def soft(student_logits: Tensor, teacher_logits: Tensor, gold: Tensor) -> Tensor:
        labels = (gold,) if entry.needs_gold else ()
        loss: Tensor = view(student_logits, teacher_logits, *labels, **options)
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


def gold_loss(
    student_logits: Tensor,
    gold: Tensor,
    label_smoothing: float = 0.0,
    weights: Tensor | None = None,
) -> Tensor:
    """Returns cross-entropy averaged over the rows that have a gold label; 0 when none has.

    Args:
        student_logits: [B, C].
        gold: [B], ``NO_LABEL`` where a row has none.
        label_smoothing: the share of each label that all C get (Szegedy et al., 2016).
        weights: of the labels, [C]; all the same if None.
    """
    labelled = (gold != NO_LABEL).sum().clamp(min=1)
    total = F.cross_entropy(
        student_logits,
        gold,
        ignore_index=NO_LABEL,
        reduction="sum",
        label_smoothing=label_smoothing,
        weight=weights,
    )
    return total / labelled


def set_loss(
    student_logits: Tensor,
    gold: Tensor,
    label_smoothing: float = 0.0,
    weights: Tensor | None = None,
) -> Tensor:
    """Returns binary cross-entropy of each label, there or not; ``gold_loss`` of sets of labels.

    Summed over labels, averaged over the rows that have gold labels, of which "none" is one.

    Args:
        student_logits: [B, C].
        gold: ids of the labels, [B, K], filled up; ``NO_LABEL`` first where a row has none.
        label_smoothing: the share of each label that is as much there as not.
        weights: of the labels where they are there and where they are not, [2, C]; all the same
            if None.
    """
    rows, labels = student_logits.shape
    ids = gold.where(gold >= 0, labels)  # what fills up falls into a place of its own
    there = student_logits.new_zeros(rows, labels + 1).scatter_(1, ids, 1.0)[:, :labels]  # [B, C]
    smoothed = there * (1 - label_smoothing) + label_smoothing / 2
    losses = F.binary_cross_entropy_with_logits(student_logits, smoothed, reduction="none")
    if weights is not None:
        losses = losses * torch.where(there > 0, weights[0], weights[1])
    labelled = gold[:, 0] != NO_LABEL
    return losses[labelled].sum() / labelled.sum().clamp(min=1)


_GOLD_LOSSES: dict[TaskName, Callable[..., Tensor]] = {
    SINGLE_LABEL.name: gold_loss,
    MULTI_LABEL.name: set_loss,
    TOKEN_CLASSIFICATION.name: gold_loss,  # of words, which are rows
}


def bind_gold_loss(
    task: Task, *, label_smoothing: float = 0.0, weights: Tensor | None = None
) -> GoldLoss:
    """Returns the loss on a task's gold labels.

    Args:
        task: what the data asks.
        label_smoothing: the share of each label that says nothing.
        weights: as ``class_weights`` gives them; none by default.
    """

    def loss(student_logits: Tensor, gold: Tensor) -> Tensor:
        own = None if weights is None else weights.to(student_logits)
        return _GOLD_LOSSES[task.name](student_logits, gold, label_smoothing, own)

    return loss


def target_loss(
    student_logits: Tensor,
    gold: Tensor,
    teacher_logits: Tensor,
    *,
    soft: SoftLoss,
    gold_for: GoldFor | None = None,
    by_gold: GoldLoss = gold_loss,
) -> Tensor:
    """Returns the loss against each row's own target: its gold label for some rows, else soft.

    Averaged over rows, so that a row weighs the same whatever its target.

    Args:
        student_logits: [B, C].
        gold: [B], ``NO_LABEL`` where a row has none.
        teacher_logits: [B, C].
        soft: the objective, its options bound.
        gold_for: which rows learn from their gold label; none, if None.
        by_gold: the loss on gold labels; cross-entropy by default.
    """
    if gold_for is None:
        return soft(student_logits, teacher_logits, gold)
    chosen = gold_for.rows(gold, teacher_logits)  # [B]
    share = chosen.float().mean()
    loss = share * by_gold(student_logits, gold.masked_fill(~chosen, NO_LABEL))
    others = ~chosen
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
    by_gold: GoldLoss = gold_loss,
) -> Tensor:
    """Returns ``alpha * CE(gold) + (1 - alpha) * target``, a scalar.

    Where several processes share a batch, their mean has each labelled row of the batch weigh the
    same in CE(gold); the target is averaged over the rows of each process.

    Args:
        student_logits: [B, C].
        gold: [B], or [B, K] where texts have several labels; ``NO_LABEL`` where a row has none.
        teacher_logits: [B, C]; not needed where alpha is 1.
        soft: the objective, its options bound.
        alpha: weight of the gold labels.
        gold_for: which rows have their gold label for a target in place of the teacher's logits.
        by_gold: the loss on gold labels; cross-entropy by default.
    """
    loss = torch.zeros((), device=student_logits.device)
    if alpha > 0:
        loss = loss + alpha * by_gold(student_logits, gold) * labelled_share(gold)
    if alpha < 1:
        if soft is None or teacher_logits is None:
            raise ValueError("alpha below 1 needs an objective and teacher logits")
        target = target_loss(
            student_logits, gold, teacher_logits, soft=soft, gold_for=gold_for, by_gold=by_gold
        )
        loss = loss + (1 - alpha) * target
    return loss
