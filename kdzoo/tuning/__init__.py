"""The best settings of a recipe, searched for on validation."""

from kdzoo.tuning.goals import GOALS
from kdzoo.tuning.search import Tuned, tune

__all__ = ["GOALS", "Tuned", "tune"]
