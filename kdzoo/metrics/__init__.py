"""How good predictions are."""

from kdzoo.metrics.quality import quality

__all__ = ["quality"]
