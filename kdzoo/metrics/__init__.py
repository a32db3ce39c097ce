"""How good predictions are."""

from kdzoo.metrics.quality import quality, quality_of, quality_of_logits
from kdzoo.metrics.sets import average_precision, set_quality

__all__ = ["average_precision", "quality", "quality_of", "quality_of_logits", "set_quality"]
