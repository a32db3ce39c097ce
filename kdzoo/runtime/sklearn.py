"""The classical baseline, which knows one form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kdzoo.errors import ModelError
from kdzoo.model.baseline import load_baseline, scores_of
from kdzoo.runtime.protocol import Logits, Text


class SklearnClassifier:
    """A saved scikit-learn pipeline.

    Raises:
        ModelError: the folder holds no baseline.
    """

    def __init__(self, folder: Path) -> None:
        pipeline, self.labels = load_baseline(folder)
        self._features, self._model = pipeline[:-1], pipeline[-1]

    def encode(self, texts: Sequence[Text]) -> Any:
        """Returns the TF-IDF features, a sparse matrix [B, F]."""
        if not all(isinstance(text, str) for text in texts):
            raise ModelError("this baseline was fitted to single texts and cannot read pairs")
        return self._features.transform(texts)

    def run(self, encoded: Any) -> Logits:
        """Returns the distances from the separating planes as logits [B, C]."""
        return scores_of(self._model, encoded, len(self.labels))

    def logits(self, texts: Sequence[Text]) -> Logits:
        """Returns the logits [N, C], in the order of the texts."""
        if not texts:
            return np.empty((0, len(self.labels)), dtype=np.float32)
        return self.run(self.encode(texts))
