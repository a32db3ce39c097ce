"""AdamW over a model's parameters, in groups where the plan treats them differently."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from kdzoo.errors import ModelError
from kdzoo.model import word_table
from kdzoo.training.plan import TrainingPlan


def make_optimizer(model: nn.Module, plan: TrainingPlan) -> torch.optim.Optimizer:
    """Returns AdamW; each of its groups has the ``peak`` of its learning rate.

    Raises:
        ModelError: the plan has a rate for the embedding table, and the model shows none.
    """
    return torch.optim.AdamW(_groups(model, plan), plan.learning_rate, fused=True)


def set_rates(optimizer: torch.optim.Optimizer, plan: TrainingPlan, step: int) -> None:
    """Gives each group its learning rate of a step, counted from 0."""
    for group in optimizer.param_groups:
        group["lr"] = plan.rate(step, group["peak"])


def _groups(model: nn.Module, plan: TrainingPlan) -> list[dict[str, Any]]:
    """Returns parameters that share rate and decay together: all of them, where nothing is asked.

    A vector is a bias or the gain of a norm, whatever the layer is called.
    """
    table = None if plan.embedding_rate is None else _table_of(model)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for weights in model.parameters():
        is_table = table is not None and weights is table
        peak = plan.embedding_rate if is_table else None
        decays = weights.ndim > 1 or not plan.decay_matrices_only
        key = plan.learning_rate if peak is None else peak, plan.weight_decay if decays else 0.0
        groups.setdefault(key, []).append(weights)
    return [
        {"params": members, "peak": peak, "weight_decay": decay}
        for (peak, decay), members in groups.items()
    ]


def _table_of(model: nn.Module) -> Tensor:
    table = word_table(model)
    if table is None:
        raise ModelError(
            "training.embedding_rate is for an embedding table, and this student shows none: give "
            "it `embedding` (an nn.Embedding with a row for each id), or remove the rate"
        )
    return table.weight
