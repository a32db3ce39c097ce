"""Whether a model is as sure as it is right, and the temperature that makes it so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from kdzoo.statistics.outcomes import Outcomes
from kdzoo.task import SINGLE_LABEL, Answers, Task

Values = npt.NDArray[np.floating[Any]]

BINS = 15  # as in Guo et al., 2017
TEMPERATURES = (0.05, 20.0)  # lowest and highest that are tried
SPREAD = 0.5  # standard deviation of log T before anything is seen: mostly within a factor of 1.6


@dataclass(frozen=True)
class Calibration:
    """How far the probabilities of a row's models can be believed; means over seeds.

    Attributes:
        error: expected calibration error, 0 to 1.
        log_loss: mean negative log-likelihood, in nats.
        brier: mean of Σ (p - y)² over the classes, 0 to 2 (Brier, 1950); None where not known.
        scaled_error: expected calibration error at the temperature that was fitted on validation;
            None where there was none.
        scaled_log_loss: mean negative log-likelihood at that temperature.
    """

    error: float
    log_loss: float
    brier: float | None
    scaled_error: float | None
    scaled_log_loss: float | None


def calibration(own: Outcomes) -> Calibration:
    """Returns how far the probabilities of a row's models can be believed."""
    is_scaled = not np.isnan(own.calibrated_confidence).any()
    brier = float(own.brier.mean(dtype=np.float64))
    return Calibration(
        error=_mean_error(own.confidence, own.hits),
        log_loss=negative_log_likelihood(own.gold_log_probability),
        brier=None if np.isnan(brier) else brier,
        scaled_error=_mean_error(own.calibrated_confidence, own.hits) if is_scaled else None,
        scaled_log_loss=negative_log_likelihood(own.calibrated_gold_log_probability)
        if is_scaled
        else None,
    )


def _mean_error(confidence: Values, hits: npt.NDArray[np.bool_]) -> float:
    pairs = zip(confidence, hits, strict=True)
    return float(np.mean([expected_calibration_error(*pair) for pair in pairs]))


def expected_calibration_error(
    confidence: Values, hits: npt.NDArray[np.bool_], bins: int = BINS
) -> float:
    """Returns by how much confidence and accuracy differ, 0 to 1 (Guo et al., 2017).

    Texts fall into bins of equal width by their confidence; the differences between the bins' mean
    confidence and accuracy are averaged, weighted by their texts. Neither scikit-learn nor scipy
    has it.

    Args:
        confidence: probability of the predicted label, [N], at least one.
        hits: whether it is the right one, [N].
        bins: how many.
    """
    edges = np.linspace(0, 1, bins + 1)
    numbers = np.digitize(confidence, edges[1:-1], right=True)  # a bin holds its upper edge
    # n_b / N * |accuracy - confidence| of a bin is the sum of its texts' differences over N
    differences: npt.NDArray[np.float64] = hits - confidence.astype(np.float64)
    sums = np.bincount(numbers, weights=differences, minlength=bins)
    return float(np.abs(sums).sum() / len(confidence))


def negative_log_likelihood(gold_log_probability: Values) -> float:
    """Returns the mean of −log p(gold), in nats; of any shape, at least one."""
    return -float(gold_log_probability.mean(dtype=np.float64))


def fit_temperature(logits: Values, gold: Answers, task: Task = SINGLE_LABEL) -> float:
    """Returns the temperature T by which logits are divided to be calibrated (Guo et al., 2017).

    It changes no label. It is the most probable one where log T is taken to be normal about 0 with
    a deviation of ``SPREAD``. Many texts outweigh that. Few texts of a good model hold no error,
    and their likelihood alone would say that it can never be too sure: then a single error among
    others costs more than all that was gained. It lies within ``TEMPERATURES``.

    Args:
        logits: of validation texts, [N, C], at least one text.
        gold: answers, of as many texts.
        task: what the data asks.
    """
    wide = logits.astype(np.float64)

    def loss(log_temperature: float) -> float:
        scaled = wide / np.exp(log_temperature)  # [N, C]
        unlikely = (log_temperature / SPREAD) ** 2 / 2
        return negative_log_likelihood(task.log_probability(scaled, gold)) + unlikely / len(wide)

    low, high = np.log(TEMPERATURES)
    found: Any = minimize_scalar(loss, bounds=(low, high), method="bounded")
    return float(np.exp(found.x))
