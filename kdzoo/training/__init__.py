"""From ragged batches through one lean loop to a trained model; resumed when interrupted."""

from kdzoo.training.data import BatchOrder, TrainingSet
from kdzoo.training.loop import TrainingPlan, TrainingResult, make_accelerator, train

__all__ = [
    "BatchOrder",
    "TrainingPlan",
    "TrainingResult",
    "TrainingSet",
    "make_accelerator",
    "train",
]
