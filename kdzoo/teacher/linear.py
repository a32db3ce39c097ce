"""A linear head over an encoder's sentence vectors: scikit-learn's logistic regression."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from kdzoo.data import Corpus, Digests, Texts
from kdzoo.errors import TeacherError
from kdzoo.model import KdzooSentenceForSequenceClassification, pair_features, save_model
from kdzoo.progress import Progress
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL, Answers, Task
from kdzoo.teacher.cache import Read, RowCache
from kdzoo.teacher.part import Part
from kdzoo.teacher.sentences import SentenceEncoder

PARTS = 3  # of the labelled texts, in the cross-validation; two where a class has two texts
FEWEST = 2  # texts of a class
_STRENGTHS = (3.0, 10.0, 30.0, 100.0)  # C, the inverse of the regularisation
_ITERATIONS = 500  # of L-BFGS at most
_LEAST = 1e-6  # a probability that is told from nothing

Floats = npt.NDArray[np.float32]


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

    Its C is the smallest of those that are right most often in a cross-validation of them,
    stratified, the same each time; what is within a standard error counts as the same. Where texts
    may have several labels, each has a regression of its own, all with the C that gives the gold
    labels the highest probability. Features
    are brought to a mean length of 1 for it, so that C means the same whatever the encoder; the
    head that is returned reads them as they are.

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
        planes, offsets, strength = _one_versus_rest(features / length, gold)
        planes = planes / np.float32(length)
        return LinearHead(planes.astype(np.float32), offsets.astype(np.float32), strength)
    with warnings.catch_warnings():  # labels are labels, however few texts each has
        warnings.filterwarnings("ignore", message="The number of unique classes is greater than")
        search = _regression(gold).fit(features / length, gold)
    machine = search.best_estimator_
    weight, bias = machine.coef_ / length, machine.intercept_
    if len(weight) == 1:  # two classes: one plane
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return LinearHead(weight.astype(np.float32), bias.astype(np.float32), float(machine.C))


def refuse_few(corpus: Corpus) -> None:
    """Refuses labels with too few training texts to choose C by.

    Raises:
        TeacherError: a label has fewer than two, or each text but one has it.
    """
    gold = corpus.gold("train")
    is_multi, labels = corpus.task == MULTI_LABEL, len(corpus.labels)
    counts = gold.sum(0) if is_multi else np.bincount(gold, minlength=labels)  # [C]
    if is_multi and (counts > len(gold) - FEWEST).any():
        raise TeacherError(
            f"the label '{corpus.labels[int(np.argmax(counts))]}' stands at {counts.max():,} of "
            f"{len(gold):,} training texts, and a linear head needs two without it too; give it "
            "such texts, or leave the label out"
        )
    few = [name for number, name in enumerate(corpus.labels) if counts[number] < FEWEST]
    if few:
        raise TeacherError(
            f"the label '{few[0]}' has one training text, and cross-validation, which fits a "
            "linear head, needs two of each label; give it another text, or have the encoder "
            "fine-tuned: teacher.fine_tune in place of teacher.head"
        )


def _regression(gold: npt.NDArray[np.int64]) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    parts = min(PARTS, int(np.bincount(gold).min()))
    return GridSearchCV(
        LogisticRegression(max_iter=_ITERATIONS),
        {"C": list(_STRENGTHS)},
        cv=StratifiedKFold(parts, shuffle=True, random_state=0),
        scoring="accuracy",
        refit=partial(_softest, parts),
    )


def _one_versus_rest(features: Floats, gold: Answers) -> tuple[Floats, Floats, float]:
    """Returns weight [C, F] and bias [C] of a regression for each label, and their one C.

    Args:
        features: [N, F].
        gold: which labels each text has, [N, C].
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, KFold
    from sklearn.multiclass import OneVsRestClassifier

    search = GridSearchCV(
        OneVsRestClassifier(LogisticRegression(max_iter=_ITERATIONS)),
        {"estimator__C": list(_STRENGTHS)},
        cv=KFold(PARTS, shuffle=True, random_state=0),
        scoring=_log_likelihood,
        refit=False,
    )
    with warnings.catch_warnings():  # a rare label may be in one part alone
        warnings.filterwarnings("ignore", message="Label .* is present in all training examples")
        warnings.filterwarnings("ignore", message="Label not .* is present in all training")
        search.fit(features, gold)
    strength = float(search.best_params_["estimator__C"])
    found = [
        LogisticRegression(C=strength, max_iter=_ITERATIONS).fit(features, gold[:, label])
        for label in range(gold.shape[1])
    ]
    weight = np.concatenate([classifier.coef_ for classifier in found])
    return weight, np.concatenate([classifier.intercept_ for classifier in found]), strength


def _log_likelihood(machine: Any, features: Floats, gold: Answers) -> float:
    """Returns the mean log-probability of whether labels are there."""
    probabilities = np.clip(machine.predict_proba(features), _LEAST, 1 - _LEAST)  # [N, C]
    return float(np.log(np.where(gold, probabilities, 1 - probabilities)).mean())


def _softest(parts: int, results: Mapping[str, Any]) -> int:
    """Returns which C is the smallest within a standard error of the best one.

    Of heads that are right as often, the softer one teaches students more.
    """
    mean, error = results["mean_test_score"], results["std_test_score"] / np.sqrt(parts)
    best = int(np.argmax(mean))
    return int(np.flatnonzero(mean >= mean[best] - error[best])[0])


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
