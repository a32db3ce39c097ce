"""How sure a model is of its answer to a text, by its logits: what a cascade decides by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp, softmax

SurenessName = Literal["confidence", "margin", "energy", "in_scope"]
Values = npt.NDArray[np.float64]


def sureness(
    name: SurenessName,
    logits: npt.NDArray[np.floating[Any]],
    temperature: float,
    oos: int | None = None,
) -> Values:
    """Returns how sure a model is of each answer, the higher the surer, [N].

    Of the logits divided by the temperature that calibrates them: ``confidence`` is the highest
    probability; ``margin`` how far the second highest lies behind it; ``energy`` log Σ exp of them
    (Liu et al., 2020); ``in_scope`` the highest probability of a label that is in scope.

    Args:
        name: which of them.
        logits: of the texts, [N, C].
        temperature: fitted on validation.
        oos: the id of the out-of-scope label, which ``in_scope`` leaves out.
    """
    return _SURENESS[name](logits.astype(np.float64) / temperature, oos)


def _confidence(logits: Values, _: int | None) -> Values:
    highest: Values = softmax(logits, axis=1).max(1)
    return highest


def _margin(logits: Values, _: int | None) -> Values:
    ordered = np.sort(softmax(logits, axis=1), axis=1)
    if ordered.shape[1] == 1:
        return np.ones(len(ordered))
    margin: Values = ordered[:, -1] - ordered[:, -2]
    return margin


def _energy(logits: Values, _: int | None) -> Values:
    energy: Values = logsumexp(logits, axis=1)
    return energy


def _in_scope(logits: Values, oos: int | None) -> Values:
    probabilities = softmax(logits, axis=1)
    if oos is not None and logits.shape[1] > 1:
        probabilities = np.delete(probabilities, oos, axis=1)
    highest: Values = probabilities.max(1)
    return highest


_SURENESS: dict[SurenessName, Callable[[Values, int | None], Values]] = {
    "confidence": _confidence,
    "margin": _margin,
    "energy": _energy,
    "in_scope": _in_scope,
}
