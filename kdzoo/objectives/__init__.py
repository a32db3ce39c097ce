"""What a student is asked to match: pure functions of logits, registered by name."""

from kdzoo.objectives.gold import OOS, GoldFor, gold_for
from kdzoo.objectives.hidden import hidden_loss
from kdzoo.objectives.soft import dist, dkd, kl, mse
from kdzoo.objectives.total import (
    GoldLoss,
    bind_gold_loss,
    bind_objective,
    distillation_loss,
)
from kdzoo.objectives.weights import class_weights
from kdzoo.objectives.words import over_words

__all__ = [
    "OOS",
    "GoldFor",
    "GoldLoss",
    "bind_gold_loss",
    "bind_objective",
    "class_weights",
    "dist",
    "distillation_loss",
    "dkd",
    "gold_for",
    "hidden_loss",
    "kl",
    "mse",
    "over_words",
]
