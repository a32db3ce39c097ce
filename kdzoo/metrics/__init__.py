"""How good predictions are."""

from kdzoo.metrics.entities import entity_quality
from kdzoo.metrics.quality import quality, quality_of_logits
from kdzoo.metrics.sets import average_precision, set_quality

__all__ = [
    "average_precision",
    "entity_quality",
    "quality",
    "quality_of_logits",
    "set_quality",
]
