"""The classical baseline, which knows one form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kdzoo.data import Example
from kdzoo.model import Logits
from kdzoo.model.baseline import baseline_logits, load_baseline


class SklearnClassifier:
    """A saved scikit-learn pipeline.

    Raises:
        ModelError: the folder holds no baseline.
    """

    def __init__(self, folder: Path) -> None:
        self._pipeline, self.labels = load_baseline(folder)

    def logits(self, examples: Sequence[Example]) -> Logits:
        """Returns the logits [N, C], in the order of the examples."""
        if not examples:
            return np.empty((0, len(self.labels)), dtype=np.float32)
        return baseline_logits(self._pipeline, [e.text for e in examples], len(self.labels))
