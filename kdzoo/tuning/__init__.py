"""The best settings of a recipe, searched for on validation."""

from kdzoo.tuning.search import Tuned, tune

__all__ = ["Tuned", "tune"]
