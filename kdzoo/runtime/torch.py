"""A model in eager PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kdzoo.data import Example
from kdzoo.model import Logits, load_model, predict_logits
from kdzoo.text import encode


class TorchClassifier:
    """The saved weights in PyTorch on the CPU, in float32.

    Raises:
        ModelError: the folder is not a whole model.
    """

    def __init__(self, folder: Path) -> None:
        self._loaded = load_model(folder)
        self.labels = self._loaded.labels

    def logits(self, examples: Sequence[Example]) -> Logits:
        """Returns the logits [N, C], in the order of the examples."""
        if not examples:
            return np.empty((0, len(self.labels)), dtype=np.float32)
        encoded = encode(self._loaded.tokenizer, examples, self._loaded.pad_id)
        return predict_logits(self._loaded.model, encoded)
