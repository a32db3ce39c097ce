"""What stands in a file of outputs -> logits: numbers checked, probabilities and labels turned."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from kdzoo.errors import did_you_mean

FLOOR = 1e-6  # the smallest probability: its logarithm is finite
SUM_TOLERANCE = 0.05  # of a row's probabilities, which people and APIs round
_ROUNDING = 1e-6
_LARGEST = float(np.finfo(np.float16).max)  # logits are kept in float16

Mistakes = list[tuple[int, str]]  # row, and what is wrong with it


def cell_values(cell: Any, kind: str, positions: Mapping[str, int], *, named: bool) -> Any:
    """Returns a cell as a list of numbers in the order of ``positions``, or a label as its id.

    Raises:
        ValueError: the cell is neither; the message says why.
    """
    if kind == "label":
        if isinstance(cell, list | tuple | dict):
            raise ValueError("the label is a list; wanted one label's name")
        name = cell.decode() if isinstance(cell, bytes) else str(cell)
        return positions[_known(name.strip(), positions)]
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except json.JSONDecodeError as error:
            raise ValueError(f"'{kind}' is not JSON: {error.msg}") from None
        except RecursionError:
            raise ValueError(f"'{kind}' holds too many brackets within each other") from None
    if not isinstance(cell, Mapping if named else list):
        shape = "a mapping of labels to numbers" if named else "a list of numbers"
        raise ValueError(f"'{kind}' is no {shape.removeprefix('a ')}; the first row holds {shape}")
    numbers: list[Any] = _by_name(cell, kind, positions) if named else list(cell)
    if len(numbers) != len(positions):
        raise ValueError(f"{len(numbers)} {kind}, wanted {len(positions)}, one for each label")
    if not {*map(type, numbers)} <= {int, float}:
        raise ValueError(f"'{kind}' holds something that is no number")
    if any(isinstance(number, int) and abs(number) > sys.float_info.max for number in numbers):
        raise ValueError(f"'{kind}' holds a number that is too large")
    return numbers


def _known(name: str, positions: Mapping[str, int]) -> str:
    if name not in positions:
        raise ValueError(f"unknown label '{name}'; {did_you_mean(name, positions)}")
    return name


def _by_name(cell: Any, kind: str, positions: Mapping[str, int]) -> list[Any]:
    given = {_known(name, positions): number for name, number in cell.items() if number is not None}
    lacking = [name for name in positions if name not in given]
    if lacking and kind == "logits":
        raise ValueError(f"no logit of '{lacking[0]}'; only probabilities may be left out")
    return [given.get(name, 0.0) for name in positions]


def logits_of_logits(values: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float32], Mistakes]:
    """Returns logits [N, C] as they are, and the rows that cannot be kept in float16."""
    with np.errstate(invalid="ignore"):
        bad = ~(np.abs(values) <= _LARGEST).all(1)
    what = f"logits that are no finite numbers, or lie beyond {_LARGEST:,.0f}"
    return values.astype(np.float32), [(int(row), what) for row in np.flatnonzero(bad)]


def logits_of_probabilities(
    values: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float32], Mistakes]:
    """Returns the logarithms of probabilities [N, C], and the rows that are no distribution.

    What does not quite sum to one is normalised; what is below ``FLOOR`` is raised to it.
    """
    with np.errstate(invalid="ignore"):
        outside = ~((values >= -_ROUNDING) & (values <= 1 + _ROUNDING)).all(1)
        sums = values.sum(1)
        uneven = ~outside & ~(np.abs(sums - 1) <= SUM_TOLERANCE)
    mistakes = [(int(row), "probabilities outside [0, 1]") for row in np.flatnonzero(outside)]
    mistakes += [
        (int(row), f"probabilities sum to {sums[row]:.3g}, wanted 1")
        for row in np.flatnonzero(uneven)
    ]
    if mistakes:
        return np.empty((0, values.shape[1]), dtype=np.float32), sorted(mistakes)
    floored = np.maximum(values / sums[:, None], FLOOR)  # [N, C]
    return np.log(floored).astype(np.float32), []


def logits_of_each(
    values: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float32], Mistakes]:
    """Returns the logits of probabilities [N, C] that are each by themselves; mistaken rows beside.

    Where a text may have several labels, they sum to anything. What is nearer than ``FLOOR`` to 0
    or 1 is moved away from it.
    """
    with np.errstate(invalid="ignore"):
        outside = ~((values >= -_ROUNDING) & (values <= 1 + _ROUNDING)).all(1)
    mistakes = [(int(row), "probabilities outside [0, 1]") for row in np.flatnonzero(outside)]
    if mistakes:
        return np.empty((0, values.shape[1]), dtype=np.float32), mistakes
    inside = np.clip(values, FLOOR, 1 - FLOOR)
    return np.log(inside / (1 - inside)).astype(np.float32), []


def logits_of_labels(
    ids: npt.NDArray[np.int64], labels: int, smoothing: float
) -> npt.NDArray[np.float32]:
    """Returns smoothed targets [N, C]: the label has 1 - smoothing, the others share the rest."""
    logits = np.full((len(ids), labels), np.log(smoothing / (labels - 1)), dtype=np.float32)
    logits[np.arange(len(ids)), ids] = np.log(1 - smoothing)
    return logits
