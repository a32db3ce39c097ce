"""What a model's folder holds, layer by layer: shapes, parameters, FLOPs."""

from kdzoo.architecture.folder import is_model, layer_table

__all__ = ["is_model", "layer_table"]
