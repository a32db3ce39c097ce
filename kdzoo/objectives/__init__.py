"""What a student is asked to match: pure functions of logits, registered by name."""

from kdzoo.objectives.soft import kl, mse
from kdzoo.objectives.total import bind_objective, distillation_loss

__all__ = ["bind_objective", "distillation_loss", "kl", "mse"]
