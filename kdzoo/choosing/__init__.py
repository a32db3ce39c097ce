"""Which model is meant, and which one to deploy."""

from kdzoo.choosing.choice import Choice, choose, model_folder

__all__ = ["Choice", "choose", "model_folder"]
