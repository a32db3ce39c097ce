"""A model in eager PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from kdzoo.data import Example
from kdzoo.model import Logits, heeds_padding, load_model, predict_logits, readable
from kdzoo.runtime.cut import CutTexts
from kdzoo.runtime.encoder import WORDS
from kdzoo.runtime.protocol import Input
from kdzoo.task.words import by_word, joined
from kdzoo.text import Batch, Encoded, encode


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
        self._cut: CutTexts | None = None

    def count_cut(self) -> CutTexts | None:
        """Begins to count the texts that are cut; None where none is."""
        truncation = self._loaded.tokenizer.truncation
        self._cut = None if truncation is None else CutTexts(truncation["max_length"])
        return self._cut

    def encode(self, texts: Sequence[Input]) -> Batch:
        """Returns ids and mask [B, T] of one batch."""
        encoded, rows = self._encoded(texts), np.arange(len(texts))
        batch = readable(self._loaded.model, encoded).batch(rows)
        if encoded.words is not None:
            batch[WORDS] = torch.from_numpy(encoded.words.batch(rows))
        return batch

    @torch.inference_mode()
    def run(self, encoded: Batch) -> Logits:
        """Returns the logits [B, C] of one batch; where each word gets a label, [B, W, C]."""
        model = self._loaded.model
        if len(encoded["input_ids"]) > 1 and heeds_padding(model):
            lengths = encoded["attention_mask"].sum(1).tolist()
            alone = [
                {
                    name: array[row : row + 1, : None if name == WORDS else length]
                    for name, array in encoded.items()
                }
                for row, length in enumerate(lengths)
            ]
            return joined([self.run(single) for single in alone])
        inputs = {name: array for name, array in encoded.items() if name != WORDS}
        logits: Logits = model(**inputs).logits.float().numpy()
        return by_word(logits, encoded[WORDS].numpy()) if WORDS in encoded else logits

    def logits(self, texts: Sequence[Input]) -> Logits:
        """Returns the logits [N, C], in the order of the texts; [N, W, C], NaN without a word."""
        if not texts:
            return np.empty((0, len(self.labels)), dtype=np.float32)
        return predict_logits(self._loaded.model, self._encoded(texts))

    def _encoded(self, texts: Sequence[Input]) -> Encoded:
        loaded, examples = self._loaded, [Example.of(text) for text in texts]
        found = encode(loaded.tokenizer, examples, loaded.pad_id, by_word=loaded.task.by_word)
        if self._cut is not None:
            self._cut.add(len(found), found.cut)
        return found
