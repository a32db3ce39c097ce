"""Soft losses: the teacher's logits as the target."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Interval
from torch import Tensor
from torch.nn import functional as F

from kdzoo.registry import register_objective


@register_objective("kl")
def kl(
    student_logits: Tensor,
    teacher_logits: Tensor,
    *,
    temperature: Annotated[float, Interval(gt=0, le=1000)] = 2.0,
) -> Tensor:
    """KL divergence from the teacher's softened distribution, times T² (Hinton et al., 2015).

    Summed over classes, averaged over rows. T² keeps the size of the gradient when T grows, with or
    without gold labels beside it.

    Args:
        student_logits: [B, C].
        teacher_logits: [B, C].
        temperature: divides both sides' logits; above 0, at most 1,000.
    """
    student = F.log_softmax(student_logits / temperature, dim=-1)  # [B, C]
    teacher = F.log_softmax(teacher_logits / temperature, dim=-1)  # [B, C]
    return F.kl_div(student, teacher, log_target=True, reduction="batchmean") * temperature**2


@register_objective("mse", needs_logits=True)
def mse(student_logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """Mean squared difference of the logits (Ba and Caruana, 2014; Tang et al., 2019).

    Averaged over classes and rows. Each row is [C], so 151 classes weigh no more than two.
    """
    return F.mse_loss(student_logits, teacher_logits)
