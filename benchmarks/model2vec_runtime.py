"""model2vec's classifier as a runtime, so that kdzoo measures it as it measures its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kdzoo.registry import register_runtime


class Model2vecClassifier:
    """A folder that ``StaticModelPipeline.save_pretrained`` wrote."""

    def __init__(self, folder: Path) -> None:
        from model2vec.inference import StaticModelPipeline

        self._pipeline = StaticModelPipeline.from_pretrained(folder)
        self.labels = tuple(map(str, self._pipeline.classes_))

    def encode(self, texts: Sequence[str]) -> Any:
        """Returns the mean vectors [B, D], tokenisation included: model2vec does both at once."""
        return self._pipeline.model.encode(list(texts), max_length=512, use_multiprocessing=False)

    def run(self, encoded: Any) -> Any:
        """Returns the head's probabilities [B, C], whose order is all that a label asks for."""
        return self._pipeline.head.predict_proba(encoded)

    def logits(self, texts: Sequence[str]) -> Any:
        """Returns the same for any number of texts."""
        return np.asarray(self.run(self.encode(texts)), dtype=np.float32)


@register_runtime(
    "model2vec", title="model2vec", module="model2vec.inference", needs=("model2vec",)
)
def load(folder: Path, threads: int | None = None) -> Model2vecClassifier:
    """Loads a classifier of model2vec; it has no pool of threads of its own."""
    return Model2vecClassifier(folder)
