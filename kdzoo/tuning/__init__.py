"""The best settings of a recipe, searched for on validation."""

from kdzoo.tuning.search import Tuned, tune
from kdzoo.tuning.space import check_searches

__all__ = ["Tuned", "check_searches", "tune"]
