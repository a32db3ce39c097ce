"""Which model is meant, and which one to deploy."""

from kdzoo.choosing.choice import Choice, choose, model_folder, refuse_name

__all__ = ["Choice", "choose", "model_folder", "refuse_name"]
