"""A model in eager PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from kdzoo.data import Example
from kdzoo.model import Logits, heeds_padding, load_model, predict_logits, readable
from kdzoo.runtime.protocol import Input
from kdzoo.text import Batch, encode


class TorchClassifier:
    """The saved weights in PyTorch on the CPU, in float32.

    Raises:
        ModelError: the folder is not a whole model.
    """

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self._loaded = load_model(folder)
        self.labels = self._loaded.labels
        self.reads_pairs = self._loaded.reads_pairs

    def encode(self, texts: Sequence[Input]) -> Batch:
        """Returns ids and mask [B, T] of one batch."""
        encoded = encode(self._loaded.tokenizer, _examples(texts), self._loaded.pad_id)
        return readable(self._loaded.model, encoded).batch(np.arange(len(texts)))

    @torch.inference_mode()
    def run(self, encoded: Batch) -> Logits:
        """Returns the logits [B, C] of one batch."""
        model = self._loaded.model
        if len(encoded["input_ids"]) > 1 and heeds_padding(model):
            lengths = encoded["attention_mask"].sum(1).tolist()
            alone = [
                {name: array[row : row + 1, :length] for name, array in encoded.items()}
                for row, length in enumerate(lengths)
            ]
            return np.concatenate([self.run(single) for single in alone])
        logits: Logits = model(**encoded).logits.float().numpy()
        return logits

    def logits(self, texts: Sequence[Input]) -> Logits:
        """Returns the logits [N, C], in the order of the texts."""
        if not texts:
            return np.empty((0, len(self.labels)), dtype=np.float32)
        encoded = encode(self._loaded.tokenizer, _examples(texts), self._loaded.pad_id)
        return predict_logits(self._loaded.model, encoded)


def _examples(texts: Sequence[Input]) -> list[Example]:
    return [Example.of(text) for text in texts]
