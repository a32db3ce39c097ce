"""A linear head over an encoder's sentence vectors: scikit-learn's logistic regression."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from kdzoo.data import Corpus, Digests, Texts
from kdzoo.errors import TeacherError
from kdzoo.model import KdzooSentenceForSequenceClassification, pair_features, save_model
from kdzoo.progress import Progress
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL, Task
from kdzoo.teacher.cache import Read, RowCache
from kdzoo.teacher.part import Part
from kdzoo.teacher.regression import Floats, fit_each, fit_one
from kdzoo.teacher.sentences import SentenceEncoder

FEWEST = 2  # texts of a class


@dataclass(frozen=True)
class LinearHead:
    """Logits of what an encoder says of a text: ``features @ weight.T + bias``."""

    weight: Floats  # [C, F]
    bias: Floats  # [C]
    strength: float  # C, as cross-validation chose it

    def logits(self, features: Floats) -> Floats:
        """Returns the logits [N, C] of features [N, F]."""
        return np.asarray(features @ self.weight.T + self.bias, dtype=np.float32)


def fit_head(
    encoder: SentenceEncoder, corpus: Corpus, progress: Progress, device: torch.device
) -> LinearHead:
    """Returns the head that is fitted to the labelled training texts.

    Where texts may have several labels, each label has a regression of its own. Features are
    brought to a mean length of 1 for it, so that C means the same whatever the encoder; the head
    that is returned reads them as they are.

    Args:
        encoder: reads the vectors.
        corpus: the data.
        progress: told how far it is.
        device: that the encoder runs on.

    Raises:
        TeacherError: the encoder cannot be loaded.
    """
    gold = corpus.gold("train")
    features = _features(encoder, encoder.vectors(corpus.train, progress, device)[:])
    progress.say(f"fitting a linear head to {len(gold):,} texts")
    length = float(np.linalg.norm(features, axis=1).mean()) or 1.0
    if corpus.task == MULTI_LABEL:
        machines = fit_each(features / length, gold, progress, corpus.copies)
    else:
        machines = [fit_one(features / length, gold, corpus.copies)]
    weight = np.concatenate([machine.coef_ for machine in machines]) / length
    bias = np.concatenate([machine.intercept_ for machine in machines])
    if len(weight) == 1 and corpus.task != MULTI_LABEL:  # two classes: one plane
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return LinearHead(weight.astype(np.float32), bias.astype(np.float32), float(machines[0].C))


def refuse_few(corpus: Corpus) -> None:
    """Refuses labels, of which each text has one, with too few training texts to choose C by.

    Where texts may have several, a rare label is told by the few texts that it has.

    Raises:
        TeacherError: a label has fewer than two; or there is one text alone.
    """
    if corpus.task == MULTI_LABEL:
        if len(corpus.train) < FEWEST:
            raise TeacherError(
                "there is one training text, and cross-validation, which fits a linear head, needs "
                "two; give it another text, or have the encoder fine-tuned: teacher.fine_tune in "
                "place of teacher.head"
            )
        return
    counts = np.bincount(corpus.gold("train"), minlength=len(corpus.labels))  # [C]
    few = np.flatnonzero(counts < FEWEST)
    if few.size:
        count = "one" if counts[few[0]] else "no"
        raise TeacherError(
            f"the label '{corpus.labels[few[0]]}' has {count} training text, and cross-validation, "
            "which fits a linear head, needs two of each label; give it another text, or have the "
            "encoder fine-tuned: teacher.fine_tune in place of teacher.head"
        )


def _features(encoder: SentenceEncoder, vectors: npt.NDArray[np.float16]) -> Floats:
    """Returns what a head reads of sentence vectors: [N, D], of pairs [N, 4D]."""
    whole = torch.from_numpy(vectors.astype(np.float32))
    return (pair_features(whole) if encoder.reads_pairs else whole).numpy()


def label_by_head(
    key: str,
    encoder: SentenceEncoder,
    head: Callable[[], LinearHead],
    texts: Texts,
    part: Part,
    progress: Progress,
    device: torch.device,
) -> RowCache:
    """Returns the cache under ``key``, with the logits of a part of the texts.

    Args:
        key: stands for everything that decides the logits.
        encoder: gives the sentence vectors; those that it gave before are not computed again.
        head: gives the head, where the cache lacks a text.
        texts: any.
        part: of them that is asked for.
        progress: told how far it is.
        device: where the encoder runs.
    """

    @contextmanager
    def reader(_: int) -> Iterator[Read]:
        fitted = head()
        encoder.read(texts, progress, device, part)  # in one go: loaded once, with one end in sight

        def read(todo: Texts) -> tuple[Digests, Floats]:
            vectors = encoder.vectors(todo, progress, device)
            return todo.digests, fitted.logits(_features(encoder, vectors[:]))

        yield read

    cache = RowCache.of("logits", key, progress.say)
    cache.fill(texts, reader, part)
    return cache


def save_linear(
    folder: Path,
    encoder: SentenceEncoder,
    head: LinearHead,
    labels: Sequence[str],
    task: Task = SINGLE_LABEL,
) -> None:
    """Writes encoder and head as one classifier, a Hugging Face model of kdzoo's own kind.

    Args:
        folder: the place.
        encoder: reads the vectors.
        head: over them.
        labels: the data's, C of them.
        task: what the data asks.
    """
    model, vocabulary = encoder.load()
    model.config.update(
        {"id2label": dict(enumerate(labels)), "label2id": {n: i for i, n in enumerate(labels)}}
    )
    model.config.problem_type = task.problem_type
    model.classifier = torch.nn.Linear(head.weight.shape[1], len(labels))
    with torch.no_grad():
        model.classifier.weight.copy_(torch.from_numpy(head.weight))
        model.classifier.bias.copy_(torch.from_numpy(head.bias))
    save_model(folder, model, vocabulary)


def read_head(model: KdzooSentenceForSequenceClassification) -> LinearHead:
    """Returns the head of a saved classifier."""
    layer = model.classifier
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    return LinearHead(weight, bias, float("nan"))
