"""How long and how fast a model is trained: the numbers of the loop."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingPlan:
    """How long and how fast: the numbers of the loop."""

    steps: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    warmup: float  # share of the steps
    max_grad_norm: float
    select_by: str  # a key of what evaluation returns, or "last"
    evaluations: int
    checkpoint_every: int
    seed: int
    embedding_rate: float | None = None  # of the embedding table; learning_rate if None
    decay_matrices_only: bool = False  # whether biases and the gains of norms are spared
    average_weights: float = 0.0  # share of the steps, the last ones, whose weights are averaged

    def rate(self, step: int, peak: float | None = None) -> float:
        """Returns the learning rate of a step: up over the warm-up, then down to 0, both linear.

        Args:
            step: counted from 0.
            peak: the highest rate; ``learning_rate`` if None.
        """
        highest = self.learning_rate if peak is None else peak
        warmup_steps = round(self.warmup * self.steps)
        if step < warmup_steps:
            return highest * (step + 1) / warmup_steps
        return highest * (self.steps - step) / max(1, self.steps - warmup_steps)

    def is_evaluation(self, step: int) -> bool:
        """Whether validation is looked at after so many steps: evenly, and after the last one."""
        return step * self.evaluations // self.steps > (step - 1) * self.evaluations // self.steps

    def is_averaged(self, step: int) -> bool:
        """Whether the weights after so many steps are among those that are averaged."""
        return step > self.steps - math.ceil(self.average_weights * self.steps)
