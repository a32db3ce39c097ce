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
from sklearn.model_selection import KFold, StratifiedKFold

from kdzoo.progress import Bar, Silent
from kdzoo.teacher import regression
from kdzoo.teacher.regression import PARTS, fit_each, fit_one


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


def noisy(copies: int, labels: int = 5) -> tuple[Any, Any, Any]:
    """Returns features [N, 64], wrong labels among theirs [N], and texts [N] in several copies."""
    random = np.random.default_rng(3)
    features = random.normal(size=(300, 64)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    gold = (features @ random.normal(size=(64, labels))).argmax(1)
    gold = np.where(random.random(300) < 0.3, random.integers(0, labels, 300), gold)
    rows = random.permutation(np.repeat(np.arange(300), copies))
    return features[rows], gold[rows], np.unique(rows, return_inverse=True)[1]


class TestOfCopies:
    def test_c_is_chosen_by_texts_that_were_not_seen(self) -> None:
        """Copies in the parts that are seen reward learning them by heart."""
        features, gold, texts = noisy(3)
        once = np.unique(texts, return_index=True)[1]

        assert fit_one(features, gold).C > fit_one(features, gold, texts).C
        assert fit_one(features, gold, texts).C == fit_one(features[once], gold[once]).C

    def test_c_of_several_labels_is_too(self) -> None:
        features, gold, texts = noisy(3)
        answers = gold[:, None] == np.arange(5)

        by_text, by_row = (fit_each(features, answers, Silent(), own)[0].C for own in (texts, None))

        assert by_text < by_row

    def test_no_text_is_both_seen_and_held_out(self) -> None:
        _, gold, texts = noisy(4)

        parts = regression._stratified(gold, texts)

        assert len(parts) == PARTS
        for seen, held_out in parts:
            assert not {*texts[seen]} & {*texts[held_out]}
            assert sorted([*seen, *held_out]) == [*range(len(gold))]
            assert {*gold[seen]} == {*gold[held_out]} == {*range(5)}

    def test_without_any_parts_are_scikit_learns(self) -> None:
        """Heads that were fitted before are those that would be now."""
        _, gold, _ = noisy(1)
        wanted = StratifiedKFold(PARTS, shuffle=True, random_state=0).split(gold, gold)

        for own, parts in zip(regression._stratified(gold, np.arange(300)), wanted, strict=True):
            assert [side.tolist() for side in own] == [side.tolist() for side in parts]

    @pytest.mark.parametrize("labels", [2, 5])
    def test_a_label_of_one_text_is_always_seen(self, labels: int) -> None:
        """Where all its copies are held out, nobody could tell it."""
        features, gold, texts = noisy(2, labels)
        gold[gold == 1] = 0
        gold[texts == 7] = 1

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = fit_one(features, gold, texts)

        assert 1 in found.classes_
        for seen, held_out in regression._stratified(gold, texts):
            assert 1 in gold[seen]
            assert 1 not in gold[held_out]

    @pytest.mark.parametrize("texts", [[0, 0, 1, 1], [0, 0, 0, 0], [0, 1, 1, 0]])
    def test_with_one_text_a_label_the_softest_c_is_taken(self, texts: list[int]) -> None:
        """There is nothing to choose it by."""
        features, gold, own = np.eye(4, dtype=np.float32), np.array([0, 0, 1, 1]), np.array(texts)

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = (
                fit_one(features, gold, own),
                *fit_each(features, gold[:, None] == 1, Silent(), own),
            )

        assert min(regression._STRENGTHS) == found[0].C
        assert {*found[0].classes_} == {0, 1}
        assert len(found) == 2


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
