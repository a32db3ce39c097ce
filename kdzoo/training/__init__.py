"""From ragged batches through one lean loop to a trained model; resumed when interrupted."""

from kdzoo.training.data import BatchOrder, TrainingSet
from kdzoo.training.loop import (
    Evaluate,
    Loss,
    TrainingResult,
    make_accelerator,
    train,
)
from kdzoo.training.plan import TrainingPlan

__all__ = [
    "BatchOrder",
    "Evaluate",
    "Loss",
    "TrainingPlan",
    "TrainingResult",
    "TrainingSet",
    "make_accelerator",
    "train",
]
