"""Logistic regressions of scikit-learn, their C chosen by cross-validation of labelled texts."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kdzoo.progress import Progress, Task
from kdzoo.task import Answers

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

PARTS = 3  # of the labelled texts, in the cross-validation; two where a class has two texts
_STRENGTHS = (3.0, 10.0, 30.0, 100.0)  # C, the inverse of the regularisation
_ITERATIONS = 500  # of L-BFGS at most
_LEAST = 1e-6  # a probability that is told from nothing

Floats = npt.NDArray[np.float32]


def fit_one(features: Floats, gold: npt.NDArray[np.int64]) -> LogisticRegression:
    """Returns the regression for labels of which each text has one.

    Its C is the smallest of those that are right most often in a cross-validation, stratified, the
    same each time; what is within a standard error counts as the same.

    Args:
        features: [N, F].
        gold: the label of each text, [N].
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    parts = min(PARTS, int(np.bincount(gold).min()))
    search = GridSearchCV(
        LogisticRegression(max_iter=_ITERATIONS),
        {"C": list(_STRENGTHS)},
        cv=StratifiedKFold(parts, shuffle=True, random_state=0),
        scoring="accuracy",
        refit=partial(_softest, parts),
    )
    with warnings.catch_warnings():  # labels are labels, however few texts each has
        warnings.filterwarnings("ignore", message="The number of unique classes is greater than")
        return search.fit(features, gold).best_estimator_


def _softest(parts: int, results: Mapping[str, Any]) -> int:
    """Returns which C is the smallest within a standard error of the best one.

    Of heads that are right as often, the softer one teaches students more.
    """
    mean, error = results["mean_test_score"], results["std_test_score"] / np.sqrt(parts)
    best = int(np.argmax(mean))
    return int(np.flatnonzero(mean >= mean[best] - error[best])[0])


def fit_each(features: Floats, gold: Answers, progress: Progress) -> list[LogisticRegression]:
    """Returns a regression for each of the labels of which a text may have several.

    All have the C that gives the gold labels the highest probability in a cross-validation, the
    same each time. It is raised as long as they become more probable, and each regression starts
    from the one before.

    Args:
        features: [N, F].
        gold: which labels each text has, [N, C].
        progress: told how far it is.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import KFold

    splits = list(KFold(PARTS, shuffle=True, random_state=0).split(features))
    labels = range(gold.shape[1])
    machines = {
        (part, label): LogisticRegression(max_iter=_ITERATIONS, warm_start=True)
        for part in range(PARTS)
        for label in labels
    }
    best, strength = -np.inf, _STRENGTHS[0]
    for tried in _STRENGTHS:
        likelihood = 0.0
        with progress.task(
            f"cross-validating a linear head, C {tried:g}", len(machines), unit="regressions"
        ) as task:
            for (part, label), machine in machines.items():
                seen, held_out = splits[part]
                machine.set_params(C=tried)
                likelihood += _likelihood(machine, features, gold[:, label], seen, held_out)
                task.advance()
        if likelihood <= best:
            break
        best, strength = likelihood, tried
    with progress.task("fitting a linear head", len(labels), unit="regressions") as task:
        return [_whole(features, gold[:, label], strength, task) for label in labels]


def _likelihood(
    machine: LogisticRegression,
    features: Floats,
    has_label: npt.NDArray[Any],
    seen: npt.NDArray[np.int64],
    held_out: npt.NDArray[np.int64],
) -> float:
    """Returns the mean log-probability of whether a label is there, of texts that were not seen."""
    share = has_label[seen].mean()
    probability = np.full(len(held_out), share)
    if 0 < share < 1:  # a rare label may be in one part alone
        machine.fit(features[seen], has_label[seen])
        probability = machine.predict_proba(features[held_out])[:, 1]
    probability = probability.clip(_LEAST, 1 - _LEAST)
    return float(np.log(np.where(has_label[held_out], probability, 1 - probability)).mean())


def _whole(
    features: Floats, has_label: npt.NDArray[Any], strength: float, task: Task
) -> LogisticRegression:
    from sklearn.linear_model import LogisticRegression

    machine = LogisticRegression(C=strength, max_iter=_ITERATIONS).fit(features, has_label)
    task.advance()
    return machine
