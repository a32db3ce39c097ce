"""How what people use instead is trained: on the labelled texts, as its own documents say."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kdzoo.data import Corpus

MANY = 20  # labelled texts a class from which SetFit's pairs are too many to train on here


@dataclass(frozen=True)
class Rival:
    """A library that people use instead.

    Attributes:
        make: ``f(encoder, corpus, folder)`` trains it and writes the folder that its runtime reads.
        few_labels: whether it is for few labels alone.
    """

    make: Callable[[str, Corpus, Path], None]
    few_labels: bool = False

    def serves(self, corpus: Corpus) -> bool:
        """Whether it is for such data: none of them reads pairs."""
        few = len(corpus.train) < MANY * len(corpus.labels)
        return not corpus.has_pairs and (few or not self.few_labels)


def _make_model2vec(encoder: str, corpus: Corpus, folder: Path) -> None:
    """model2vec's own defaults: the encoder's words, distilled, below a trained head."""
    from model2vec.distill import distill
    from model2vec.train import StaticModelForClassification

    classifier = StaticModelForClassification.from_static_model(model=distill(encoder))
    classifier.fit(*_labelled(corpus))
    pipeline = classifier.to_pipeline()
    # one that lies column by column is written wrongly: the loaded model then guesses
    pipeline.model.embedding = np.ascontiguousarray(pipeline.model.embedding)
    pipeline.save_pretrained(str(folder))


def _make_setfit(encoder: str, corpus: Corpus, folder: Path) -> None:
    """SetFit's own defaults, but for as many pairs of unlike texts as there are of like ones.

    With all of them, an epoch of 150 classes would be a million pairs.
    """
    from datasets import Dataset
    from setfit import SetFitModel, Trainer, TrainingArguments

    texts, labels = _labelled(corpus)
    model = SetFitModel.from_pretrained(encoder)
    with tempfile.TemporaryDirectory() as work:
        arguments = TrainingArguments(
            output_dir=work, sampling_strategy="undersampling", save_strategy="no", report_to="none"
        )
        texts_of: Any = Dataset.from_dict({"text": texts, "label": labels})
        Trainer(model=model, args=arguments, train_dataset=texts_of).train()
    model.save_pretrained(str(folder))


def _make_fasttext(encoder: str, corpus: Corpus, folder: Path) -> None:
    """The settings that fastText's tutorial on classification comes to; no encoder is in it."""
    import fasttext

    lines = [
        f"__label__{label} {' '.join(str(example.input).split())}\n"
        for example, label in zip(corpus.train, corpus.gold("train").tolist(), strict=True)
    ]
    with tempfile.TemporaryDirectory() as work:
        file = Path(work, "train.txt")
        file.write_text("".join(lines), encoding="utf-8")
        model = fasttext.train_supervised(
            str(file), lr=1.0, epoch=25, wordNgrams=2, bucket=200_000, dim=50, verbose=0
        )
    model.save_model(str(folder / "model.bin"))
    (folder / "labels.json").write_text(json.dumps(corpus.labels), encoding="utf-8")


def _labelled(corpus: Corpus) -> tuple[list[str], list[str]]:
    """Returns the texts that have gold labels, and these, by name."""
    texts = [str(example.input) for example in corpus.train]
    return texts, [corpus.labels[row] for row in corpus.gold("train").tolist()]


RIVALS: Mapping[str, Rival] = {
    "model2vec": Rival(_make_model2vec),
    "setfit": Rival(_make_setfit, few_labels=True),
    "fasttext": Rival(_make_fasttext),
}
