"""Logistic regressions over vectors: which C they have, and what they find."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold

from kdzoo.progress import Bar, Silent
from kdzoo.teacher import regression
from kdzoo.teacher.regression import PARTS, fit_each


def several(texts: int, noise: float) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Returns features [N, 8] and three labels [N, 3] that follow them, more or less."""
    random = np.random.default_rng(5)
    features = random.normal(size=(texts, 8)).astype(np.float32)
    planes = random.normal(size=(8, 3))
    scores = features @ planes + noise * random.normal(size=(texts, 3))
    return features, scores > np.array([0.0, 1.5, -1.0])


class TestOfOneLabel:
    @pytest.mark.parametrize(
        ("mean", "std", "chosen"),
        [
            ((0.5, 0.7, 0.9, 0.8), (0.1, 0.1, 0.0, 0.1), 2),
            ((0.88, 0.89, 0.9, 0.9), (0.0, 0.0, 0.04, 0.0), 0),
            ((0.80, 0.89, 0.9, 0.9), (0.3, 0.3, 0.04, 0.3), 1),
            ((0.9, 0.9, 0.9, 0.9), (0.0, 0.0, 0.0, 0.0), 0),
        ],
    )
    def test_is_the_softest_that_cross_validation_cannot_tell_from_the_best(
        self, mean: tuple[float, ...], std: tuple[float, ...], chosen: int
    ) -> None:
        """Of four parts; the standard error is the best one's."""
        results = {"mean_test_score": np.array(mean), "std_test_score": np.array(std)}

        assert regression._softest(4, results) == chosen


class TestOfSeveralLabels:
    @pytest.mark.parametrize("noise", [0.01, 0.3, 3.0])
    def test_have_the_c_under_which_labels_not_seen_are_most_probable(self, noise: float) -> None:
        """As a search through all of them finds it, each fitted from nothing."""
        features, gold = several(150, noise)
        splits = list(KFold(PARTS, shuffle=True, random_state=0).split(features))
        surprise = {
            strength: np.mean(
                [
                    log_loss(
                        gold[held_out, label],
                        LogisticRegression(C=strength, max_iter=500)
                        .fit(features[seen], gold[seen, label])
                        .predict_proba(features[held_out])[:, 1],
                    )
                    for label in range(3)
                    for seen, held_out in splits
                ]
            )
            for strength in regression._STRENGTHS
        }

        found = fit_each(features, gold, Silent())

        assert {machine.C for machine in found} == {min(surprise, key=surprise.__getitem__)}
        for label, machine in enumerate(found):
            wanted = LogisticRegression(C=machine.C, max_iter=500).fit(features, gold[:, label])
            np.testing.assert_allclose(machine.coef_, wanted.coef_, rtol=1e-3, atol=1e-3)

    def test_may_stand_in_one_part_alone(self) -> None:
        """A label of two texts: none of them is seen where both are held out."""
        features, gold = several(90, 0.3)
        gold[:, 2] = False
        _, held_out = next(iter(KFold(PARTS, shuffle=True, random_state=0).split(features)))
        gold[held_out[:2], 2] = True

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = fit_each(features, gold, Silent())

        assert [machine.classes_.tolist() for machine in found] == [[False, True]] * 3

    @pytest.mark.parametrize("texts", [0, 1, 89, 90])
    def test_may_stand_at_any_number_of_texts(self, texts: int) -> None:
        """One text is learnt from; a label of none is never given, and one of all always."""
        features, gold = several(90, 0.3)
        gold[:, 2] = np.arange(90) < texts

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = fit_each(features, gold, Silent())[2]

        given = features @ found.coef_[0] + found.intercept_[0] > 0
        if texts in (0, 90):
            assert set(given) == {texts == 90}
            assert not found.coef_.any()
        else:
            assert found.coef_.any()
            scores = features @ found.coef_[0]
            assert np.median(scores[gold[:, 2]]) > np.median(scores[~gold[:, 2]])

    @pytest.mark.parametrize("texts", [2, 3])
    def test_are_fitted_to_a_few_texts(self, texts: int) -> None:
        features, gold = several(90, 0.3)
        gold[:texts, 2] = np.arange(texts) < 1

        found = fit_each(features[:texts], gold[:texts], Silent())

        assert len(found) == 3

    def test_tell_how_far_they_are(self) -> None:
        """From the first regression to the last, so that an hour shows its end."""
        told: list[list[Any]] = []

        class Told(Silent):
            @contextmanager
            def task(self, description: str, total: int, *_: Any, **__: Any) -> Iterator[Bar]:
                count: list[Any] = [description, total, 0]
                told.append(count)

                class Counted:
                    def advance(self, steps: int = 1, note: str = "") -> None:
                        count[2] += steps

                yield Counted()

        fit_each(*several(90, 0.3), Told())

        assert {(total, done) for _, total, done in told[:-1]} == {(3 * PARTS, 3 * PARTS)}
        assert told[-1] == ["fitting a linear head", 3, 3]
