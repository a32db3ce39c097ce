"""A model in a transformers pipeline: what people start from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kdzoo.errors import kind_and_words
from kdzoo.model import heeds_padding, load_model
from kdzoo.runtime.parity import LONGEST, Long, long_texts
from kdzoo.runtime.protocol import Input, Logits

BATCH_SIZE = 32


class PipelineClassifier:
    """``transformers.pipeline("text-classification")`` over the saved weights, in float32.

    Attributes:
        max_length: tokens at which texts are cut.
        is_swayed: whether padding has a say in an answer: it stands on the left, where it may move
            a text, or the model heeds it.

    Raises:
        ModelError: the folder is not a whole model.
    """

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        from transformers import AutoTokenizer, pipeline

        if threads is not None:
            torch.set_num_threads(threads)
        loaded = load_model(folder)
        self.labels = loaded.labels
        self.reads_pairs = loaded.reads_pairs
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        if tokenizer.pad_token is None:  # a decoder's: what a batch is filled up with elsewhere too
            tokenizer.pad_token = tokenizer.convert_ids_to_tokens(loaded.pad_id)
        self._pipeline = pipeline(
            "text-classification",
            model=loaded.model,
            tokenizer=tokenizer,
            device=torch.device("cpu"),
            top_k=None,
            function_to_apply="none",
        )
        self.max_length = loaded.max_length
        self._cut = {"truncation": True, "max_length": loaded.max_length}
        self.is_swayed = tokenizer.padding_side == "left" or heeds_padding(loaded.model)
        self._place = {label: i for i, label in enumerate(self.labels)}

    def encode(self, texts: Sequence[Input]) -> Any:
        """Returns ids and mask [B, T] as the pipeline's own tokenizer gives them."""
        read = [text if isinstance(text, str) else list(text) for text in texts]
        return self._pipeline.tokenizer(read, padding=True, return_tensors="pt", **self._cut)

    @torch.inference_mode()
    def run(self, encoded: Any) -> Logits:
        """Returns the logits [B, C] of one batch, without the pipeline around the model."""
        logits: Logits = self._pipeline.model(**encoded).logits.float().numpy()
        return logits

    def logits(self, texts: Sequence[Input]) -> Logits:
        """Returns the logits [N, C], in the order of the texts."""
        logits = np.empty((len(texts), len(self.labels)), dtype=np.float32)
        asked = [t if isinstance(t, str) else {"text": t[0], "text_pair": t[1]} for t in texts]
        batch_size = min(BATCH_SIZE, max(1, len(texts)))
        found = self._pipeline(asked, batch_size=batch_size, **self._cut) if asked else []
        for row, scores in enumerate(found):
            for score in scores:
                logits[row, self._place[score["label"]]] = score["score"]
        return logits


def read_long(folder: Path, texts: Sequence[Input]) -> Long:
    """Returns what the folder's model says in a pipeline of texts that are longer than it reads.

    Args:
        folder: a trained model's.
        texts: that it reads, of any length.
    """
    try:
        pipeline = PipelineClassifier(folder)
        if pipeline.max_length > LONGEST:
            return Long(failure=f"the model reads more than {LONGEST:,} tokens of a text")
        chosen = long_texts(texts, pipeline.max_length)
        return Long(chosen, pipeline.logits(chosen))
    except Exception as error:  # transformers' errors have no common base; a form is told of it
        return Long(failure=f"a transformers pipeline cannot read: {kind_and_words(error)}")
