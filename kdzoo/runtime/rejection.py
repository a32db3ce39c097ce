"""How likely a text is out of scope, by its logits; and the answer that follows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp, softmax

from kdzoo.runtime.decision import ScoreName
from kdzoo.task.protocol import AnyLogits

Values = npt.NDArray[np.float64]


def oos_scores(name: ScoreName, logits: AnyLogits, oos: int) -> Values:
    """Returns how likely each text is out of scope, the higher the likelier, [N].

    ``oos_probability`` is the probability of the out-of-scope label; ``odds`` is the logarithm of
    how much more probable it is than the best other label; ``max_in_scope`` is 1 - the probability
    of the best other label (Hendrycks and Gimpel, 2017); ``margin`` is 1 - how far the
    second of the others lies behind the first; ``energy`` is -log Σ exp of the others' logits (Liu
    et al., 2020).

    Args:
        name: which of them.
        logits: as they are, at temperature 1, [N, C].
        oos: the id of the out-of-scope label.
    """
    return _SCORES[name](np.asarray(logits, dtype=np.float64), oos)


def decided(logits: AnyLogits, is_out: npt.NDArray[np.bool_], oos: int) -> npt.NDArray[np.int64]:
    """Returns the label that each text gets: out of scope where it is, else the best other, [N].

    Args:
        logits: [N, C].
        is_out: whether a text's score reaches the threshold, [N].
        oos: the id of the out-of-scope label.
    """
    best = _others(np.asarray(logits, dtype=np.float64), oos, -np.inf).argmax(1)
    return np.where(is_out, oos, best)


def _others(values: Values, oos: int, nothing: float) -> Values:
    """Returns the labels' values with nothing in the place of the out-of-scope one, [N, C]."""
    others = values.copy()
    others[:, oos] = nothing
    return others


def _oos_probability(logits: Values, oos: int) -> Values:
    probabilities: Values = softmax(logits, axis=1)[:, oos]
    return probabilities


def _odds(logits: Values, oos: int) -> Values:
    odds: Values = logits[:, oos] - _others(logits, oos, -np.inf).max(1)
    return odds


def _max_in_scope(logits: Values, oos: int) -> Values:
    best: Values = _others(softmax(logits, axis=1), oos, 0.0).max(1)
    return 1 - best


def _margin(logits: Values, oos: int) -> Values:
    ordered = np.sort(_others(softmax(logits, axis=1), oos, 0.0), axis=1)
    margin: Values = 1 - (ordered[:, -1] - ordered[:, -2])
    return margin


def _energy(logits: Values, oos: int) -> Values:
    energy: Values = -logsumexp(_others(logits, oos, -np.inf), axis=1)
    return energy


_SCORES: dict[ScoreName, Callable[[Values, int], Values]] = {
    "oos_probability": _oos_probability,
    "odds": _odds,
    "max_in_scope": _max_in_scope,
    "margin": _margin,
    "energy": _energy,
}
