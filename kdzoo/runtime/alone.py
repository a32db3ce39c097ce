"""A model whose answers in a batch depend on each other, given one text at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from kdzoo.runtime.cut import CutTexts, count_cut
from kdzoo.runtime.protocol import Classifier, Input, Logits
from kdzoo.task.words import joined


class TextByText:
    """Answers each text by itself, whatever stands beside it.

    Dynamic 8 bits need it: the activations of a batch share one range, and a text's logits, at
    times its label, would be those of its neighbours too.

    Args:
        inner: the model as its runtime reads it.
    """

    def __init__(self, inner: Classifier) -> None:
        self._inner = inner
        self.labels = inner.labels
        self.reads_pairs = inner.reads_pairs

    def count_cut(self) -> CutTexts | None:
        """Begins to count the texts that are cut; None where none is, or nobody can tell."""
        return count_cut(self._inner)

    def encode(self, texts: Sequence[Input]) -> list[Any]:
        """Returns each text as a batch of one."""
        return [self._inner.encode([text]) for text in texts]

    def run(self, encoded: list[Any]) -> Logits:
        """Returns the logits [B, C] of encoded texts, one after the other."""
        if len(encoded) == 1:
            return self._inner.run(encoded[0])
        return self._joined(encoded)

    def logits(self, texts: Sequence[Input]) -> Logits:
        """Returns the logits [N, C], in the order of the texts."""
        if len(texts) == 1:
            return self._inner.run(self._inner.encode(texts))
        return self._joined(self._inner.encode([text]) for text in texts)

    def _joined(self, encoded: Iterable[Any]) -> Logits:
        found = [self._inner.run(text) for text in encoded]
        return joined(found) if found else np.empty((0, len(self.labels)), dtype=np.float32)
