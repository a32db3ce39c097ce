"""The classical baseline, which knows one form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kdzoo.model.baseline import features_of, load_baseline, reads_pairs, scores_of
from kdzoo.model.tagger import is_tagger, tag_features, tag_scores
from kdzoo.runtime.protocol import Input, Logits


class SklearnClassifier:
    """A saved scikit-learn pipeline.

    Raises:
        ModelError: the folder holds no baseline.
    """

    def __init__(self, folder: Path) -> None:
        pipeline, self.labels = load_baseline(folder)
        self._vectoriser, self._model = pipeline[0], pipeline[-1]
        self._by_word = is_tagger(pipeline)
        self.reads_pairs: bool | None = not self._by_word and reads_pairs(
            self._vectoriser, self._model
        )

    def encode(self, texts: Sequence[Input]) -> Any:
        """Returns the TF-IDF features, a sparse matrix [B, F], or [B, 4F] of pairs.

        Where each word gets a label, those of all words, and how many words each text has.
        """
        if self._by_word:
            return tag_features(self._vectoriser, [str(text) for text in texts])
        return features_of(self._vectoriser, texts)

    def run(self, encoded: Any) -> Logits:
        """Returns the distances from the separating planes as logits [B, C], or [B, W, C]."""
        if self._by_word:
            features, counts = encoded
            return tag_scores(scores_of(self._model, features, len(self.labels)), counts)
        return scores_of(self._model, encoded, len(self.labels))

    def logits(self, texts: Sequence[Input]) -> Logits:
        """Returns the logits [N, C], in the order of the texts."""
        if not texts:
            return np.empty((0, len(self.labels)), dtype=np.float32)
        return self.run(self.encode(texts))
