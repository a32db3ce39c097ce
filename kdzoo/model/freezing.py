"""Keeping the lower layers of a pretrained model as they are, while the others are trained."""

from __future__ import annotations

from typing import Any

from torch import nn

from kdzoo.errors import ModelError


def freeze_lower(model: Any, count: int) -> None:
    """Has a classifier's embeddings and its lower layers stay as they are, in place.

    Args:
        model: a Hugging Face classifier.
        count: how many layers stay; 0 keeps the embeddings alone.

    Raises:
        ModelError: the model is not built of layers one upon another, or has not so many.
    """
    base = model.base_model
    name, layers = _layers(base, model.config)
    if count > len(layers):
        raise ModelError(
            f"fine_tune.freeze: {count} layers are to stay as they are, and the model has "
            f"{len(layers)}; write --set teacher.fine_tune.freeze={len(layers)} or less"
        )
    tables = [module for module in base.modules() if isinstance(module, nn.Embedding)]
    kept = {id(parameter) for table in tables for parameter in table.parameters()}
    is_below = True
    for full_name, parameter in base.named_parameters():
        is_below = is_below and not full_name.startswith(f"{name}.")  # what comes before the layers
        if is_below:
            kept.add(id(parameter))
    for layer in layers[:count]:
        kept |= {id(parameter) for parameter in layer.parameters()}
    for parameter in base.parameters():
        if id(parameter) in kept:
            parameter.requires_grad_(False)


def _layers(base: nn.Module, config: Any) -> tuple[str, nn.ModuleList]:
    """Returns the model's layers, the lowest first, and their name."""
    count = getattr(config, "num_hidden_layers", None)
    found = [
        (name, module)
        for name, module in base.named_modules()
        if isinstance(module, nn.ModuleList) and len(module) == count
    ]
    if len(found) != 1 or config.is_encoder_decoder:
        raise ModelError(
            f"fine_tune.freeze: a {config.model_type} is not built of layers one upon another; "
            "remove freeze"
        )
    return found[0]
