"""Soft losses: the teacher's logits as the target."""

from __future__ import annotations

from typing import Annotated

import torch
from annotated_types import Interval
from torch import Tensor
from torch.nn import functional as F

from kdzoo.data import NO_LABEL
from kdzoo.registry import register_objective

Temperature = Annotated[float, Interval(ge=0.01, le=1000)]
Weight = Annotated[float, Interval(ge=0, le=1000)]


def binary_kl(
    student_logits: Tensor, teacher_logits: Tensor, *, temperature: Temperature = 2.0
) -> Tensor:
    """KL divergence from the teacher's probability of each label, there or not, times T².

    ``kl`` where a text may have several labels: each is a distribution over two. Summed over
    labels, averaged over rows.

    Args:
        student_logits: [B, C].
        teacher_logits: [B, C].
        temperature: divides both sides' logits; from 0.01 to 1,000.
    """
    student, teacher = (
        torch.stack([F.logsigmoid(logits), F.logsigmoid(-logits)])  # there, not there: [2, B, C]
        for logits in (student_logits / temperature, teacher_logits / temperature)
    )
    loss = F.kl_div(student, teacher, log_target=True, reduction="sum") / len(student_logits)
    return loss * temperature**2


@register_objective("kl", tasks={"multi-label": binary_kl})
def kl(student_logits: Tensor, teacher_logits: Tensor, *, temperature: Temperature = 2.0) -> Tensor:
    """KL divergence from the teacher's softened distribution, times T² (Hinton et al., 2015).

    Summed over classes, averaged over rows. T² keeps the size of the gradient when T grows, with or
    without gold labels beside it.

    Args:
        student_logits: [B, C].
        teacher_logits: [B, C].
        temperature: divides both sides' logits; from 0.01 to 1,000.
    """
    student = F.log_softmax(student_logits / temperature, dim=-1)  # [B, C]
    teacher = F.log_softmax(teacher_logits / temperature, dim=-1)  # [B, C]
    return F.kl_div(student, teacher, log_target=True, reduction="batchmean") * temperature**2


@register_objective("mse", needs_logits=True, tasks={"multi-label": None})
def mse(student_logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """Mean squared difference of the logits (Ba and Caruana, 2014; Tang et al., 2019).

    Averaged over classes and rows. Each row is [C], so 151 classes weigh no more than two.
    """
    return F.mse_loss(student_logits, teacher_logits)


@register_objective("dkd", needs_gold=True)
def dkd(
    student_logits: Tensor,
    teacher_logits: Tensor,
    gold: Tensor,
    *,
    temperature: Temperature = 2.0,
    target_weight: Weight = 1.0,
    others_weight: Weight = 2.0,
) -> Tensor:
    """Decoupled distillation: the target class against all others, and these among themselves.

    Zhao et al., 2022, arXiv:2203.08679: ``target_weight * TCKD + others_weight * NCKD``, times T².
    ``kl`` is the same sum, but weighs NCKD by the probability that the teacher leaves to the other
    classes: by next to nothing where it is sure. The target is a row's gold label; of a row without
    one, the class that the teacher thinks most likely. With two classes NCKD is 0.

    Args:
        student_logits: [B, C].
        teacher_logits: [B, C].
        gold: [B], NO_LABEL where a row has none.
        temperature: divides both sides' logits; from 0.01 to 1,000.
        target_weight: of the target class against all others, the paper's alpha.
        others_weight: of the other classes among themselves, the paper's beta.
    """
    target = torch.where(gold == NO_LABEL, teacher_logits.argmax(-1), gold)  # [B]
    student = _decoupled(student_logits / temperature, target)
    teacher = _decoupled(teacher_logits / temperature, target)
    target_part, others_part = (
        F.kl_div(own, other, log_target=True, reduction="batchmean")
        for own, other in zip(student, teacher, strict=True)
    )
    return (target_weight * target_part + others_weight * others_part) * temperature**2


def _decoupled(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the logarithms of two distributions: target or not [B, 2], the others [B, C - 1]."""
    is_target = F.one_hot(target, logits.shape[-1]).bool()  # [B, C]
    own, others = logits[is_target].unsqueeze(-1), logits[~is_target].view(len(logits), -1)
    either = torch.cat([own, others.logsumexp(-1, keepdim=True)], dim=-1)  # [B, 2]
    return F.log_softmax(either, dim=-1), F.log_softmax(others, dim=-1)


@register_objective("dist")
def dist(
    student_logits: Tensor,
    teacher_logits: Tensor,
    *,
    temperature: Temperature = 1.0,
    inter_weight: Weight = 1.0,
    intra_weight: Weight = 1.0,
) -> Tensor:
    """One minus the correlation of the probabilities, within rows and within classes, times T².

    Huang et al., 2022, arXiv:2205.10536 (DIST): the student need not give the teacher's
    probabilities, only rank as it does the classes of each text (inter-class relation) and the
    texts of the batch by each class (intra-class relation). Two classes are always correlated by 1
    or -1 and one text has no relation to others: there the inter- or the intra-class relation has
    no gradient.

    Args:
        student_logits: [B, C].
        teacher_logits: [B, C].
        temperature: divides both sides' logits; from 0.01 to 1,000.
        inter_weight: of the relation within rows, the paper's beta.
        intra_weight: of the relation within classes, the paper's gamma.
    """
    student = F.softmax(student_logits / temperature, dim=-1)  # [B, C]
    teacher = F.softmax(teacher_logits / temperature, dim=-1)  # [B, C]
    loss = inter_weight * _uncorrelated(student, teacher)
    if len(student) > 1:
        loss = loss + intra_weight * _uncorrelated(student.T, teacher.T)
    return loss * temperature**2


def _uncorrelated(student: Tensor, teacher: Tensor) -> Tensor:
    """Returns one minus Pearson's correlation of each row with the other's, averaged over rows."""
    own, other = (logits - logits.mean(-1, keepdim=True) for logits in (student, teacher))
    return (1 - F.cosine_similarity(own, other, dim=-1)).mean()
