"""Calibration: by hand, of models that are as sure as they are right, and after a temperature."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax
from sklearn.metrics import log_loss

from kdzoo.statistics import (
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
)
from kdzoo.statistics.calibration import TEMPERATURES
from kdzoo.task import MULTI_LABEL, TASKS, Task


class TestExpectedCalibrationError:
    def test_of_known_confidences_is_known(self) -> None:
        """Two bins: |0.9 - 0.5| of two texts, |0.2 - 1| of one; each weighted by its texts."""
        confidence = np.array([0.85, 0.95, 0.2])
        hits = np.array([True, False, True])

        found = expected_calibration_error(confidence, hits, bins=2)

        assert found == pytest.approx((2 * 0.4 + 0.8) / 3)

    def test_puts_an_edge_into_the_bin_below(self) -> None:
        """As Guo et al. have it: a bin is open below and closed above."""
        confidence, hits = np.array([0.5, 0.4, 0.6]), np.array([True, False, True])

        found = expected_calibration_error(confidence, hits, bins=2)

        assert found == pytest.approx((abs(1 - 0.9) + 0.4) / 3)

    @settings(deadline=None, max_examples=50)
    @given(st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=1, max_size=60))
    def test_is_that_of_a_loop_over_the_bins(self, texts: list[tuple[float, bool]]) -> None:
        confidence = np.array([each for each, _ in texts], dtype=np.float32)
        hits = np.array([hit for _, hit in texts])
        edges = np.linspace(0, 1, 16)
        wanted = 0.0
        for number in range(15):
            inside = (confidence > edges[number]) & (confidence <= edges[number + 1])
            inside |= (confidence == 0) & (number == 0)
            if inside.any():
                gap = abs(hits[inside].mean() - confidence[inside].astype(float).mean())
                wanted += inside.mean() * gap

        assert expected_calibration_error(confidence, hits) == pytest.approx(wanted, abs=1e-9)

    def test_of_a_calibrated_model_is_small(self) -> None:
        rng = np.random.default_rng(0)
        confidence = rng.uniform(0.3, 1, 20_000)
        hits = rng.random(20_000) < confidence

        assert expected_calibration_error(confidence, hits) < 0.015
        assert expected_calibration_error(np.minimum(confidence + 0.2, 1), hits) > 0.1


class TestNegativeLogLikelihood:
    def test_is_the_mean_over_texts(self) -> None:
        found = negative_log_likelihood(np.log(np.array([0.5, 0.25])))

        assert found == pytest.approx((np.log(2) + np.log(4)) / 2)


class TestTemperature:
    @pytest.mark.parametrize("truth", [0.5, 1.0, 3.0])
    def test_is_found_again(self, truth: float) -> None:
        """Labels drawn from a softmax whose logits were then multiplied."""
        logits, gold = drawn(truth)

        assert fit_temperature(logits, gold) == pytest.approx(truth, rel=0.05)

    def test_leaves_no_other_that_is_better(self) -> None:
        logits, gold = drawn(2.0)
        found = fit_temperature(logits, gold)

        def loss(temperature: float) -> float:
            return float(log_loss(gold, softmax(logits / temperature, axis=1)))

        assert loss(found) <= min(loss(each) for each in np.geomspace(*TEMPERATURES, 50))
        rows = np.arange(len(gold))
        own = negative_log_likelihood(log_softmax(logits / found, axis=1)[rows, gold])
        assert own == pytest.approx(loss(found))

    def test_mends_a_model_that_is_too_sure(self) -> None:
        logits, gold = drawn(3.0)
        temperature = fit_temperature(logits, gold)

        def error(values: np.ndarray) -> float:
            probabilities = softmax(values, axis=1)
            return expected_calibration_error(probabilities.max(1), probabilities.argmax(1) == gold)

        assert error(logits / temperature) < 0.03 < 0.1 < error(logits)

    @pytest.mark.parametrize(("sign", "bound"), [(1, TEMPERATURES[0]), (-1, TEMPERATURES[1])])
    def test_of_many_texts_is_bounded_where_no_temperature_is_the_best(
        self, sign: int, bound: float
    ) -> None:
        """All right, or all wrong: the surer, or the less sure, the better."""
        gold = np.tile(np.arange(4), 4000)
        logits = sign * np.eye(4, dtype=np.float32)[gold] * 0.2

        assert fit_temperature(logits, gold) == pytest.approx(bound, rel=0.01)

    @pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
    def test_of_a_few_texts_that_are_all_right_is_moderate(self, task: Task) -> None:
        """Of any task: so few texts do not say that the model is never wrong."""
        numbers = np.arange(24) % 3
        is_there = numbers[:, np.newaxis] == np.arange(3)  # [N, C]
        logits = np.where(is_there, 3.0, -3.0)
        gold = is_there if task == MULTI_LABEL else numbers
        if task.by_word:
            logits, gold = logits[:, np.newaxis], numbers[:, np.newaxis]

        assert 0.4 < fit_temperature(logits, gold, task) < 1

    @pytest.mark.parametrize("texts", [20, 50, 200, 1000])
    @pytest.mark.parametrize(("labels", "surer"), [(2, 6.0), (10, 9.0), (10, 5.0)])
    def test_does_little_harm_to_a_model_that_is_calibrated(
        self, texts: int, labels: int, surer: float
    ) -> None:
        """Most validations of these two good models hold no error at all."""
        before, after, best = losses(texts, labels, surer, truth=1.0)

        assert before == best
        assert np.mean(after) < 1.1 * before + 0.005
        assert max(after) < 1.25 * before + 0.02

    @pytest.mark.parametrize("texts", [20, 50, 200, 1000])
    @pytest.mark.parametrize("truth", [0.25, 0.5, 2.0, 4.0])
    def test_mends_much_where_much_is_wrong(self, texts: int, truth: float) -> None:
        """From twenty texts on most of what can be mended, from two hundred nearly all."""
        before, after, best = losses(texts, 10, 5.0, truth)

        share = (before - np.mean(after)) / (before - best)
        assert share > (0.95 if texts >= 200 else 0.7)


def losses(texts: int, labels: int, surer: float, truth: float) -> tuple[float, list[float], float]:
    """Returns the loss on fresh texts as it was, of ten fits on so many texts each, and the least.

    Args:
        texts: for each fit.
        labels: how many.
        surer: by how much the logit of a text's most likely label exceeds the others.
        truth: the temperature that calibrates the model.
    """
    rng = np.random.default_rng(0)

    def world(count: int) -> tuple[np.ndarray, np.ndarray]:
        logits = rng.normal(0, 1, (count, labels))
        logits[np.arange(count), rng.integers(0, labels, count)] += surer
        shares = softmax(logits, axis=1)
        return logits * truth, (shares.cumsum(1) > rng.random((count, 1))).argmax(1)

    logits, gold = world(10_000)

    def loss(temperature: float) -> float:
        scaled = log_softmax(logits / temperature, axis=1)
        return negative_log_likelihood(scaled[np.arange(len(gold)), gold])

    return loss(1.0), [loss(fit_temperature(*world(texts))) for _ in range(10)], loss(truth)


def drawn(temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns logits [N, C] that are so many times too large, and gold [N]."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (4000, 6))
    shares = softmax(logits, axis=1)
    gold = (shares.cumsum(1) > rng.random((4000, 1))).argmax(1)
    return (logits * temperature).astype(np.float32), gold
