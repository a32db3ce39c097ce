"""What a model's folder holds, layer by layer: shapes, parameters, FLOPs."""

from kdzoo.architecture.folder import is_model, summary_of

__all__ = ["is_model", "summary_of"]
