"""Accuracy on parts of the texts: short and long ones, common and rare words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kdzoo.statistics.interval import Hits

Numbers = npt.NDArray[np.floating[Any]] | npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Slice:
    """Texts of which a number lies within bounds.

    Attributes:
        least: the lowest number in it.
        most: the highest number in it.
        texts: how many there are.
        accuracy: on them, mean over seeds.
    """

    least: int
    most: int
    texts: int
    accuracy: float


def by_quartile(hits: Hits, numbers: Numbers) -> tuple[Slice, ...]:
    """Returns the slices between the quartiles of the numbers: up to four of like size.

    Args:
        hits: [S, N].
        numbers: of each text, [N], at least one.
    """
    quartiles = np.quantile(numbers, [0.25, 0.5, 0.75], method="lower")
    return by_bounds(hits, numbers, [int(quartile) for quartile in quartiles])


def by_bounds(hits: Hits, numbers: Numbers, bounds: Sequence[int]) -> tuple[Slice, ...]:
    """Returns the slices that have texts, the lowest numbers first.

    Args:
        hits: [S, N].
        numbers: of each text, [N].
        bounds: the highest number of each slice but the last, rising.
    """
    place = np.searchsorted(np.unique(bounds), numbers)  # [N]
    found = []
    for slice_id in np.unique(place):
        inside = place == slice_id
        found.append(
            Slice(
                least=int(numbers[inside].min()),
                most=int(numbers[inside].max()),
                texts=int(inside.sum()),
                accuracy=float(hits[:, inside].mean()),
            )
        )
    return tuple(found)
