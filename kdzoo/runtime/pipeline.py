"""A model in a transformers pipeline: what people start from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kdzoo.errors import kind_and_words
from kdzoo.model import heeds_padding, load_model
from kdzoo.model.auto import auto_tokenizer
from kdzoo.runtime.encoder import WORDS
from kdzoo.runtime.parity import LONGEST, Long, long_texts
from kdzoo.runtime.protocol import Input, Logits
from kdzoo.task.words import by_word, first_pieces, joined, padded_places

BATCH_SIZE = 32


class PipelineClassifier:
    """``transformers.pipeline("text-classification")`` over the saved weights, in float32.

    Where each word gets a label, it is ``pipeline("token-classification")``.

    Attributes:
        max_length: tokens at which texts are cut.
        is_swayed: whether padding has a say in an answer: it stands on the left, where it may move
            a text, or the model heeds it.

    Raises:
        ModelError: the folder is not a whole model.
    """

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        from transformers import pipeline

        if threads is not None:
            torch.set_num_threads(threads)
        loaded = load_model(folder)
        self.labels = loaded.labels
        self.reads_pairs = loaded.reads_pairs
        self._by_word = loaded.task.by_word
        tokenizer = auto_tokenizer(folder)
        if tokenizer.pad_token is None:  # a decoder's: what a batch is filled up with elsewhere too
            tokenizer.pad_token = tokenizer.convert_ids_to_tokens(loaded.pad_id)
        self._pipeline = pipeline(
            "token-classification" if self._by_word else "text-classification",
            model=loaded.model,
            tokenizer=tokenizer,
            device=torch.device("cpu"),
            **({} if self._by_word else {"top_k": None, "function_to_apply": "none"}),
        )
        tokenizer.model_max_length = loaded.max_length
        self.max_length = loaded.max_length
        self._cut = {"truncation": True, "max_length": loaded.max_length}
        self.is_swayed = tokenizer.padding_side == "left" or heeds_padding(loaded.model)
        self._place = {label: i for i, label in enumerate(self.labels)}

    def encode(self, texts: Sequence[Input]) -> Any:
        """Returns ids and mask [B, T] as the pipeline's own tokenizer gives them."""
        read = [text if isinstance(text, str) else list(text) for text in texts]
        tokenize = self._pipeline.tokenizer
        batch = tokenize(
            read,
            padding=True,
            return_tensors="pt",
            return_offsets_mapping=self._by_word,
            **self._cut,
        )
        if self._by_word:
            offsets = batch.pop("offset_mapping").tolist()
            rows = [first_pieces(str(t), at) for t, at in zip(texts, offsets, strict=True)]
            batch[WORDS] = torch.from_numpy(padded_places(rows))
        return batch

    @torch.inference_mode()
    def run(self, encoded: Any) -> Logits:
        """Returns the logits [B, C] of one batch, without the pipeline around the model."""
        inputs = {name: array for name, array in encoded.items() if name != WORDS}
        logits: Logits = self._pipeline.model(**inputs).logits.float().numpy()
        return by_word(logits, encoded[WORDS].numpy()) if self._by_word else logits

    def logits(self, texts: Sequence[Input]) -> Logits:
        """Returns the logits [N, C], in the order of the texts; [N, W, C], NaN without a word."""
        if self._by_word and texts:
            return joined([self._words(str(text)) for text in texts])
        logits = np.empty((len(texts), len(self.labels)), dtype=np.float32)
        asked = [t if isinstance(t, str) else {"text": t[0], "text_pair": t[1]} for t in texts]
        batch_size = min(BATCH_SIZE, max(1, len(texts)))
        found = self._pipeline(asked, batch_size=batch_size, **self._cut) if asked else []
        for row, scores in enumerate(found):
            for score in scores:
                logits[row, self._place[score["label"]]] = score["score"]
        return logits

    def _words(self, text: str) -> Logits:
        """Returns the logits of a sentence's words, [1, W, C], as the pipeline has them."""
        (inputs,) = self._pipeline.preprocess(text, is_split_into_words=False)
        output = self._pipeline.forward(inputs)
        places = padded_places([first_pieces(text, output["offset_mapping"][0].tolist())])
        return by_word(output["logits"].float().numpy(), places)


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
