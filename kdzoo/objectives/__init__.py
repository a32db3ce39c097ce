"""What a student is asked to match: pure functions of logits, registered by name."""

from kdzoo.objectives.soft import kl, mse
from kdzoo.objectives.total import distillation_loss

__all__ = ["distillation_loss", "kl", "mse"]
