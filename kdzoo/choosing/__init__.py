"""Which model is meant, and which one to deploy."""

from kdzoo.choosing.choice import (
    MODELS,
    Choice,
    choose,
    model_folder,
    of_finished_teacher,
    refuse_name,
)

__all__ = ["MODELS", "Choice", "choose", "model_folder", "of_finished_teacher", "refuse_name"]
