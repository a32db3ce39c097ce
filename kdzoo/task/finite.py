"""Whether what a model gives are numbers at all: said alike of every model, in every form."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kdzoo.errors import ModelError


def refuse_not_finite(
    values: npt.NDArray[np.floating[Any]], name: str, what: str = "logits"
) -> None:
    """Refuses what a model gives where it is no numbers.

    Args:
        values: of any shape.
        name: what the user calls their model.
        what: the values are called.

    Raises:
        ModelError: a value is not finite.
    """
    if not np.isfinite(values).all():
        raise ModelError(
            f"{name} gives {what} that are no finite numbers: its weights are damaged; "
            "download or train it again"
        )
