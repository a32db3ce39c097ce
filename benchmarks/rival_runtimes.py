"""What people use instead, as runtimes, so that kdzoo measures it as it measures its own."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kdzoo.registry import register_runtime

Probabilities = Any  # [B, C]; their order is all that a label asks for


class _Rival(ABC):
    """A classifier of another library; ``labels`` are in the order of its probabilities."""

    labels: tuple[str, ...]

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> Any:
        """Returns what ``run`` reads."""

    @abstractmethod
    def run(self, encoded: Any) -> Probabilities:
        """Returns the probabilities of each text's labels, [B, C]."""

    def logits(self, texts: Sequence[str]) -> Any:
        """Returns the same for any number of texts."""
        return np.asarray(self.run(self.encode(texts)), dtype=np.float32)


class Model2vecClassifier(_Rival):
    """A folder that ``StaticModelPipeline.save_pretrained`` wrote."""

    def __init__(self, folder: Path) -> None:
        from model2vec.inference import StaticModelPipeline

        self._pipeline = StaticModelPipeline.from_pretrained(folder)
        self.labels = tuple(map(str, self._pipeline.classes_))

    def encode(self, texts: Sequence[str]) -> Any:
        """Returns the mean vectors [B, D], tokenisation included: model2vec does both at once."""
        return self._pipeline.model.encode(list(texts), max_length=512, use_multiprocessing=False)

    def run(self, encoded: Any) -> Probabilities:
        """Returns the head's answer."""
        return self._pipeline.head.predict_proba(encoded)


class SetFitClassifier(_Rival):
    """A folder that ``SetFitModel.save_pretrained`` wrote."""

    def __init__(self, folder: Path) -> None:
        from setfit import SetFitModel

        self._model = SetFitModel.from_pretrained(str(folder))
        self.labels = tuple(map(str, self._model.model_head.classes_))

    def encode(self, texts: Sequence[str]) -> Any:
        """Returns the sentence vectors [B, D]: tokenisation and encoder."""
        return self._model.model_body.encode(list(texts), show_progress_bar=False)

    def run(self, encoded: Any) -> Probabilities:
        """Returns the head's answer."""
        return self._model.model_head.predict_proba(encoded)


class FastTextClassifier(_Rival):
    """A folder with ``model.bin`` of fastText, and the names of the labels, which it numbers."""

    def __init__(self, folder: Path) -> None:
        import fasttext

        # its own `predict` asks numpy for what numpy 2 refuses; the model below it does not
        self._model = fasttext.load_model(str(folder / "model.bin")).f
        self.labels = tuple(json.loads((folder / "labels.json").read_text(encoding="utf-8")))

    def encode(self, texts: Sequence[str]) -> Any:
        """Returns the texts, a line each: fastText reads and answers at once."""
        return [" ".join(text.split()) + "\n" for text in texts]

    def run(self, encoded: Any) -> Probabilities:
        """Returns fastText's answer."""
        answers = np.zeros((len(encoded), len(self.labels)))
        for row, text in enumerate(encoded):
            for probability, name in self._model.predict(text, -1, 0.0, "strict"):
                answers[row, int(name.rpartition("_")[2])] = probability
        return answers


@register_runtime(
    "model2vec", title="model2vec", module="model2vec.inference", needs=("model2vec",)
)
def load_model2vec(folder: Path, threads: int | None = None) -> Model2vecClassifier:
    """Loads a classifier of model2vec; it has no pool of threads of its own."""
    return Model2vecClassifier(folder)


@register_runtime("setfit", title="SetFit", module="setfit", needs=("setfit",))
def load_setfit(folder: Path, threads: int | None = None) -> SetFitClassifier:
    """Loads a classifier of SetFit; its threads are PyTorch's."""
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    return SetFitClassifier(folder)


@register_runtime("fasttext", title="fastText", module="fasttext", needs=("fasttext",))
def load_fasttext(folder: Path, threads: int | None = None) -> FastTextClassifier:
    """Loads a classifier of fastText, which answers on one thread."""
    return FastTextClassifier(folder)
