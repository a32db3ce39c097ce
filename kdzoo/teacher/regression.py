"""Logistic regressions of scikit-learn, their C chosen by cross-validation of labelled texts."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kdzoo.data.draw import most_frequent
from kdzoo.progress import Bar, Progress
from kdzoo.task import Answers

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

PARTS = 3  # of the labelled texts, in the cross-validation; two where a class has two texts
_STRENGTHS = (3.0, 10.0, 30.0, 100.0)  # C, the inverse of the regularisation
_ITERATIONS = 500  # of L-BFGS at most
_LEAST = 1e-6  # a probability that is told from nothing

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Split = tuple[Rows, Rows]  # the rows that are seen, and those that are held out


def fit_one(features: Floats, gold: Rows, texts: Rows | None = None) -> LogisticRegression:
    """Returns the regression for labels of which each text has one.

    Its C is the smallest of those that are right most often in a cross-validation, stratified, the
    same each time; what is within a standard error counts as the same.

    Args:
        features: [N, F].
        gold: the label of each row, [N].
        texts: the number of each row's text, [N], where some stand in several: no text is both
            seen and held out.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    splits = _stratified(gold, np.arange(len(gold)) if texts is None else texts)
    if not splits:  # one text of each label, in copies: nothing tells which C is better
        return LogisticRegression(C=_STRENGTHS[0], max_iter=_ITERATIONS).fit(features, gold)
    search = GridSearchCV(
        LogisticRegression(max_iter=_ITERATIONS),
        {"C": list(_STRENGTHS)},
        cv=splits,
        scoring="accuracy",
        refit=partial(_softest, len(splits)),
    )
    with warnings.catch_warnings():  # labels are labels, however few texts each has
        warnings.filterwarnings("ignore", message="The number of unique classes is greater than")
        return search.fit(features, gold).best_estimator_


def _stratified(gold: Rows, texts: Rows) -> list[Split]:
    """Returns the splits of a cross-validation of texts, each with all its rows.

    A label of which a split would hold all texts is seen there, with its texts.

    Args:
        gold: the label of each row, [N].
        texts: the number of each row's text, [N], from 0.
    """
    from sklearn.model_selection import StratifiedKFold

    own = np.array(most_frequent(gold.tolist(), texts.tolist()))
    counts = np.bincount(own)[np.unique(own)]
    parts = max(2, min(PARTS, int(counts.min())))
    if counts.max() < parts:
        return []
    splits = []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class in y has only 1")
        for _, texts_out in StratifiedKFold(parts, shuffle=True, random_state=0).split(own, own):
            is_out = np.isin(texts, texts_out)
            unseen = ~np.isin(gold, gold[~is_out])
            is_out &= ~np.isin(texts, texts[unseen])
            if is_out.any():
                splits.append((np.flatnonzero(~is_out), np.flatnonzero(is_out)))
    return splits


def _softest(parts: int, results: Mapping[str, Any]) -> int:
    """Returns which C is the smallest within a standard error of the best one.

    Of heads that are right as often, the softer one teaches students more.
    """
    mean, error = results["mean_test_score"], results["std_test_score"] / np.sqrt(parts)
    best = int(np.argmax(mean))
    return int(np.flatnonzero(mean >= mean[best] - error[best])[0])


def fit_each(
    features: Floats, gold: Answers, progress: Progress, texts: Rows | None = None
) -> list[LogisticRegression]:
    """Returns a regression for each of the labels of which a text may have several.

    All have the C that gives the gold labels the highest probability in a cross-validation, the
    same each time. It is raised as long as they become more probable, and each regression starts
    from the one before. A label that no text has, or each, reads no feature.

    Args:
        features: [N, F].
        gold: which labels each row has, [N, C].
        progress: told how far it is.
        texts: the number of each row's text, [N], where some stand in several: no text is both
            seen and held out.
    """
    from sklearn.linear_model import LogisticRegression

    count = gold.shape[1]
    splits = [*_parted(np.arange(len(features)) if texts is None else texts)]
    strength = _most_probable(features, gold, splits, progress)
    fitted = []
    with progress.task("fitting a linear head", count, unit="regressions") as bar:
        for label in range(count):
            machine = LogisticRegression(C=strength, max_iter=_ITERATIONS)
            fit = machine.fit if 0 < gold[:, label].mean() < 1 else partial(_constant, machine)
            fitted.append(fit(features, gold[:, label]))
            bar.advance()
    return fitted


def _parted(texts: Rows) -> Iterator[Split]:
    """Yields the splits of a cross-validation of texts; none where there is one text alone."""
    from sklearn.model_selection import KFold

    count = len(np.unique(texts))
    if count > 1:
        for _, out in KFold(min(PARTS, count), shuffle=True, random_state=0).split(range(count)):
            is_out = np.isin(texts, out)
            yield np.flatnonzero(~is_out), np.flatnonzero(is_out)


def _most_probable(
    features: Floats, gold: Answers, splits: Sequence[Split], progress: Progress
) -> float:
    """Returns the C that gives the gold labels the highest probability; the softest without splits.

    Args:
        features: [N, F].
        gold: which labels each row has, [N, C].
        splits: of the cross-validation.
        progress: told how far it is.
    """
    from sklearn.linear_model import LogisticRegression

    count = gold.shape[1]
    machines = [
        [LogisticRegression(max_iter=_ITERATIONS, warm_start=True) for _ in range(count)]
        for _ in splits
    ]
    best, strength = -np.inf, _STRENGTHS[0]
    for tried in _STRENGTHS if splits else ():
        likelihood = 0.0
        described = f"cross-validating a linear head, C {tried:g}"
        with progress.task(described, len(splits) * count, unit="regressions") as bar:
            for part, (seen, held_out) in zip(machines, splits, strict=True):
                sides = features[seen], features[held_out], gold[seen], gold[held_out]
                likelihood += _likelihood([each.set_params(C=tried) for each in part], sides, bar)
        if likelihood <= best:
            break
        best, strength = likelihood, tried
    return strength


def _constant(
    machine: LogisticRegression, features: Floats, gold: npt.NDArray[np.bool_]
) -> LogisticRegression:
    """Returns the machine with the log odds of the label alone, half a text on either side more."""
    machine.classes_ = np.array([False, True])
    machine.coef_ = np.zeros((1, features.shape[1]))
    machine.intercept_ = np.log([(gold.sum() + 0.5) / ((~gold).sum() + 0.5)])
    return machine


def _likelihood(
    machines: Sequence[LogisticRegression],
    sides: tuple[Floats, Floats, Answers, Answers],
    bar: Bar,
) -> float:
    """Returns how probable the labels of texts are that were not seen: a sum of logarithms.

    Args:
        machines: one for each label; they are fitted.
        sides: features of the texts that are seen and of the others, and the labels of both.
        bar: told of each.
    """
    features, others, gold, wanted = sides
    total = 0.0
    for label, machine in enumerate(machines):
        share = gold[:, label].mean()
        probability = np.full(len(others), share)
        if 0 < share < 1:  # a rare label may be in one part alone
            machine.fit(features, gold[:, label])
            probability = machine.predict_proba(others)[:, 1]
        probability = probability.clip(_LEAST, 1 - _LEAST)
        total += float(np.log(np.where(wanted[:, label], probability, 1 - probability)).sum())
        bar.advance()
    return total
