"""What a student is asked to match: pure functions of logits, registered by name."""

from kdzoo.objectives.gold import OOS, GoldFor, gold_for
from kdzoo.objectives.soft import dist, dkd, kl, mse
from kdzoo.objectives.total import bind_objective, distillation_loss

__all__ = [
    "OOS",
    "GoldFor",
    "bind_objective",
    "dist",
    "distillation_loss",
    "dkd",
    "gold_for",
    "kl",
    "mse",
]
