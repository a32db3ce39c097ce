"""How big a model is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from kdzoo.fields import Count


class Size(BaseModel):
    """Parameters, those of embedding tables apart, and the bytes of the files to deploy."""

    model_config = ConfigDict(frozen=True)

    parameters: Count
    embedding_parameters: Count
    size_bytes: Count


def model_size(model: Any, folder: Path) -> Size:
    """Returns the size of a torch model and of its folder."""
    from torch import nn  # what is written down of a size is read without it

    from kdzoo.model import size_bytes

    tables = {
        id(module.weight): module.weight.numel()
        for module in model.modules()
        if isinstance(module, nn.Embedding)
    }
    return Size(
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        embedding_parameters=sum(tables.values()),
        size_bytes=size_bytes(folder),
    )


def baseline_size(pipeline: Any, folder: Path) -> Size:
    """Returns the size of the linear model and of its files."""
    from kdzoo.model.baseline import BASELINE_FILES

    return Size(
        parameters=int(pipeline[-1].coef_.size),
        embedding_parameters=0,
        size_bytes=sum((folder / name).stat().st_size for name in BASELINE_FILES),
    )
